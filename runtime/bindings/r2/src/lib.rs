//! The R2 binding: a bucket as a service, on the wire that workerd's own client of it speaks.
//!
//! | module | duty |
//! |---|---|
//! | `request`, `bounded_list`, `integer` | a request's JSON to a checked operation |
//! | `key` | the names of objects and uploads |
//! | `range`, `condition`, `metadata`, `digest`, `checksum` | the options of operations, and checksums |
//! | `bucket`, `multipart`, `list` | the operations |
//! | `expiry` | the abortion of old uploads |
//! | `index` | the rows of objects and uploads, in SQLite |
//! | `blobs` | the bytes of objects, in files or in another machine's store |
//! | `request_body`, `answer` | the bodies of requests and of answers |
//! | `buckets`, `s3` | the buckets of a config, opened |
//! | `files` | transfers between objects and files, for the command line |
//! | `public` | the objects under the public path of a bucket |

mod answer;
mod blobs;
mod bounded_list;
mod bucket;
pub mod buckets;
mod checksum;
mod condition;
mod digest;
mod error;
mod expiry;
pub mod files;
mod index;
mod integer;
mod key;
mod limits;
mod list;
mod metadata;
mod multipart;
mod now;
mod object;
pub mod public;
mod random;
mod range;
mod request;
mod request_body;
mod s3;

use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{Method, Request, Response};
use safelight_hop::{Body, Call, HopService, log};
use safelight_protocol::headers::{R2_METADATA_SIZE, R2_REQUEST};
use serde_json::json;
use tower::service_fn;

pub use bucket::Bucket;
pub use error::R2Error;
pub use s3::Credentials;

use bucket::GetOutcome;
use error::Code;
use limits::MAX_REQUEST_JSON_BYTES;
use object::{Include, Object};
use request::{Operation, Read, Write};
use request_body::RequestBody;

/// The service behind an R2 binding to a bucket.
pub fn service(bucket: Bucket) -> impl HopService {
    service_fn(move |call: Call| {
        let bucket = bucket.clone();
        async move { Ok(answer(&bucket, call.request).await) }
    })
}

/// Answers any request.
async fn answer(bucket: &Bucket, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let length = match head.headers.get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok().and_then(|text| text.parse().ok()),
        None => None,
    };
    let mut body = RequestBody::new(body, length.unwrap_or(0));
    let outcome = match operation(&head, length, &mut body).await {
        Ok(operation) => perform(bucket, operation, &mut body).await,
        Err(error) => Err(error),
    };
    if outcome.is_err() {
        body.drain().await;
    }
    outcome.unwrap_or_else(|error| answer::error(&error, None))
}

/// Parses the operation, and reads nothing of its value.
async fn operation(
    head: &Parts,
    length: Option<u64>,
    body: &mut RequestBody,
) -> Result<Operation, R2Error> {
    if head.uri.path() != "/" {
        let text = "a bucket answers at / only";
        return Err(R2Error::new(Code::NoSuchBucket, text));
    }
    let reads = match head.method {
        Method::GET => true,
        Method::PUT => false,
        _ => return Err(R2Error::invalid("a bucket takes GET and PUT only")),
    };
    let operation = match reads {
        true => {
            let json = head.headers.get(R2_REQUEST);
            let json =
                json.ok_or_else(|| R2Error::invalid("the header cf-r2-request is missing"))?;
            Operation::parse(json.as_bytes())?
        }
        false => {
            if length.is_none() {
                let text = "Content-Length is missing";
                return Err(R2Error::new(Code::LengthMissing, text));
            }
            let size = metadata_size(head, body.left())?;
            Operation::parse(&body.read_exact(size).await?)?
        }
    };
    match operation.is_read() == reads {
        true => Ok(operation),
        false => Err(R2Error::invalid(format!(
            "the method {} is not allowed for this operation; reads use GET, writes use PUT",
            head.method
        ))),
    }
}

/// The number of bytes at the front of the body that are the request's JSON.
fn metadata_size(head: &Parts, length: u64) -> Result<usize, R2Error> {
    let size = head.headers.get(R2_METADATA_SIZE);
    let size = size.and_then(|size| size.to_str().ok()?.parse::<u64>().ok());
    match size {
        Some(size) if size > MAX_REQUEST_JSON_BYTES => Err(R2Error::invalid(format!(
            "the JSON of a request has at most {MAX_REQUEST_JSON_BYTES} bytes"
        ))),
        Some(size) if size <= length => {
            usize::try_from(size).map_err(|_| R2Error::invalid("cf-r2-metadata-size is too large"))
        }
        Some(_) | None => Err(R2Error::invalid(
            "cf-r2-metadata-size is missing, or more than the body has",
        )),
    }
}

async fn perform(
    bucket: &Bucket,
    operation: Operation,
    body: &mut RequestBody,
) -> Result<Response<Body>, R2Error> {
    if !operation.has_value() && body.left() > 0 {
        return Err(R2Error::invalid("only put and uploadPart have a value"));
    }
    let Outcome {
        mut answer,
        summary,
    } = match operation {
        Operation::Read(read) => self::read(bucket, read).await?,
        Operation::Write(write) => self::write(bucket, write, body).await?,
    };
    // An answer of an error has a summary of its own.
    if answer.status().is_success() {
        answer::set_summary(&mut answer, &format!("{}: {summary}", bucket.name));
    }
    Ok(answer)
}

/// The outcome of an operation.
struct Outcome {
    answer: Response<Body>,
    /// The operation in the log.
    summary: String,
}

impl Outcome {
    fn new(answer: Response<Body>, summary: String) -> Self {
        Self { answer, summary }
    }
}

async fn read(bucket: &Bucket, read: Read) -> Result<Outcome, R2Error> {
    Ok(match read {
        Read::Head(key) => {
            let object = bucket.head(key).await?;
            let whole = 0..object.size;
            let json = object.json(Include::ALL, Some(&whole));
            Outcome::new(answer::json(json), log_summary("head", &object))
        }
        Read::Get(get) => match bucket.get(get).await? {
            GetOutcome::Found(found) => {
                let summary = log_summary("get", &found.object);
                Outcome::new(answer::object(*found), summary)
            }
            GetOutcome::PreconditionFailed(object) => {
                let error = R2Error::precondition_failed();
                Outcome::new(answer::error(&error, Some(&object)), String::new())
            }
        },
        Read::List(query) => Outcome::new(answer::json(bucket.list(query).await?), "list".into()),
    })
}

async fn write(bucket: &Bucket, write: Write, body: &mut RequestBody) -> Result<Outcome, R2Error> {
    Ok(match write {
        Write::Put(put) => {
            let object = bucket.put(*put, body).await?;
            stored("put", &object)
        }
        Write::Delete(keys) => {
            let summary = match keys.as_slice() {
                [key] => format!("delete {}", key.as_str()),
                keys => format!("delete {} keys", keys.len()),
            };
            bucket.delete(keys).await?;
            Outcome::new(answer::empty(), summary)
        }
        Write::CreateUpload(key, metadata) => {
            let summary = format!("createMultipartUpload {}", key.as_str());
            let id = bucket.create_upload(key, metadata).await?;
            let json = json!({ "uploadId": id }).to_string();
            Outcome::new(answer::json(json), summary)
        }
        Write::UploadPart(id, number) => {
            let summary = format!("uploadPart {number} of {}", id.key.as_str());
            let etag = bucket.upload_part(id, number, body).await?;
            let json = json!({ "etag": etag }).to_string();
            Outcome::new(answer::json(json), summary)
        }
        Write::CompleteUpload(id, parts) => {
            let object = bucket.complete_upload(id, parts).await?;
            stored("completeMultipartUpload", &object)
        }
        Write::AbortUpload(id) => {
            let summary = format!("abortMultipartUpload {}", id.key.as_str());
            bucket.abort_upload(id).await?;
            Outcome::new(answer::empty(), summary)
        }
    })
}

fn stored(method: &str, object: &Object) -> Outcome {
    let answer = answer::json(object.json(Include::ALL, None));
    Outcome::new(answer, log_summary(method, object))
}

/// The summary of an operation on an object, for the log.
fn log_summary(method: &str, object: &Object) -> String {
    format!("{method} {}, {}", object.key, log::Bytes(object.size))
}
