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
    /// The objects, without the ones below a delimited prefix.
    pub objects: Vec<R2Object>,
    /// Common prefixes of the keys that contain the delimiter.
    pub delimited_prefixes: Vec<String>,
    /// The position of the next page, if there is one.
    pub cursor: Option<String>,
}

impl R2Objects {
    /// Returns whether there is another page.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.cursor.is_some()
    }
}

impl R2ListOptions {
    /// The first page of all objects.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists only keys with this prefix.
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        self.with("prefix", prefix.into())
    }

    /// Groups the keys that contain the delimiter behind the prefix: each group is listed once, up to and with the delimiter.
    pub fn delimiter(self, delimiter: impl Into<String>) -> Self {
        self.with("delimiter", delimiter.into())
    }

    /// Sets the most objects and prefixes of a page, from 1 to 1,000. A page may have fewer even if there is another.
    pub fn limit(self, limit: u32) -> Self {
        self.with("limit", limit)
    }

    /// Continues at the position that another page returned.
    pub fn cursor(self, cursor: impl Into<String>) -> Self {
        self.with("cursor", cursor.into())
    }

    /// Lists only keys behind this one.
    pub fn start_after(self, key: impl Into<String>) -> Self {
        self.with("startAfter", key.into())
    }

    /// Includes the headers to serve the objects with.
    pub fn include_http_metadata(mut self) -> Self {
        self.include.push(0);
        self
    }

    /// Includes the author's own fields.
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

/// A page in the wire's form.
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
