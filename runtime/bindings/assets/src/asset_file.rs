//! One file as the answer to a request: conditions and ranges of the request, headers of the answer.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::time::SystemTime;

use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, RANGE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Response, StatusCode};
use safelight_hop::{Body, body};
use safelight_net::conditions::{RangeOutcome, Representation};
use safelight_net::header::{http_date, set};
use safelight_protocol::digest;
use safelight_protocol::etag::EntityTag;

use super::etags::FileTag;
use super::file;
use super::response::empty;

/// The header that tells whether the file's tag was in the cache.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cf-cache-status");

/// A file, opened for an answer.
pub(super) struct AssetFile {
    pub(super) file: File,
    pub(super) metadata: Metadata,
    pub(super) name: String,
    pub(super) status: StatusCode,
    pub(super) tag: FileTag,
    pub(super) tag_was_known: bool,
}

impl AssetFile {
    /// Answers a request for this file.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub(super) async fn answer(self, request: &Parts) -> io::Result<Response<Body>> {
        let length = self.metadata.len();
        let modified = self.metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let etag = EntityTag {
            is_weak: false,
            opaque: &self.tag.opaque,
        };
        let representation = Representation {
            etag,
            modified,
            length,
        };
        // Conditions and ranges apply to the requested file, and not to a page for a missing one.
        let outcome = match self.status {
            StatusCode::OK => representation.range(&request.method, &request.headers),
            _ => RangeOutcome::Whole,
        };
        let mut response = match outcome {
            RangeOutcome::NotModified => empty(StatusCode::NOT_MODIFIED),
            RangeOutcome::Unsatisfiable => {
                let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
                set(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
                return Ok(response);
            }
            RangeOutcome::Whole => {
                let mut response = self.part(request, self.status, 0..length).await?;
                let name = HeaderName::from_static(digest::REPR_DIGEST);
                set(&mut response, name, &digest::value(self.tag.crc32c));
                response
            }
            RangeOutcome::Part {
                start,
                length: size,
            } => {
                let status = StatusCode::PARTIAL_CONTENT;
                let mut response = self.part(request, status, start..start + size).await?;
                let range = format!("bytes {start}-{}/{length}", start + size - 1);
                set(&mut response, CONTENT_RANGE, &range);
                response
            }
        };
        set(&mut response, ETAG, &etag.to_string());
        set(&mut response, LAST_MODIFIED, &http_date(modified));
        set(&mut response, ACCEPT_RANGES, "bytes");
        if is_cacheable(&request.headers) {
            let control = "public, max-age=0, must-revalidate";
            set(&mut response, CACHE_CONTROL, control);
        }
        let status = if self.tag_was_known { "HIT" } else { "MISS" };
        set(&mut response, CACHE_STATUS, status);
        Ok(response)
    }

    async fn part(
        &self,
        request: &Parts,
        status: StatusCode,
        range: Range<u64>,
    ) -> io::Result<Response<Body>> {
        let length = range.end - range.start;
        let body = match request.method == Method::HEAD {
            true => body::full(""),
            false => file::body(self.file.try_clone()?, range.start, length).await?,
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
        if let Some(kind) = content_type(&self.name) {
            set(&mut response, CONTENT_TYPE, &kind);
        }
        Ok(response)
    }
}

fn is_cacheable(headers: &HeaderMap) -> bool {
    !headers.contains_key(AUTHORIZATION) && !headers.contains_key(RANGE)
}

/// The type of the file's extension; none if the extension is unknown.
fn content_type(name: &str) -> Option<String> {
    let kind = mime_guess::from_path(name).first_raw()?;
    Some(match kind.starts_with("text/") {
        true => format!("{kind}; charset=utf-8"),
        false => kind.to_owned(),
    })
}
