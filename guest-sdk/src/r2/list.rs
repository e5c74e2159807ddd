//! Pages of a bucket's objects.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::R2Object;
use super::object::WireObject;

/// Options of [`R2Bucket::list`](super::R2Bucket::list).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct R2ListOptions {
    fields: Map<String, Value>,
    include: Vec<u8>,
}

/// A page of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2Objects {
    /// The objects, without those that a prefix below stands for.
    pub objects: Vec<R2Object>,
    /// What the keys that go on behind a delimiter have in common.
    pub delimited_prefixes: Vec<String>,
    /// Where the next page begins, if there is one.
    pub cursor: Option<String>,
}

impl R2Objects {
    /// Whether there is more.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.cursor.is_some()
    }
}

impl R2ListOptions {
    /// The first page of everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only keys that begin so.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with("prefix", prefix.into())
    }

    /// Keys that have this behind the prefix are shown as one, up to and with it.
    pub fn delimiter(self, delimiter: impl Into<String>) -> Self {
        self.with("delimiter", delimiter.into())
    }

    /// At most so many rows, from 1 to 1,000. There may be fewer even if there is more.
    pub fn limit(self, limit: u32) -> Self {
        self.with("limit", limit)
    }

    /// Goes on where another page ended.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with("cursor", cursor.into())
    }

    /// Only keys past this one.
    pub fn start_after(self, key: impl Into<String>) -> Self {
        self.with("startAfter", key.into())
    }

    /// With the headers that objects are to be served with.
    pub fn include_http_metadata(mut self) -> Self {
        self.include.push(0);
        self
    }

    /// With the author's own fields.
    pub fn include_custom_metadata(mut self) -> Self {
        self.include.push(1);
        self
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn into_json(mut self) -> Value {
        self.fields.insert("include".into(), self.include.into());
        self.fields.insert("newRuntime".into(), true.into());
        self.fields.into()
    }
}

/// A page as the wire has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WirePage {
    objects: Vec<WireObject>,
    truncated: bool,
    cursor: Option<String>,
    #[serde(default)]
    delimited_prefixes: Vec<String>,
}

impl WirePage {
    pub(super) fn into_objects(self) -> R2Objects {
        let objects = self.objects.into_iter();
        R2Objects {
            objects: objects.map(WireObject::into_listed).collect(),
            delimited_prefixes: self.delimited_prefixes,
            cursor: self.cursor.filter(|_| self.truncated),
        }
    }
}
