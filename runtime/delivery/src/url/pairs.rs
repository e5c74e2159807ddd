//! The options' text to pairs: split at commas, then decoded, the first of a name counts.

use percent_encoding::percent_decode_str;

use crate::failure::{Code, Failure};

/// Longest text of options, in bytes.
const OPTIONS_BYTES: usize = 4_096;
/// Most options.
const OPTIONS: usize = 64;

/// Short names, and the long ones that they stand for.
const ALIASES: &[(&str, &str)] = &[
    ("w", "width"),
    ("h", "height"),
    ("g", "gravity"),
    ("q", "quality"),
    ("f", "format"),
    ("face-zoom", "zoom"),
    ("scq", "slow-connection-quality"),
];

/// Options by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    pairs: Vec<(String, String)>,
    warnings: Vec<String>,
}

impl Pairs {
    /// Reads `width=80,quality=75`.
    ///
    /// # Errors
    /// When an option is not `key=value`, is no text, or there are too many.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let bad = |text: String| Failure::new(Code::BadOptions, text);
        if text.len() > OPTIONS_BYTES {
            return Err(bad(format!(
                "the options are longer than {OPTIONS_BYTES} bytes"
            )));
        }
        if text.split(',').count() > OPTIONS {
            return Err(bad(format!("there are more than {OPTIONS} options")));
        }
        let mut full: Vec<(String, String)> = Vec::new();
        let mut short = Vec::new();
        for option in text.split(',').filter(|option| !option.is_empty()) {
            let (key, value) = option
                .split_once('=')
                .ok_or_else(|| bad(format!("the option {option} must be key=value")))?;
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| bad(format!("the value of {key} is not UTF-8")))?
                .into_owned();
            match ALIASES.iter().find(|(alias, _)| *alias == key) {
                Some((_, name)) => short.push(((*name).to_owned(), value)),
                None => full.push((key.to_owned(), value)),
            }
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        // A full name goes before its alias, wherever they stand.
        for (key, value) in full.into_iter().chain(short) {
            if !pairs.iter().any(|(known, _)| *known == key) {
                pairs.push((key, value));
            }
        }
        match pairs.is_empty() {
            true => Err(bad("there are no options".into())),
            false => Ok(Self {
                pairs,
                warnings: Vec::new(),
            }),
        }
    }

    /// Takes the value of an option.
    pub fn take(&mut self, key: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(known, _)| known == key)?;
        Some(self.pairs.remove(at).1)
    }

    /// Takes the option if its value is of a kind: whether it was.
    pub fn take_if(&mut self, key: &str, is_meant: impl Fn(&str) -> bool) -> bool {
        let found = self
            .pairs
            .iter()
            .any(|(known, value)| known == key && is_meant(value));
        if found {
            self.take(key);
        }
        found
    }

    /// Takes a number. One that is not is as good as absent, with a warning.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        let text = self.take(key)?;
        let number = number(&text);
        if number.is_none() {
            self.warn(format!("{key} is not a number and was ignored"));
        }
        number
    }

    /// Says that something was done otherwise than asked.
    pub fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// The warnings, and one for each option that nobody took.
    pub fn finish(mut self) -> Vec<String> {
        for (key, _) in std::mem::take(&mut self.pairs) {
            let key: String = key.chars().take(32).collect();
            self.warn(format!("the option {key} is unknown and was ignored"));
        }
        self.warnings
    }
}

/// A finite number in digits: what other languages read as one, such as `inf`, is none here.
pub fn number(text: &str) -> Option<f64> {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let number: f64 = text.parse().ok()?;
    (text.chars().all(digits) && number.is_finite()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::Pairs;

    fn taken(text: &str, key: &str) -> Option<String> {
        Pairs::read(text).unwrap().take(key)
    }

    #[test]
    fn the_first_of_a_name_counts_and_a_full_name_before_its_alias() {
        assert_eq!(taken("width=1,width=2", "width").as_deref(), Some("1"));
        assert_eq!(taken("w=1,width=2", "width").as_deref(), Some("2"));
        assert_eq!(taken("w=1,w=2", "width").as_deref(), Some("1"));
        assert_eq!(taken("face-zoom=0.5", "zoom").as_deref(), Some("0.5"));
        assert_eq!(
            taken("scq=50", "slow-connection-quality").as_deref(),
            Some("50")
        );
    }

    #[test]
    fn values_are_decoded_after_the_split() {
        let text = "background=rgb%28255%2C0%2C0%29,width=5";
        assert_eq!(taken(text, "background").as_deref(), Some("rgb(255,0,0)"));
        assert_eq!(taken("trim=1;2;3;4", "trim").as_deref(), Some("1;2;3;4"));
        assert_eq!(
            taken("background=%2523fff", "background").as_deref(),
            Some("%23fff")
        );
    }

    #[test]
    fn what_is_not_a_pair_or_too_much_is_refused() {
        let many = vec!["a=b"; 65].join(",");
        let long = format!("a={}", "b".repeat(5_000));
        for text in ["width", "", ",", "a=%ff", &many, &long] {
            let failure = Pairs::read(text).unwrap_err();
            assert_eq!(failure.code.number(), 9401, "{text}");
        }
    }

    #[test]
    fn unknown_options_and_bad_numbers_are_ignored_with_a_warning() {
        let mut pairs = Pairs::read("width=abc,height=10,colour=red").unwrap();
        assert_eq!(pairs.number("width"), None);
        assert_eq!(pairs.number("height"), Some(10.0));
        assert_eq!(
            pairs.finish(),
            [
                "width is not a number and was ignored",
                "the option colour is unknown and was ignored"
            ]
        );
        for text in ["inf", "nan", "0x10", "1e999", "", "1 "] {
            assert_eq!(super::number(text), None, "{text}");
        }
    }
}
