//! The lines of a `.dev.vars` or `.env` file: `NAME=value`, quoted or not, with comments.
//!
//! A line that the usual parser of these files would silently read in another way than it looks is an error here. No
//! error repeats text of the file, because it is secret.

use std::fmt;

/// One assignment.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) value: String,
    /// The line, counted from 1.
    pub(super) line: usize,
    /// Whether the value looks as if it named another variable: `$NAME` or `${NAME}`.
    pub(super) has_reference: bool,
}

/// The error of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DotenvError {
    /// It has no name and no `=`.
    NoAssignment,
    /// A quote is not closed.
    OpenQuote,
    /// Something other than a comment follows a closing quote.
    AfterQuote,
    /// It holds a NUL.
    Nul,
}

impl fmt::Display for DotenvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAssignment => {
                "this line must be NAME=value, with a name of letters, digits, `_`, `.` and `-`"
            }
            Self::OpenQuote => "the value that begins on this line has a quote that is not closed",
            Self::AfterQuote => "only a comment may follow the closing quote of this line's value",
            Self::Nul => "the value that begins on this line holds a NUL",
        })
    }
}

/// Parses the entries of a text in their order. An error has the number of its line.
pub(super) fn entries(text: &str) -> Vec<Result<Entry<'_>, (usize, DotenvError)>> {
    let mut entries = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (first, _) = split_line(rest);
        let trimmed = first.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            rest = split_line(rest).1;
            line += 1;
            continue;
        }
        match entry(rest, line) {
            Ok((entry, after)) => {
                let parsed = rest.get(..rest.len() - after.len()).unwrap_or_default();
                line += parsed.matches('\n').count();
                entries.push(Ok(entry));
                rest = after;
            }
            Err(error) => {
                entries.push(Err((line, error)));
                rest = split_line(rest).1;
                line += 1;
            }
        }
    }
    entries
}

/// Parses the entry at the beginning of a text. Returns it with the text after its last line.
fn entry(text: &str, line: usize) -> Result<(Entry<'_>, &str), DotenvError> {
    let start = text.trim_start();
    let bare = start.strip_prefix("export").and_then(|rest| {
        rest.starts_with([' ', '\t'])
            .then(|| rest.trim_start_matches([' ', '\t']))
    });
    let start = bare.unwrap_or(start);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let after_name = start.trim_start_matches(is_name);
    let name = start
        .get(..start.len() - after_name.len())
        .unwrap_or_default();
    let spaces = [' ', '\t'];
    let after_sign = match after_name.trim_start_matches(spaces).strip_prefix('=') {
        Some(rest) => rest,
        None => after_name
            .strip_prefix(':')
            .filter(|rest| rest.starts_with(spaces))
            .ok_or(DotenvError::NoAssignment)?,
    };
    if name.is_empty() {
        return Err(DotenvError::NoAssignment);
    }
    let (value, rest) = value(after_sign.trim_start_matches(spaces))?;
    if value.contains('\0') {
        return Err(DotenvError::Nul);
    }
    let has_reference = value.split('$').skip(1).any(|after| {
        after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{'))
    });
    let entry = Entry {
        name,
        value,
        line,
        has_reference,
    };
    Ok((entry, rest))
}

/// Parses a value. Returns it with the text after its last line.
fn value(text: &str) -> Result<(String, &str), DotenvError> {
    let Some(quote) = text
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))
    else {
        let (line, rest) = split_line(text);
        let value = line.split('#').next().unwrap_or_default().trim();
        return Ok((value.to_owned(), rest));
    };
    let inner = text.get(1..).unwrap_or_default();
    let end = closing(inner, quote).ok_or(DotenvError::OpenQuote)?;
    let quoted = inner.get(..end).unwrap_or_default();
    let (tail, rest) = split_line(inner.get(end + 1..).unwrap_or_default());
    let tail = tail.trim();
    if !tail.is_empty() && !tail.starts_with('#') {
        return Err(DotenvError::AfterQuote);
    }
    let value = match quote {
        '"' => quoted.replace("\\n", "\n").replace("\\r", "\r"),
        _ => quoted.to_owned(),
    };
    Ok((value, rest))
}

/// The offset of the closing quote. A quote after a backslash does not close.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !escaped => escaped = true,
            _ if c == quote && !escaped => return Some(at),
            _ => escaped = false,
        }
    }
    None
}

fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::{DotenvError, entries};

    /// Name, value and line, or line and error.
    type Read = Result<(String, String, usize), (usize, DotenvError)>;

    fn read(text: &str) -> Vec<Read> {
        let read = entries(text).into_iter();
        read.map(|entry| entry.map(|entry| (entry.name.into(), entry.value, entry.line)))
            .collect()
    }

    #[test]
    fn values_are_unquoted_and_trimmed() {
        for (text, value) in [
            ("A=1", "1"),
            ("  export A = 1  # one", "1"),
            ("A: 1", "1"),
            ("A=", ""),
            ("A=a b=c", "a b=c"),
            ("A=p@ss'word", "p@ss'word"),
            ("A='a # b'", "a # b"),
            ("A=\"a\\nb\"", "a\nb"),
            ("A='a\\nb'", "a\\nb"),
            ("A=`a\"b'c` # x", "a\"b'c"),
            ("A=\"two\nlines\"", "two\nlines"),
            ("A='it\\'s'", "it\\'s"),
            ("A=$HOME", "$HOME"),
            ("A=1\r", "1"),
            ("A=a#b", "a"),
        ] {
            assert_eq!(read(text), [Ok(("A".into(), value.into(), 1))], "{text:?}");
        }
    }

    #[test]
    fn lines_are_counted_through_comments_and_values_of_several_lines() {
        let text = "# head\n\nA='1\n2'\nB=2\n";
        assert_eq!(
            read(text),
            [
                Ok(("A".into(), "1\n2".into(), 3)),
                Ok(("B".into(), "2".into(), 5))
            ]
        );
    }

    #[test]
    fn a_malformed_line_is_reported_by_its_number_and_the_rest_is_read() {
        for (line, error) in [
            ("just words", DotenvError::NoAssignment),
            ("=value", DotenvError::NoAssignment),
            ("A B=1", DotenvError::NoAssignment),
            ("A='open", DotenvError::OpenQuote),
            ("A=\"a\"b", DotenvError::AfterQuote),
            ("A=a\0b", DotenvError::Nul),
        ] {
            let text = format!("OK=1\n{line}\nLAST=2");
            let read = read(&text);
            assert_eq!(read.get(1), Some(&Err((2, error))), "{line:?}");
            assert_eq!(read.len(), 3, "{line:?}");
        }
    }
}
