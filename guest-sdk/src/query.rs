//! The query of a URL, as typed parameters.

use std::{borrow::Cow, fmt, str::FromStr};

use http::Uri;

/// The parameters of a URL's query, decoded, in their order.
///
/// ```
/// use safelight_sdk::Query;
///
/// let query = Query::of(&"/photo?width=800&title=a+b".parse().unwrap());
/// assert_eq!(query.parse::<u32>("width")?, Some(800));
/// assert_eq!(query.parse::<u32>("height")?, None);
/// assert_eq!(query.get("title"), Some("a b"));
/// assert_eq!(
///     query.parse::<u32>("title").unwrap_err().to_string(),
///     r#"query parameter title: "a b": invalid digit found in string"#
/// );
/// # Ok::<(), safelight_sdk::QueryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// The parameters of this URL; none when it has no query.
    #[must_use]
    pub fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default().as_bytes();
        let owned =
            |(name, value): (Cow<'_, str>, Cow<'_, str>)| (name.into_owned(), value.into_owned());
        Self {
            pairs: form_urlencoded::parse(query).map(owned).collect(),
        }
    }

    /// The first value of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(candidate, _)| candidate == name)?;
        Some(value)
    }

    /// The first value of this name as a `T`.
    ///
    /// # Errors
    /// When there is a value and it is not a `T`; the text names the parameter and says what is wrong.
    pub fn parse<T: FromStr<Err: fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, QueryError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|error: T::Err| QueryError {
            name: name.to_owned(),
            problem: format!("{value:?}: {error}"),
        })
    }

    /// Makes sure that there are no parameters but these, each at most once.
    ///
    /// # Errors
    /// Names the first that is unknown or comes again.
    pub fn allow_only(&self, names: &[&str]) -> Result<(), QueryError> {
        for (index, (name, _)) in self.pairs.iter().enumerate() {
            let problem = if !names.contains(&name.as_str()) {
                format!("unknown; known are {}", names.join(", "))
            } else if self
                .pairs
                .iter()
                .take(index)
                .any(|(earlier, _)| earlier == name)
            {
                "given more than once".to_owned()
            } else {
                continue;
            };
            return Err(QueryError {
                name: name.clone(),
                problem,
            });
        }
        Ok(())
    }
}

/// A query parameter that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// The parameter's name.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "query parameter {}: {}", self.name, self.problem)
    }
}

impl std::error::Error for QueryError {}

#[cfg(test)]
mod tests {
    use super::Query;

    fn query(text: &str) -> Query {
        Query::of(&format!("/?{text}").parse().unwrap())
    }

    #[test]
    fn a_parameter_nobody_knows_is_named_together_with_the_known_ones() {
        assert_eq!(query("w=1&h=2").allow_only(&["h", "w"]), Ok(()));
        assert_eq!(
            query("w=1&widht=2")
                .allow_only(&["w", "h"])
                .unwrap_err()
                .to_string(),
            "query parameter widht: unknown; known are w, h"
        );
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        assert_eq!(
            query("w=1&w=2").allow_only(&["w"]).unwrap_err().to_string(),
            "query parameter w: given more than once"
        );
    }

    #[test]
    fn an_empty_value_is_a_value() {
        assert_eq!(query("w=").get("w"), Some(""));
        assert!(query("w=").parse::<u8>("w").is_err());
        assert_eq!(query("").parse::<u8>("w"), Ok(None));
    }
}
