//! Objects of a bucket.

mod wire;

use std::collections::BTreeMap;
use std::time::SystemTime;

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, EXPIRES,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::date;
use crate::{Body, Error, Response, Result};

pub(super) use wire::WireObject;

/// The metadata of an object, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2Object {
    /// Its key.
    pub key: String,
    /// The version, new with every write.
    pub version: String,
    /// The size in bytes.
    pub size: u64,
    /// The entity tag, without quotes.
    pub etag: String,
    /// The time of the write.
    pub uploaded: SystemTime,
    /// The headers to serve it with. A list has them only if its options include them.
    pub http_metadata: Option<R2HttpMetadata>,
    /// The author's own fields. A list has them only if its options include them.
    pub custom_metadata: Option<BTreeMap<String, String>>,
    /// Offset and length in bytes of the part that was read.
    pub range: Option<(u64, u64)>,
    /// Digests by the names `md5`, `sha1`, `sha256`, `sha384` and `sha512`, in hex, as far as they are known.
    pub checksums: BTreeMap<&'static str, String>,
    /// The storage class.
    pub storage_class: String,
}

/// The headers that an object is to be served with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct R2HttpMetadata {
    /// `content-type`
    pub content_type: Option<String>,
    /// `content-language`
    pub content_language: Option<String>,
    /// `content-disposition`
    pub content_disposition: Option<String>,
    /// `content-encoding`
    pub content_encoding: Option<String>,
    /// `cache-control`
    pub cache_control: Option<String>,
    /// `expires`
    pub cache_expiry: Option<SystemTime>,
}

/// The storage class of an object, which decides its price in production. Locally it is only recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum R2StorageClass {
    /// For objects that are read often.
    Standard,
    /// For objects that are read seldom.
    InfrequentAccess,
}

impl R2StorageClass {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::InfrequentAccess => "InfrequentAccess",
        }
    }
}

impl R2Object {
    /// The entity tag in quotes, as a header has it.
    #[must_use]
    pub fn http_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }

    /// The `content-range` header, unless the whole object was read: a part must not pass for the whole.
    fn part(&self) -> Option<(HeaderName, String)> {
        let (first, length) = self.range.filter(|(_, length)| *length < self.size)?;
        let last = first.saturating_add(length).saturating_sub(1);
        Some((CONTENT_RANGE, format!("bytes {first}-{last}/{}", self.size)))
    }

    /// Sets the headers that the object is to be served with.
    ///
    /// # Errors
    /// Fails when a value cannot be in a header, or the options of the list did not include the headers.
    pub fn write_http_metadata(&self, headers: &mut HeaderMap) -> Result<()> {
        let Some(metadata) = &self.http_metadata else {
            let text = "the list was not asked to include httpMetadata";
            return Err(Error::Unsendable(text.to_owned()));
        };
        for (name, value) in metadata.headers() {
            let value = value.ok_or_else(|| {
                Error::Unsendable(format!("the object's {name} cannot be in a header"))
            })?;
            headers.insert(name, value);
        }
        Ok(())
    }
}

impl R2HttpMetadata {
    /// Reads the headers of a request or a response that describe its body. A date that cannot be parsed is left out.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self {
            content_type: text(CONTENT_TYPE),
            content_language: text(CONTENT_LANGUAGE),
            content_disposition: text(CONTENT_DISPOSITION),
            content_encoding: text(CONTENT_ENCODING),
            cache_control: text(CACHE_CONTROL),
            cache_expiry: text(EXPIRES).and_then(|date| date::parse(&date)),
        }
    }

    /// The headers, and their values if they can be in one.
    fn headers(&self) -> Vec<(HeaderName, Option<HeaderValue>)> {
        let expires = self.cache_expiry.map(date::http);
        let text = |text: &Option<String>| text.clone().map(Some);
        [
            (CONTENT_TYPE, text(&self.content_type)),
            (CONTENT_LANGUAGE, text(&self.content_language)),
            (CONTENT_DISPOSITION, text(&self.content_disposition)),
            (CONTENT_ENCODING, text(&self.content_encoding)),
            (CACHE_CONTROL, text(&self.cache_control)),
            (EXPIRES, expires),
        ]
        .into_iter()
        .filter_map(|(name, text)| {
            let value = text?.and_then(|text| HeaderValue::try_from(text).ok());
            Some((name, value))
        })
        .collect()
    }

    pub(super) fn into_json(self) -> Value {
        let expiry = self.cache_expiry.map(|date| date::to_ms(date).to_string());
        let fields = [
            ("contentType", self.content_type),
            ("contentLanguage", self.content_language),
            ("contentDisposition", self.content_disposition),
            ("contentEncoding", self.content_encoding),
            ("cacheControl", self.cache_control),
            ("cacheExpiry", expiry),
        ];
        let given = fields.into_iter();
        let given = given.filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
        Value::Object(given.collect::<Map<_, _>>())
    }
}

/// An object with its bytes, or a part of them. The service holds the bytes until they are used, and streams them.
#[derive(Debug)]
#[must_use]
pub struct R2ObjectBody {
    object: R2Object,
    body: Body,
}

impl std::ops::Deref for R2ObjectBody {
    type Target = R2Object;

    fn deref(&self) -> &R2Object {
        &self.object
    }
}

impl R2ObjectBody {
    pub(super) fn new(object: R2Object, body: Body) -> Self {
        Self { object, body }
    }

    /// The bytes: a body of a response, an input of Images, a value of another object.
    #[must_use]
    pub fn body(self) -> Body {
        self.body
    }

    /// The metadata, and the bytes.
    #[must_use]
    pub fn into_parts(self) -> (R2Object, Body) {
        (self.object, self.body)
    }

    /// The bytes as text, if they are no more than `limit`.
    ///
    /// # Errors
    /// Fails as [`Body::text`] does.
    pub async fn text(self, limit: usize) -> Result<String> {
        self.body.text(limit).await
    }

    /// A response with the bytes, the headers that the object is to be served with, and its entity tag: 200 with the whole
    /// object, 206 with `content-range` when a part of it was asked for.
    ///
    /// Headers whose values cannot be in a response are left out; see
    /// [`write_http_metadata`](R2Object::write_http_metadata).
    #[must_use]
    pub fn response(self) -> Response {
        let part = self.object.part();
        let mut response = Response::new(self.body);
        if part.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        let headers = response.headers_mut();
        let metadata = self.object.http_metadata.iter();
        for (name, value) in metadata.flat_map(R2HttpMetadata::headers) {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        let etag = (ETAG, self.object.http_etag());
        for (name, value) in [etag].into_iter().chain(part) {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
