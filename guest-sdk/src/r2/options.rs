//! The options of a call.

use http::HeaderMap;
use http::header::RANGE;
use serde_json::{Map, Value, json};

use super::{R2Conditional, R2Hash, R2HttpMetadata, R2StorageClass};
use crate::{Error, Result};

/// A part of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum R2Range {
    /// All bytes from this offset to the end.
    From(u64),
    /// At most `length` bytes from `offset`; fewer when the object ends before.
    Slice {
        /// The offset of the first byte.
        offset: u64,
        /// The number of bytes.
        length: u64,
    },
    /// The last bytes, at most this many; the whole object when it has fewer.
    Last(u64),
}

/// Options of [`R2Bucket::get_with`](super::R2Bucket::get_with).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct R2GetOptions {
    range: Option<R2Range>,
    header: Option<String>,
    condition: Option<R2Conditional>,
}

impl R2GetOptions {
    /// The whole object.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads only this part.
    pub fn range(mut self, range: R2Range) -> Self {
        self.range = Some(range);
        self
    }

    /// Reads only the part that the `range` header names, if there is one and it can be parsed.
    pub fn range_from_headers(mut self, headers: &HeaderMap) -> Self {
        let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
        self.header = range.map(str::to_owned);
        self
    }

    /// Reads the object only if the condition holds.
    pub fn only_if(mut self, condition: R2Conditional) -> Self {
        self.condition = Some(condition);
        self
    }

    pub(super) fn into_json(self, key: &str) -> Result<Value> {
        let mut json = Map::from_iter([("object".to_owned(), key.into())]);
        match (self.range, self.header) {
            (Some(_), Some(_)) => {
                return Err(Error::Unsendable(
                    "a get takes a range or the range of headers, not both".to_owned(),
                ));
            }
            (Some(range), None) => {
                json.insert("range".into(), range.to_json());
            }
            (None, Some(header)) => {
                json.insert("rangeHeader".into(), header.into());
            }
            (None, None) => {}
        }
        if let Some(condition) = self.condition {
            json.insert("onlyIf".into(), condition.into_json()?);
        }
        Ok(json.into())
    }
}

impl R2Range {
    fn to_json(self) -> Value {
        match self {
            Self::From(offset) => json!({ "offset": offset.to_string() }),
            Self::Slice { offset, length } => {
                json!({ "offset": offset.to_string(), "length": length.to_string() })
            }
            Self::Last(suffix) => json!({ "suffix": suffix.to_string() }),
        }
    }
}

/// Options of [`R2Bucket::put_with`](super::R2Bucket::put_with).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct R2PutOptions {
    carried: R2MultipartOptions,
    condition: Option<R2Conditional>,
    hash: Option<R2Hash>,
}

impl R2PutOptions {
    /// The value alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the headers to serve the object with.
    pub fn http_metadata(mut self, metadata: R2HttpMetadata) -> Self {
        self.carried = self.carried.http_metadata(metadata);
        self
    }

    /// Sets the content type to serve the object with, such as `image/png`.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        let http = self.carried.http.get_or_insert_default();
        http.content_type = Some(content_type.into());
        self
    }

    /// Adds a field of the author's own.
    pub fn custom_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.carried = self.carried.custom_metadata(key, value);
        self
    }

    /// Sets the storage class.
    pub fn storage_class(mut self, class: R2StorageClass) -> Self {
        self.carried = self.carried.storage_class(class);
        self
    }

    /// Stores the value only if the condition holds for the object that has the key.
    pub fn only_if(mut self, condition: R2Conditional) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Stores the value only if it arrives with this digest.
    pub fn hash(mut self, hash: R2Hash) -> Self {
        self.hash = Some(hash);
        self
    }

    pub(super) fn into_json(self, key: &str) -> Result<Value> {
        let mut json = self.carried.fields(key);
        if let Some(condition) = self.condition {
            json.insert("onlyIf".into(), condition.into_json()?);
        }
        if let Some(hash) = self.hash {
            let (name, digest) = hash.into_wire()?;
            json.insert(name.into(), digest.into());
        }
        Ok(json.into())
    }
}

/// Options of
/// [`R2Bucket::create_multipart_upload`](super::R2Bucket::create_multipart_upload).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct R2MultipartOptions {
    http: Option<R2HttpMetadata>,
    custom: Vec<(String, String)>,
    class: Option<R2StorageClass>,
}

impl R2MultipartOptions {
    /// The parts alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the headers to serve the object with.
    pub fn http_metadata(mut self, metadata: R2HttpMetadata) -> Self {
        self.http = Some(metadata);
        self
    }

    /// Adds a field of the author's own.
    pub fn custom_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.custom.push((key.into(), value.into()));
        self
    }

    /// Sets the storage class.
    pub fn storage_class(mut self, class: R2StorageClass) -> Self {
        self.class = Some(class);
        self
    }

    pub(super) fn into_json(self, key: &str) -> Value {
        self.fields(key).into()
    }

    fn fields(self, key: &str) -> Map<String, Value> {
        let mut json = Map::from_iter([("object".to_owned(), key.into())]);
        if let Some(http) = self.http {
            json.insert("httpFields".into(), http.into_json());
        }
        if !self.custom.is_empty() {
            let fields = self.custom.into_iter();
            let fields = fields.map(|(k, v)| json!({ "k": k, "v": v }));
            json.insert("customFields".into(), fields.collect());
        }
        if let Some(class) = self.class {
            json.insert("storageClass".into(), class.as_str().into());
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use super::{R2Hash, R2PutOptions};

    #[test]
    fn a_digest_of_another_length_is_refused_before_it_is_sent() {
        let options = R2PutOptions::new().hash(R2Hash::Sha1("abc".into()));
        let error = options.into_json("k").unwrap_err();
        assert_eq!(error.to_string(), "sha1 must be 40 hexadecimal digits");
    }
}
