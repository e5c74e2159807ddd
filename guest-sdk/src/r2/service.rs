//! Calls of a bucket's service, and the meaning of its answers.

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use safelight_protocol::headers::{R2_ERROR, R2_JSON_APART, R2_METADATA_SIZE, R2_REQUEST};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::list::{R2Objects, WirePage};
use super::object::{R2Object, WireObject};
use crate::{Body, Error, R2Error, Response, Result, fetch};

/// The maximum number of bytes of an answer's JSON.
const JSON_LIMIT: usize = 1_048_576;

const NO_SUCH_KEY: u32 = 10007;
const PRECONDITION_FAILED: [u32; 2] = [10031, 10032];

/// The service behind one bucket.
#[derive(Clone, Debug)]
pub(super) struct Service {
    address: String,
}

/// A call in the wire's form.
pub(super) struct Call {
    method: &'static str,
    json: String,
}

impl Call {
    pub(super) fn new(method: &'static str, fields: Value) -> Self {
        let mut json = format!(r#"{{"version":1,"method":"{method}""#);
        if let Value::Object(fields) = fields {
            for (name, value) in fields {
                // JSON does not escape this character, and a header must not contain it.
                let value = value.to_string().replace('\u{7f}', "\\u007f");
                json.push_str(&format!(r#","{name}":{value}"#));
            }
        }
        json.push('}');
        Self { method, json }
    }
}

/// The outcome of a call.
pub(super) enum Answer {
    Success(Success),
    /// No object has the key.
    NotFound,
    /// The condition does not hold for the object, which is returned where the service sends it.
    PreconditionFailed(Option<Success>),
}

/// An answer's JSON, and the bytes behind it.
pub(super) struct Success {
    method: &'static str,
    json: Vec<u8>,
    body: Body,
}

impl Service {
    pub(super) fn new(address: &str) -> Self {
        Self {
            address: format!("{address}/"),
        }
    }

    /// Sends a call that only reads.
    pub(super) async fn get(&self, call: Call) -> Result<Answer> {
        let mut request = self.request(Method::GET, Body::empty())?;
        let json = HeaderValue::try_from(call.json).map_err(http::Error::from)?;
        request.headers_mut().insert(R2_REQUEST, json);
        read_answer(call.method, fetch(request).await?).await
    }

    /// Sends a call that writes, with a value or without.
    pub(super) async fn put(&self, call: Call, value: Body) -> Result<Answer> {
        let value = value.with_known_length().await?;
        if value.length().is_none() {
            let method = call.method;
            return Err(Error::Unsendable(format!(
                "{method} needs a value of known length, and a stream has none; collect it first"
            )));
        }
        let size = call.json.len();
        let body = Body::join([call.json.into(), value]);
        let mut request = self.request(Method::PUT, body)?;
        request.headers_mut().insert(R2_METADATA_SIZE, size.into());
        read_answer(call.method, fetch(request).await?).await
    }

    fn request(&self, method: Method, body: Body) -> Result<Request<Body>> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.address.parse().map_err(http::Error::from)?;
        Ok(request)
    }
}

async fn read_answer(method: &'static str, answer: Response) -> Result<Answer> {
    let (head, body) = answer.into_parts();
    if head.status.as_u16() < 400 {
        return Ok(Answer::Success(
            read_success(method, &head.headers, body).await?,
        ));
    }
    let error = ErrorHeader::read(&head.headers);
    if head.status == StatusCode::NOT_FOUND && error.v4code == NO_SUCH_KEY {
        return Ok(Answer::NotFound);
    }
    if head.status == StatusCode::PRECONDITION_FAILED && PRECONDITION_FAILED.contains(&error.v4code)
    {
        let object = match head.headers.contains_key(R2_METADATA_SIZE) {
            true => Some(read_success(method, &head.headers, body).await?),
            false => None,
        };
        return Ok(Answer::PreconditionFailed(object));
    }
    Err(R2Error::new(method, error.v4code, error.message).into())
}

/// Reads the JSON of an answer, and nothing of the bytes behind it.
async fn read_success(
    method: &'static str,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Success> {
    let malformed = |why: &str| R2Error::new(method, 0, format!("unexpected answer: {why}"));
    let size = headers.get(R2_METADATA_SIZE);
    let size = size.and_then(|size| size.to_str().ok()?.parse::<usize>().ok());
    let json = match size {
        Some(size) if size > JSON_LIMIT => return Err(malformed("its JSON is too long").into()),
        Some(size) => body.read_exact(size).await?,
        // The answer of a call that writes is all JSON and need not declare its length.
        None => std::mem::take(&mut body).collect(JSON_LIMIT).await?,
    };
    if headers.contains_key(R2_JSON_APART) {
        body.note_aligned();
    }
    Ok(Success { method, json, body })
}

/// The content of an error's header.
#[derive(Deserialize)]
struct ErrorHeader {
    v4code: u32,
    message: String,
}

impl ErrorHeader {
    fn read(headers: &HeaderMap) -> Self {
        let header = headers.get(R2_ERROR);
        header
            .and_then(|header| serde_json::from_slice(header.as_bytes()).ok())
            .unwrap_or_else(|| Self {
                v4code: 0,
                message: "Unspecified error".to_owned(),
            })
    }
}

impl Success {
    pub(super) fn object(self) -> Result<(R2Object, Body)> {
        let object = self.parse::<WireObject>()?.into_object();
        Ok((object, self.body))
    }

    pub(super) fn list(self) -> Result<R2Objects> {
        Ok(self.parse::<WirePage>()?.into_objects())
    }

    pub(super) fn upload_id(self) -> Result<String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            upload_id: String,
        }
        Ok(self.parse::<Created>()?.upload_id)
    }

    pub(super) fn etag(self) -> Result<String> {
        #[derive(Deserialize)]
        struct Uploaded {
            etag: String,
        }
        Ok(self.parse::<Uploaded>()?.etag)
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.json).map_err(|error| {
            let text = format!("unexpected answer: {error}");
            R2Error::new(self.method, 0, text).into()
        })
    }
}

#[cfg(test)]
mod tests;
