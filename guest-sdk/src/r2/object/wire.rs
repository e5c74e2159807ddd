//! Objects in the wire's form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{R2HttpMetadata, R2Object};
use crate::r2::date;

/// An object in the wire's form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireObject {
    name: String,
    version: String,
    #[serde(deserialize_with = "number")]
    size: u64,
    etag: String,
    #[serde(deserialize_with = "number")]
    uploaded: u64,
    http_fields: Option<WireHttp>,
    custom_fields: Option<Vec<WireField>>,
    range: Option<WireRange>,
    checksums: Option<BTreeMap<String, String>>,
    storage_class: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHttp {
    content_type: Option<String>,
    content_language: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    cache_control: Option<String>,
    cache_expiry: Option<Number>,
}

#[derive(Deserialize)]
struct WireField {
    k: String,
    v: String,
}

#[derive(Deserialize)]
struct WireRange {
    #[serde(deserialize_with = "number")]
    offset: u64,
    #[serde(deserialize_with = "number")]
    length: u64,
}

/// A 64-bit number, which the wire may write as text.
struct Number(u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let number = match &value {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        number
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not a number of 64 bits"))
    }
}

fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Number::deserialize(from).map(|number| number.0)
}

impl WireObject {
    /// Converts an object of a call for one key, where an absent field is empty.
    pub(crate) fn into_object(self) -> R2Object {
        let object = self.into_listed();
        R2Object {
            http_metadata: Some(object.http_metadata.unwrap_or_default()),
            custom_metadata: Some(object.custom_metadata.unwrap_or_default()),
            ..object
        }
    }

    /// Converts an object of a list, where an absent field is unknown.
    pub(crate) fn into_listed(self) -> R2Object {
        let names = ["md5", "sha1", "sha256", "sha384", "sha512"];
        let mut checksums = self.checksums.unwrap_or_default();
        let http = self.http_fields.map(WireHttp::into_metadata);
        let custom = self
            .custom_fields
            .map(|fields| fields.into_iter().map(|field| (field.k, field.v)).collect());
        R2Object {
            key: self.name,
            version: self.version,
            size: self.size,
            etag: self.etag,
            uploaded: date::from_ms(self.uploaded),
            http_metadata: http,
            custom_metadata: custom,
            range: self.range.map(|range| (range.offset, range.length)),
            checksums: names
                .into_iter()
                .enumerate()
                .filter_map(|(key, name)| Some((name, checksums.remove(&key.to_string())?)))
                .collect(),
            storage_class: self.storage_class.unwrap_or_default(),
        }
    }
}

impl WireHttp {
    fn into_metadata(self) -> R2HttpMetadata {
        R2HttpMetadata {
            content_type: self.content_type,
            content_language: self.content_language,
            content_disposition: self.content_disposition,
            content_encoding: self.content_encoding,
            cache_control: self.cache_control,
            cache_expiry: self.cache_expiry.map(|ms| date::from_ms(ms.0)),
        }
    }
}
