//! Conditions on the object that is there.

mod headers;

use std::time::SystemTime;

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::date;
use crate::{Error, Result};

/// The conditions under which an object is read or replaced.
///
/// ```
/// use safelight_sdk::{R2Conditional, R2Etag};
///
/// let unless_there = R2Conditional::new().etag_does_not_match(R2Etag::Any);
/// let unchanged = R2Conditional::new().etag_matches("5d41402abc4b2a76b9719d911017c592");
/// # let _ = (unless_there, unchanged);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct R2Conditional {
    matches: Vec<R2Etag>,
    differs: Vec<R2Etag>,
    before: Option<SystemTime>,
    after: Option<SystemTime>,
    seconds: bool,
}

/// An entity tag, without quotes. Text converts into a strong tag, except `*`, which converts into any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum R2Etag {
    /// The tag of exactly these bytes.
    Strong(String),
    /// A tag that never proves two objects equal, but may prove them different.
    Weak(String),
    /// The tag of any object.
    Any,
}

impl From<&str> for R2Etag {
    fn from(etag: &str) -> Self {
        etag.to_owned().into()
    }
}

impl From<String> for R2Etag {
    fn from(etag: String) -> Self {
        match etag.as_str() {
            "*" => Self::Any,
            _ => Self::Strong(etag),
        }
    }
}

impl R2Etag {
    fn to_json(&self) -> Result<Value> {
        let (value, kind) = match self {
            Self::Strong(value) => (value, "strong"),
            Self::Weak(value) => (value, "weak"),
            Self::Any => return Ok(json!({ "type": "wildcard" })),
        };
        // No object has a tag with quotes, so the condition would mean something else.
        if value.starts_with('"') || value.ends_with('"') {
            return Err(Error::Unsendable(format!(
                "the entity tag {value} of a condition must be without quotes"
            )));
        }
        Ok(json!({ "value": value, "type": kind }))
    }
}

impl R2Conditional {
    /// No conditions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the conditions of a request: `if-match`, `if-none-match`, `if-modified-since` and `if-unmodified-since`. Their
    /// dates are compared in whole seconds, and a date that cannot be parsed is no condition (RFC 9110, section 13.1).
    ///
    /// # Errors
    /// Fails when `if-match` or `if-none-match` has no entity tags, or one that cannot be parsed.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self> {
        headers::read(headers)
    }

    /// Requires that the object has this tag, or one of the tags of other calls.
    pub fn etag_matches(mut self, etag: impl Into<R2Etag>) -> Self {
        self.matches.push(etag.into());
        self
    }

    /// Requires that the object has neither this tag nor one of the tags of other calls.
    pub fn etag_does_not_match(mut self, etag: impl Into<R2Etag>) -> Self {
        self.differs.push(etag.into());
        self
    }

    /// Requires that the object was uploaded before this date.
    pub fn uploaded_before(mut self, date: SystemTime) -> Self {
        self.before = Some(date);
        self
    }

    /// Requires that the object was uploaded after this date.
    pub fn uploaded_after(mut self, date: SystemTime) -> Self {
        self.after = Some(date);
        self
    }

    pub(super) fn into_json(self) -> Result<Value> {
        let mut json = Map::new();
        for (name, tags) in [
            ("etagMatches", &self.matches),
            ("etagDoesNotMatch", &self.differs),
        ] {
            if !tags.is_empty() {
                let tags = tags.iter().map(R2Etag::to_json);
                json.insert(name.into(), tags.collect::<Result<Vec<_>>>()?.into());
            }
        }
        for (name, date) in [
            ("uploadedBefore", self.before),
            ("uploadedAfter", self.after),
        ] {
            if let Some(date) = date {
                json.insert(name.into(), date::to_ms(date).to_string().into());
            }
        }
        if self.seconds {
            json.insert("secondsGranularity".into(), true.into());
        }
        Ok(json.into())
    }
}
