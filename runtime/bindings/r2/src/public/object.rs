//! One object for one request: conditions and ranges of the request, headers of the answer.

use std::time::{Duration, SystemTime};

use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use safelight_hop::Body;
use safelight_protocol::digest;

use crate::answer;
use crate::bucket::{Bucket, FoundObject, GetOutcome};
use crate::condition::Condition;
use crate::error::{Code, R2Error};
use crate::key::Key;
use crate::object::Object;
use crate::range::{RangeRequest, Slice};
use crate::request::Get;
use safelight_hop::body;
use safelight_net::conditions::{RangeOutcome, Representation};
use safelight_net::header::{http_date, set};
use safelight_protocol::etag::EntityTag;

/// Attempts to read an object that is replaced between the read of its row and the read of its bytes.
const MAX_ATTEMPTS: usize = 8;
/// The latest date of HTTP, in milliseconds since the epoch.
const MAX_DATE_MS: i64 = 253_402_300_799_999;

/// Answers a request. Its path is a slash and a key.
pub(super) async fn respond(bucket: &Bucket, request: &Parts) -> Response<Body> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let text = "the method must be GET or HEAD";
        let mut response = text_response(StatusCode::METHOD_NOT_ALLOWED, text);
        set(&mut response, ALLOW, "GET, HEAD");
        return response;
    }
    let path = request.uri.path();
    let answered = match key(path.strip_prefix('/').unwrap_or(path)) {
        Ok(key) => object(bucket, key, request).await,
        Err(error) => Err(error),
    };
    answered.unwrap_or_else(|error| {
        let mut response = text_response(error.code.status(), &error.to_string());
        answer::set_summary(&mut response, &format!("{}: {error}", bucket.name));
        response
    })
}

/// The key in a path. A path with `.` or `..` in it, in any encoding, is refused: a browser would resolve it.
fn key(path: &str) -> Result<Key, R2Error> {
    let invalid = |text: &str| R2Error::new(Code::InvalidName, text);
    let text = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| invalid("the path is not UTF-8 when it is decoded"))?;
    if text
        .split(['/', '\\'])
        .any(|part| matches!(part, "." | ".."))
    {
        return Err(invalid("a path with . or .. in it names no object"));
    }
    // A bucket has no page of its objects.
    if text.is_empty() {
        return Err(R2Error::no_such_key());
    }
    Key::new(text.into_owned())
}

async fn object(bucket: &Bucket, key: Key, request: &Parts) -> Result<Response<Body>, R2Error> {
    for _ in 0..MAX_ATTEMPTS {
        let object = bucket.head(key.clone()).await?;
        let tag = EntityTag {
            is_weak: false,
            opaque: &object.etag,
        };
        let etag = tag.to_string();
        let representation = Representation {
            etag: tag,
            modified: time(object.uploaded),
            length: object.size,
        };
        if representation.precondition_fails(&request.headers) {
            return Err(R2Error::precondition_failed());
        }
        let part = match representation.range(&request.method, &request.headers) {
            RangeOutcome::NotModified => {
                return described(&object, &etag, StatusCode::NOT_MODIFIED, body::full(""));
            }
            RangeOutcome::Unsatisfiable => return unsatisfiable(&object, &etag),
            RangeOutcome::Whole => None,
            RangeOutcome::Part { start, length } => Some((start, length)),
        };
        if request.method == Method::HEAD {
            let mut response = described(&object, &etag, StatusCode::OK, body::full(""))?;
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, object.size.into());
            return Ok(response);
        }
        let get = Get {
            key: key.clone(),
            range: part.map_or(RangeRequest::Whole, slice),
            condition: Some(Condition::etag_is(&object.etag)),
        };
        match bucket.get(get).await? {
            GetOutcome::Found(found) => return found_object(bucket, *found, &etag, part),
            // The object was replaced meanwhile. The request's conditions apply to the new version.
            GetOutcome::PreconditionFailed(_) => {}
        }
    }
    let text = "the object is replaced faster than it can be read";
    Err(R2Error::new(Code::Unavailable, text))
}

fn slice((start, length): (u64, u64)) -> RangeRequest {
    RangeRequest::Slice(Slice {
        offset: i64::try_from(start).ok(),
        length: i64::try_from(length).ok(),
        suffix: None,
    })
}

fn found_object(
    bucket: &Bucket,
    found: FoundObject,
    etag: &str,
    part: Option<(u64, u64)>,
) -> Result<Response<Body>, R2Error> {
    let length = found.range.end - found.range.start;
    let crc32c = found.crc32c(0);
    let FoundObject {
        object,
        range,
        reader,
        ..
    } = found;
    // The digest is of the whole object. A part has no digest on the wire, so the reader verifies it.
    let (status, reader) = match part {
        Some(_) => (StatusCode::PARTIAL_CONTENT, reader.with_crc32c(crc32c)),
        None => (StatusCode::OK, reader),
    };
    let body = answer::bytes(reader, length);
    let mut response = described(&object, etag, status, body)?;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    match part {
        Some(_) => {
            let (start, end) = (range.start, range.end.saturating_sub(1));
            let range = format!("bytes {start}-{end}/{}", object.size);
            set(&mut response, CONTENT_RANGE, &range);
        }
        None => {
            headers.insert(digest::REPR_DIGEST, answer::repr_digest(crc32c));
        }
    }
    let what = format!("{}: get {}", bucket.name, object.key);
    answer::set_summary(&mut response, &what);
    Ok(response)
}

fn unsatisfiable(object: &Object, etag: &str) -> Result<Response<Body>, R2Error> {
    let status = StatusCode::RANGE_NOT_SATISFIABLE;
    let mut response = described(object, etag, status, body::full(""))?;
    let range = format!("bytes */{}", object.size);
    set(&mut response, CONTENT_RANGE, &range);
    Ok(response)
}

/// An answer with the headers of an object.
fn described(
    object: &Object,
    etag: &str,
    status: StatusCode,
    body: Body,
) -> Result<Response<Body>, R2Error> {
    let mut headers = HeaderMap::new();
    let http = &object.http;
    for (name, value) in [
        (CONTENT_TYPE, &http.content_type),
        (CONTENT_LANGUAGE, &http.content_language),
        (CONTENT_DISPOSITION, &http.content_disposition),
        (CONTENT_ENCODING, &http.content_encoding),
        (CACHE_CONTROL, &http.cache_control),
    ] {
        if let Some(value) = value {
            headers.insert(name.clone(), header(&name, value)?);
        }
    }
    // HTTP has no form for other dates.
    let expires = http
        .cache_expiry
        .filter(|at| (0..=MAX_DATE_MS).contains(at));
    let dates = [(LAST_MODIFIED, Some(object.uploaded)), (EXPIRES, expires)];
    for (name, at) in dates {
        if let Some(at) = at {
            headers.insert(name.clone(), header(&name, &http_date(time(at)))?);
        }
    }
    headers.insert(ETAG, header(&ETAG, etag)?);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Converts a time of the index. A time before 1970 becomes the epoch.
fn time(ms: i64) -> SystemTime {
    let ms = u64::try_from(ms).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_millis(ms)
}

fn header(name: &HeaderName, value: &str) -> Result<HeaderValue, R2Error> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        let text = format!("the object's metadata cannot be sent as the header {name}");
        R2Error::new(Code::Internal, text)
    })
}

pub(super) fn text_response(status: StatusCode, text: &str) -> Response<Body> {
    body::text(status, format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::key;

    fn parsed(path: &str) -> Result<String, u32> {
        match key(path) {
            Ok(key) => Ok(key.as_str().to_owned()),
            Err(error) => Err(error.code.number()),
        }
    }

    #[test]
    fn a_path_is_a_key_once_it_is_decoded() {
        for (path, expected) in [
            ("cat.jpg", "cat.jpg"),
            ("a/b//c", "a/b//c"),
            ("a%2Fb", "a/b"),
            ("caf%C3%A9", "café"),
            ("a+b%20c", "a+b c"),
            ("%2525", "%25"),
            ("..a/b..", "..a/b.."),
            ("...", "..."),
        ] {
            assert_eq!(parsed(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn no_path_leads_up_however_it_is_written() {
        for path in [
            "..",
            "../secret",
            "a/../b",
            "%2e%2e/b",
            "%2E./b",
            "a%2f..%2fb",
            "..%5cb",
            "./a",
            "a/.",
        ] {
            assert_eq!(parsed(path), Err(10020), "{path}");
        }
    }

    #[test]
    fn a_path_that_is_no_name_names_no_object() {
        assert_eq!(parsed(""), Err(10007));
        assert_eq!(parsed("%ff"), Err(10020));
        assert_eq!(parsed(&"x".repeat(1_025)), Err(10020));
    }
}
