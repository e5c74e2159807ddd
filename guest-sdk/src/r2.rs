//! R2 buckets: objects under keys, streamed in and out.

mod condition;
mod date;
mod hash;
mod list;
mod multipart;
mod object;
mod options;
mod service;

use serde_json::json;

use crate::{Body, Error, R2Error, Result};

pub use condition::{R2Conditional, R2Etag};
pub use hash::R2Hash;
pub use list::{R2ListOptions, R2Objects};
pub use multipart::{R2MultipartUpload, R2UploadedPart};
pub use object::{R2HttpMetadata, R2Object, R2ObjectBody, R2StorageClass};
pub use options::{R2GetOptions, R2MultipartOptions, R2PutOptions, R2Range};
use service::{Answer, Call, Service};

/// A bucket, handed out by [`Env::bucket`](crate::Env::bucket).
///
/// ```no_run
/// use safelight_sdk::{Env, Request, Response, Result, http::StatusCode, response};
///
/// async fn photo(request: Request, env: Env) -> Result<Response> {
///     let photos = env.bucket("PHOTOS")?;
///     let key = request.uri().path().trim_start_matches('/');
///     Ok(match photos.get(key).await? {
///         Some(photo) => photo.response(),
///         None => response::text(StatusCode::NOT_FOUND, "no such photo\n"),
///     })
/// }
/// ```
///
/// # Limits
///
/// A key has at most 1,024 bytes (code 10020 beyond that). A value, or a part of an upload, has at most 5 GiB less 5 MiB,
/// and an object of parts at most 5 TiB less 5 GiB (100100). The custom metadata of an object has at most 8,192 bytes, and
/// so have the texts of its HTTP metadata (10012). A character beyond U+00FF in custom metadata counts twice, with all others
/// of its text.
#[derive(Clone, Debug)]
pub struct R2Bucket {
    service: Service,
}

/// The outcome of [`R2Bucket::get_with`].
#[derive(Debug)]
pub enum R2GetOutcome {
    /// The object, with its bytes.
    Object(R2ObjectBody),
    /// The object for which the condition does not hold.
    PreconditionFailed(R2Object),
    /// No object has this key.
    NotFound,
}

impl R2Bucket {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            service: Service::new(address),
        }
    }

    /// Gets the metadata of an object, without its bytes.
    ///
    /// # Errors
    /// Fails with [`R2Error`] when the bucket refuses the call or fails, such as 10020 for a key that is too long, and with
    /// [`Error::Http`] when there is no answer. Every call has these two errors.
    pub async fn head(&self, key: &str) -> Result<Option<R2Object>> {
        let call = Call::new("head", json!({ "object": key }));
        match self.service.get(call).await? {
            Answer::Success(answer) => Ok(Some(answer.object()?.0)),
            Answer::NotFound => Ok(None),
            Answer::PreconditionFailed(_) => Err(unexpected("head")),
        }
    }

    /// Gets an object with its bytes, which are streamed as they are read.
    ///
    /// A body that is passed on unread, such as the body of a [response](R2ObjectBody::response), does not enter the worker
    /// where the host can join both ends.
    ///
    /// # Errors
    /// Fails as [`head`](Self::head) does.
    pub async fn get(&self, key: &str) -> Result<Option<R2ObjectBody>> {
        match self.get_with(key, R2GetOptions::new()).await? {
            R2GetOutcome::Object(object) => Ok(Some(object)),
            R2GetOutcome::NotFound => Ok(None),
            R2GetOutcome::PreconditionFailed(_) => Err(unexpected("get")),
        }
    }

    /// Gets a part of an object, or an object on a condition.
    ///
    /// # Errors
    /// Fails with code 10039 when the object has no such part, and as [`head`](Self::head) does.
    pub async fn get_with(&self, key: &str, options: R2GetOptions) -> Result<R2GetOutcome> {
        let call = Call::new("get", options.into_json(key)?);
        Ok(match self.service.get(call).await? {
            Answer::Success(answer) => {
                let (object, body) = answer.object()?;
                R2GetOutcome::Object(R2ObjectBody::new(object, body))
            }
            Answer::PreconditionFailed(Some(answer)) => {
                R2GetOutcome::PreconditionFailed(answer.object()?.0)
            }
            Answer::PreconditionFailed(None) => return Err(unexpected("get")),
            Answer::NotFound => R2GetOutcome::NotFound,
        })
    }

    /// Stores a value whose length is known: text, bytes, the body of a request or of an answer.
    ///
    /// # Errors
    /// Fails with [`Error::Unsendable`] when the length is not known, with code 100100 when the value is too long, and as
    /// [`head`](Self::head) does.
    pub async fn put(&self, key: &str, value: impl Into<Body>) -> Result<R2Object> {
        let stored = self.put_with(key, value, R2PutOptions::new()).await?;
        stored.ok_or_else(|| unexpected("put"))
    }

    /// Stores a value with metadata, with a digest to verify, or on a condition. `None` means that the condition did not hold.
    ///
    /// # Errors
    /// Fails with code 10037 when the value does not have the digest, with 10012 when the metadata is too long, and as
    /// [`put`](Self::put) does.
    pub async fn put_with(
        &self,
        key: &str,
        value: impl Into<Body>,
        options: R2PutOptions,
    ) -> Result<Option<R2Object>> {
        let call = Call::new("put", options.into_json(key)?);
        match self.service.put(call, value.into()).await? {
            Answer::Success(answer) => Ok(Some(answer.object()?.0)),
            Answer::PreconditionFailed(_) => Ok(None),
            Answer::NotFound => Err(unexpected("put")),
        }
    }

    /// Deletes an object. A key without an object is no error.
    ///
    /// # Errors
    /// Fails as [`head`](Self::head) does.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let call = Call::new("delete", json!({ "object": key }));
        self.service.put(call, Body::empty()).await.map(drop)
    }

    /// Deletes up to 1,000 objects: all of them, or none on an error.
    ///
    /// # Errors
    /// Fails with code 10027 for another number of keys, and as [`head`](Self::head) does.
    pub async fn delete_many<K: AsRef<str>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<()> {
        let keys: Vec<_> = keys
            .into_iter()
            .map(|key| key.as_ref().to_owned())
            .collect();
        let call = Call::new("delete", json!({ "objects": keys }));
        self.service.put(call, Body::empty()).await.map(drop)
    }

    /// Lists a page of the bucket's objects, in the order of their keys' bytes.
    ///
    /// # Errors
    /// Fails with code 10022 for a limit out of range, and as [`head`](Self::head) does.
    pub async fn list(&self, options: R2ListOptions) -> Result<R2Objects> {
        let call = Call::new("list", options.into_json());
        match self.service.get(call).await? {
            Answer::Success(answer) => answer.list(),
            Answer::NotFound | Answer::PreconditionFailed(_) => Err(unexpected("list")),
        }
    }

    /// Begins an upload in parts, which become an object when it is completed.
    ///
    /// # Errors
    /// Fails with code 10012 when the metadata is too long, and as [`head`](Self::head) does.
    pub async fn create_multipart_upload(
        &self,
        key: &str,
        options: R2MultipartOptions,
    ) -> Result<R2MultipartUpload> {
        let call = Call::new("createMultipartUpload", options.into_json(key));
        match self.service.put(call, Body::empty()).await? {
            Answer::Success(answer) => {
                let id = answer.upload_id()?;
                Ok(self.resume_multipart_upload(key, id))
            }
            Answer::NotFound | Answer::PreconditionFailed(_) => {
                Err(unexpected("createMultipartUpload"))
            }
        }
    }

    /// Resumes an upload that was begun elsewhere. The method sends nothing, so that a wrong id fails only when it is used.
    pub fn resume_multipart_upload(
        &self,
        key: impl Into<String>,
        upload_id: impl Into<String>,
    ) -> R2MultipartUpload {
        R2MultipartUpload::new(self.service.clone(), key.into(), upload_id.into())
    }
}

/// The error for an answer that this call cannot have.
fn unexpected(method: &'static str) -> Error {
    R2Error::new(method, 0, "unexpected answer").into()
}
