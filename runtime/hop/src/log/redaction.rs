//! The redaction of URLs in a text: values of chosen parameters of their queries.

use std::borrow::Cow;

/// Stands for a value that is left out.
const REDACTED: &str = "***";
/// The name that stands for all parameters.
const ALL: &str = "*";

/// The parameters of queries whose values no log and no trace shows.
#[derive(Debug, Default)]
pub struct Redaction(Vec<String>);

impl Redaction {
    /// Redacts the parameters of these names; `*` stands for all.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Returns the text with `***` in the place of the values. A value begins behind `?name=` or `&name=`, and ends as in a
    /// URL within a text.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.is_empty() {
            return text.into();
        }
        let mut redacted = String::new();
        // The beginning of the part that is not copied yet.
        let mut copied = 0;
        let mut from = 0;
        while let Some(name) = find(text, from, |c| matches!(c, '?' | '&')).map(|at| at + 1) {
            from = name;
            let Some(equals) = find(text, name, |c| c == '=' || ends(c)) else {
                break;
            };
            let (Some(found), Some('=')) = (text.get(name..equals), char_at(text, equals)) else {
                continue;
            };
            if !self.has(found) {
                continue;
            }
            let value = equals + 1;
            let end = find(text, value, ends).unwrap_or(text.len());
            redacted.push_str(text.get(copied..value).unwrap_or_default());
            redacted.push_str(REDACTED);
            (copied, from) = (end, end);
        }
        if copied == 0 {
            return text.into();
        }
        redacted.push_str(text.get(copied..).unwrap_or_default());
        redacted.into()
    }

    /// Returns whether a parameter's name, as it stands in a URL, is one of the names.
    fn has(&self, name: &str) -> bool {
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        self.0.iter().any(|known| known == ALL || *known == name)
    }
}

/// Returns whether the character ends a parameter: it begins the next one or the fragment, or no URL that a client can
/// send has it. A quotation mark behind a URL in a text may therefore be left out with a value.
fn ends(c: char) -> bool {
    matches!(c, '&' | '#' | '"' | '<' | '>') || c.is_whitespace()
}

fn find(text: &str, from: usize, wanted: impl Fn(char) -> bool) -> Option<usize> {
    let at = text.get(from..)?.find(wanted)?;
    Some(from + at)
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

#[cfg(test)]
mod tests {
    use super::Redaction;

    #[test]
    fn the_values_of_the_named_parameters_are_left_out() {
        let redaction = Redaction::new(["token".into(), "a b".into(), "é".into()]);
        for (text, expected) in [
            ("GET /x?token=abc 200", "GET /x?token=*** 200"),
            ("/x?a=1&token=abc&b=2", "/x?a=1&token=***&b=2"),
            ("/x?token=a?b=c#d", "/x?token=***#d"),
            ("/x?token=", "/x?token=***"),
            ("/x?%74oken=abc", "/x?%74oken=***"),
            ("/x?a%20b=c", "/x?a%20b=***"),
            ("/x?é=ü ü", "/x?é=*** ü"),
            ("\"/?token=a\"", "\"/?token=***\""),
            ("/?token=ab'c`d\\e\u{7f}f&b=1", "/?token=***&b=1"),
            ("`/?token=a` b", "`/?token=*** b"),
            ("/x?tokens=abc&Token=d&token", "/x?tokens=abc&Token=d&token"),
            ("token=abc", "token=abc"),
            ("??token=a", "??token=***"),
            ("what? token=a", "what? token=a"),
            ("?", "?"),
            ("", ""),
        ] {
            assert_eq!(redaction.redact(text), expected);
        }
    }

    #[test]
    fn a_star_leaves_out_all_values_and_nothing_leaves_out_none() {
        let text = "/x?a=1&b=2 /y?c=3";
        let all = Redaction::new(["*".into()]);
        assert_eq!(all.redact(text), "/x?a=***&b=*** /y?c=***");
        assert_eq!(Redaction::default().redact(text), text);
    }
}
