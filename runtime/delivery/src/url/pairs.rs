//! Splits the options of a URL at commas and decodes them. Of several options with one name the first one counts.

use percent_encoding::percent_decode_str;

use crate::error::{DeliveryError, ErrorKind};

/// Maximum length of the options, in bytes.
const MAX_OPTIONS_BYTES: usize = 4_096;
/// Maximum number of options.
const MAX_OPTIONS: usize = 64;

/// Short names with their full names.
const ALIASES: &[(&str, &str)] = &[
    ("w", "width"),
    ("h", "height"),
    ("g", "gravity"),
    ("q", "quality"),
    ("f", "format"),
    ("face-zoom", "zoom"),
    ("scq", "slow-connection-quality"),
];

/// The options of a URL by name, and the warnings about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionPairs {
    pairs: Vec<(String, String)>,
    warnings: Vec<String>,
}

impl OptionPairs {
    /// Parses `width=80,quality=75`.
    ///
    /// # Errors
    /// When an option is not `key=value`, a value is not UTF-8, or the limits are exceeded.
    pub fn parse(text: &str) -> Result<Self, DeliveryError> {
        let bad = |text: String| DeliveryError::new(ErrorKind::BadOptions, text);
        if text.len() > MAX_OPTIONS_BYTES {
            return Err(bad(format!(
                "the options are longer than {MAX_OPTIONS_BYTES} bytes"
            )));
        }
        if text.split(',').count() > MAX_OPTIONS {
            return Err(bad(format!("there are more than {MAX_OPTIONS} options")));
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
        // A full name has precedence over its alias, in any order.
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

    /// Takes the option if its value matches. Returns whether it did.
    pub fn take_if(&mut self, key: &str, matches: impl Fn(&str) -> bool) -> bool {
        let found = self
            .pairs
            .iter()
            .any(|(known, value)| known == key && matches(value));
        if found {
            self.take(key);
        }
        found
    }

    /// Takes a number. A value that is not a number is ignored with a warning.
    pub fn number(&mut self, key: &str) -> Option<f64> {
        let text = self.take(key)?;
        let number = number(&text);
        if number.is_none() {
            self.warn(format!("{key} is not a number and was ignored"));
        }
        number
    }

    /// Adds a warning.
    pub fn warn(&mut self, text: String) {
        self.warnings.push(text);
    }

    /// The warnings, with one for each option that was not taken.
    pub fn finish(mut self) -> Vec<String> {
        for (key, _) in std::mem::take(&mut self.pairs) {
            let key: String = key.chars().take(32).collect();
            self.warn(format!("the option {key} is unknown and was ignored"));
        }
        self.warnings
    }
}

/// Parses a finite decimal number. `inf` and `nan` are not accepted.
pub fn number(text: &str) -> Option<f64> {
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let number: f64 = text.parse().ok()?;
    (text.chars().all(digits) && number.is_finite()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::OptionPairs;

    fn taken(text: &str, key: &str) -> Option<String> {
        OptionPairs::parse(text).unwrap().take(key)
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
    fn a_text_that_is_no_pair_or_too_long_is_refused() {
        let many = vec!["a=b"; 65].join(",");
        let long = format!("a={}", "b".repeat(5_000));
        for text in ["width", "", ",", "a=%ff", &many, &long] {
            let error = OptionPairs::parse(text).unwrap_err();
            assert_eq!(error.kind.number(), 9401, "{text}");
        }
    }

    #[test]
    fn unknown_options_and_bad_numbers_are_ignored_with_a_warning() {
        let mut pairs = OptionPairs::parse("width=abc,height=10,colour=red").unwrap();
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
