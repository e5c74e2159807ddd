//! Conditions on the object that is there.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::date;

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
}

/// An entity tag, without quotes.
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
        Self::Strong(etag.to_owned())
    }
}

impl From<String> for R2Etag {
    fn from(etag: String) -> Self {
        Self::Strong(etag)
    }
}

impl R2Etag {
    fn to_json(&self) -> Value {
        match self {
            Self::Strong(value) => json!({ "value": value, "type": "strong" }),
            Self::Weak(value) => json!({ "value": value, "type": "weak" }),
            Self::Any => json!({ "type": "wildcard" }),
        }
    }
}

impl R2Conditional {
    /// No condition yet.
    pub fn new() -> Self {
        Self::default()
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

    pub(super) fn into_json(self) -> Value {
        let tags = |tags: &[R2Etag]| tags.iter().map(R2Etag::to_json).collect::<Vec<_>>();
        let mut json = Map::new();
        if !self.matches.is_empty() {
            json.insert("etagMatches".into(), tags(&self.matches).into());
        }
        if !self.differs.is_empty() {
            json.insert("etagDoesNotMatch".into(), tags(&self.differs).into());
        }
        for (name, date) in [
            ("uploadedBefore", self.before),
            ("uploadedAfter", self.after),
        ] {
            if let Some(date) = date {
                json.insert(name.into(), date::to_ms(date).to_string().into());
            }
        }
        json.into()
    }
}
