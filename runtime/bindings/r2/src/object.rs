//! An object in the index, and its JSON on the wire.

use std::ops::Range;

use serde::Serialize;

use super::digest::Algorithm;
use super::metadata::{CustomField, HttpFields};

/// An object without its bytes.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) key: String,
    /// Each write has a new version.
    pub(super) version: String,
    pub(super) size: u64,
    pub(super) etag: String,
    /// Milliseconds since the epoch.
    pub(super) uploaded: i64,
    pub(super) checksums: Vec<(Algorithm, String)>,
    pub(super) http: HttpFields,
    pub(super) custom: Vec<CustomField>,
    pub(super) storage_class: String,
}

/// The metadata that an answer includes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Include {
    pub(super) http: bool,
    pub(super) custom: bool,
}

impl Include {
    pub(super) const ALL: Self = Self {
        http: true,
        custom: true,
    };

    pub(super) fn any(self) -> bool {
        self.http || self.custom
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectJson<'a> {
    name: &'a str,
    version: &'a str,
    size: u64,
    etag: &'a str,
    uploaded: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_fields: Option<&'a HttpFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_fields: Option<&'a [CustomField]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeJson>,
    checksums: serde_json::Map<String, serde_json::Value>,
    storage_class: &'a str,
}

#[derive(Serialize)]
struct RangeJson {
    offset: u64,
    length: u64,
}

impl Object {
    /// The object's JSON, with the range of the bytes that follow it, if any do.
    pub(super) fn json(&self, include: Include, range: Option<&Range<u64>>) -> String {
        let checksums = self.checksums.iter();
        let json = ObjectJson {
            name: &self.key,
            version: &self.version,
            size: self.size,
            etag: &self.etag,
            uploaded: self.uploaded,
            http_fields: include.http.then_some(&self.http),
            custom_fields: include.custom.then_some(&self.custom),
            range: range.map(|range| RangeJson {
                offset: range.start,
                length: range.end - range.start,
            }),
            checksums: checksums
                .map(|(algorithm, digest)| (algorithm.key().to_owned(), digest.clone().into()))
                .collect(),
            storage_class: &self.storage_class,
        };
        // Strings, numbers and maps with string keys cannot fail to serialize.
        serde_json::to_string(&json).unwrap_or_default()
    }
}
