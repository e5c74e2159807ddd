//! Conditions on the object that is there.

mod headers;

use std::time::SystemTime;

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::date;
use crate::{Error, Result};

/// What must hold of an object, for it to be read or replaced.
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

/// An entity tag, without quotes. Text is a strong one, but for `*`, which is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum R2Etag {
    /// That of exactly these bytes.
    Strong(String),
    /// One that never proves two objects equal, but may prove them different.
    Weak(String),
    /// That of any object.
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
        // No object has such a tag: the condition would be another one than was meant.
        if value.starts_with('"') || value.ends_with('"') {
            return Err(Error::Unsendable(format!(
                "the entity tag {value} of a condition must be without quotes"
            )));
        }
        Ok(json!({ "value": value, "type": kind }))
    }
}

impl R2Conditional {
    /// No condition yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the headers of a request ask for: `if-match`, `if-none-match`, `if-modified-since` and `if-unmodified-since`. Dates
    /// are then compared in whole seconds, and a date that cannot be read asks for nothing, as HTTP has it.
    ///
    /// # Errors
    /// When a header that is to name entity tags names none.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self> {
        headers::read(headers)
    }

    /// The object has this tag, or one of those of other calls.
    pub fn etag_matches(mut self, etag: impl Into<R2Etag>) -> Self {
        self.matches.push(etag.into());
        self
    }

    /// The object has not this tag, nor any of those of other calls.
    pub fn etag_does_not_match(mut self, etag: impl Into<R2Etag>) -> Self {
        self.differs.push(etag.into());
        self
    }

    /// The object was uploaded before this date.
    pub fn uploaded_before(mut self, date: SystemTime) -> Self {
        self.before = Some(date);
        self
    }

    /// The object was uploaded after this date.
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
