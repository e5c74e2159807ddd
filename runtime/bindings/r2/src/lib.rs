//! The R2 binding: a bucket as a service, on the wire that workerd's own client of it speaks.
//!
//! | module | duty |
//! |---|---|
//! | `request`, `list_of`, `integer` | a request's JSON to a checked operation |
//! | `key` | the names of objects and uploads |
//! | `range`, `condition`, `metadata`, `digest` | the parts of operations, each with its rules |
//! | `bucket`, `multipart`, `list` | what an operation does |
//! | `expiry` | what nobody has to ask for: the end of old uploads |
//! | `index` | what is known of objects: SQLite |
//! | `blobs` | their bytes: files, or another machine's store |
//! | `upload`, `answer` | bodies in, bodies out |
//! | `buckets`, `s3` | the buckets of a config, opened |
//! | `files` | objects to and from files, for the command line |
//! | `public` | objects to whoever asks by a URL, where the config says so |

mod answer;
mod blobs;
mod bucket;
pub mod buckets;
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
mod list_of;
mod metadata;
mod multipart;
mod now;
mod object;
pub mod public;
mod random;
mod range;
mod request;
mod s3;
mod upload;

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

use bucket::Got;
use error::Code;
use limits::REQUEST_JSON_BYTES;
use object::{Include, Object};
use request::{Operation, Read, Write};
use upload::Upload;

/// The service behind an R2 binding to a bucket.
pub fn service(bucket: Bucket) -> impl HopService {
    service_fn(move |call: Call| {
        let bucket = bucket.clone();
        async move { Ok(answer(&bucket, call.request).await) }
    })
}

/// Answers a request, whatever it is.
async fn answer(bucket: &Bucket, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let length = match head.headers.get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok().and_then(|text| text.parse().ok()),
        None => None,
    };
    let mut upload = Upload::new(body, length.unwrap_or(0));
    let answered = match operation(&head, length, &mut upload).await {
        Ok(operation) => perform(bucket, operation, &mut upload).await,
        Err(error) => Err(error),
    };
    if answered.is_err() {
        upload.drain().await;
    }
    answered.unwrap_or_else(|error| answer::error(&error, None))
}

/// Reads what is asked for, and nothing of a value.
async fn operation(
    head: &Parts,
    length: Option<u64>,
    upload: &mut Upload,
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
            Operation::read(json.as_bytes())?
        }
        false => {
            if length.is_none() {
                let text = "Content-Length is missing";
                return Err(R2Error::new(Code::LengthMissing, text));
            }
            let size = metadata_size(head, upload.left())?;
            Operation::read(&upload.exactly(size).await?)?
        }
    };
    match operation.is_read() == reads {
        true => Ok(operation),
        false => Err(R2Error::invalid(
            "this is asked with the other of GET and PUT",
        )),
    }
}

/// How much of the body is the request's JSON.
fn metadata_size(head: &Parts, length: u64) -> Result<usize, R2Error> {
    let size = head.headers.get(R2_METADATA_SIZE);
    let size = size.and_then(|size| size.to_str().ok()?.parse::<u64>().ok());
    match size {
        Some(size) if size > REQUEST_JSON_BYTES => Err(R2Error::invalid(format!(
            "the JSON of a request has at most {REQUEST_JSON_BYTES} bytes"
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
    upload: &mut Upload,
) -> Result<Response<Body>, R2Error> {
    if !operation.has_value() && upload.left() > 0 {
        return Err(R2Error::invalid("only put and uploadPart have a value"));
    }
    let (mut answer, what) = match operation {
        Operation::Read(read) => self::read(bucket, read).await?,
        Operation::Write(write) => self::write(bucket, write, upload).await?,
    };
    // An error says itself what it is.
    if answer.status().is_success() {
        answer::summarize(&mut answer, &format!("{}: {what}", bucket.name));
    }
    Ok(answer)
}

/// An answer, and what was done, for the log.
type Done = (Response<Body>, String);

async fn read(bucket: &Bucket, read: Read) -> Result<Done, R2Error> {
    Ok(match read {
        Read::Head(key) => {
            let object = bucket.head(key).await?;
            let whole = 0..object.size;
            let json = object.json(Include::ALL, Some(&whole));
            (answer::json_only(json), told("head", &object))
        }
        Read::Get(get) => match bucket.get(get).await? {
            Got::Object(found) => {
                let what = told("get", &found.object);
                (answer::object(*found), what)
            }
            Got::Refused(object) => {
                let error = R2Error::precondition_failed();
                (answer::error(&error, Some(&object)), String::new())
            }
        },
        Read::List(query) => (answer::json_only(bucket.list(query).await?), "list".into()),
    })
}

async fn write(bucket: &Bucket, write: Write, upload: &mut Upload) -> Result<Done, R2Error> {
    Ok(match write {
        Write::Put(put) => {
            let object = bucket.put(*put, upload).await?;
            stored("put", &object)
        }
        Write::Delete(keys) => {
            let what = match keys.as_slice() {
                [key] => format!("delete {}", key.as_str()),
                keys => format!("delete {} keys", keys.len()),
            };
            bucket.delete(keys).await?;
            (answer::nothing(), what)
        }
        Write::CreateUpload(key, metadata) => {
            let what = format!("createMultipartUpload {}", key.as_str());
            let id = bucket.create_upload(key, metadata).await?;
            let json = json!({ "uploadId": id }).to_string();
            (answer::json_only(json), what)
        }
        Write::UploadPart(id, number) => {
            let what = format!("uploadPart {number} of {}", id.key.as_str());
            let etag = bucket.upload_part(id, number, upload).await?;
            (answer::json_only(json!({ "etag": etag }).to_string()), what)
        }
        Write::CompleteUpload(id, parts) => {
            let object = bucket.complete_upload(id, parts).await?;
            stored("completeMultipartUpload", &object)
        }
        Write::AbortUpload(id) => {
            let what = format!("abortMultipartUpload {}", id.key.as_str());
            bucket.abort_upload(id).await?;
            (answer::nothing(), what)
        }
    })
}

fn stored(method: &str, object: &Object) -> Done {
    let answer = answer::json_only(object.json(Include::ALL, None));
    (answer, told(method, object))
}

/// What was done to an object, for the log.
fn told(method: &str, object: &Object) -> String {
    format!("{method} {}, {}", object.key, log::Bytes(object.size))
}
