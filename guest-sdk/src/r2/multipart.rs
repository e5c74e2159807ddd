//! Uploads in parts.

use serde_json::{Value, json};

use super::service::{Answer, Call, Service};
use super::{R2Object, unexpected};
use crate::{Body, Result};

/// An upload in parts. It stays open until it is completed or aborted, for a week at most.
#[derive(Clone, Debug)]
pub struct R2MultipartUpload {
    service: Service,
    key: String,
    upload_id: String,
}

/// A part that was uploaded: an argument of [`complete`](R2MultipartUpload::complete).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct R2UploadedPart {
    /// The number of the part, from 1 to 10,000.
    pub part_number: u32,
    /// The part's entity tag.
    pub etag: String,
}

impl R2MultipartUpload {
    pub(super) fn new(service: Service, key: String, upload_id: String) -> Self {
        Self {
            service,
            key,
            upload_id,
        }
    }

    /// The key of the object that the upload becomes.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The id by which the upload can be resumed.
    #[must_use]
    pub fn upload_id(&self) -> &str {
        &self.upload_id
    }

    /// Uploads a part whose length is known, and replaces the part of the same number, which is from 1 to 10,000. All parts
    /// but the last must have one size, of at least 5 MiB.
    ///
    /// # Errors
    /// Fails with code 10029 for another number, with 100100 when the part is too long, with 10024 when the upload is over,
    /// with [`Error::Unsendable`](crate::Error::Unsendable) when the length is not known, and as
    /// [`R2Bucket::head`](super::R2Bucket::head) does.
    pub async fn upload_part(
        &self,
        part_number: u32,
        value: impl Into<Body>,
    ) -> Result<R2UploadedPart> {
        let mut fields = self.fields();
        fields["partNumber"] = part_number.into();
        let call = Call::new("uploadPart", fields);
        match self.service.put(call, value.into()).await? {
            Answer::Success(answer) => Ok(R2UploadedPart {
                part_number,
                etag: answer.etag()?,
            }),
            Answer::NotFound | Answer::PreconditionFailed(_) => Err(unexpected("uploadPart")),
        }
    }

    /// Joins the parts to an object, in the order of their numbers. Parts that are not listed are dropped.
    ///
    /// # Errors
    /// Fails with code 10025 for a part that does not exist, with 10011 and 10048 for parts whose sizes do not fit, with 100100
    /// when the object would be too long, with 10024 when the upload is over, and as
    /// [`R2Bucket::head`](super::R2Bucket::head) does.
    pub async fn complete(
        &self,
        parts: impl IntoIterator<Item = R2UploadedPart>,
    ) -> Result<R2Object> {
        let parts = parts.into_iter();
        let parts = parts.map(|part| json!({ "etag": part.etag, "part": part.part_number }));
        let mut fields = self.fields();
        fields["parts"] = parts.collect();
        let call = Call::new("completeMultipartUpload", fields);
        match self.service.put(call, Body::empty()).await? {
            Answer::Success(answer) => Ok(answer.object()?.0),
            Answer::NotFound | Answer::PreconditionFailed(_) => {
                Err(unexpected("completeMultipartUpload"))
            }
        }
    }

    /// Aborts the upload and deletes its parts. An upload that is over stays as it is.
    ///
    /// # Errors
    /// Fails with code 10024 when the upload has never existed, and as [`R2Bucket::head`](super::R2Bucket::head) does.
    pub async fn abort(&self) -> Result<()> {
        let call = Call::new("abortMultipartUpload", self.fields());
        self.service.put(call, Body::empty()).await.map(drop)
    }

    fn fields(&self) -> Value {
        json!({ "object": self.key, "uploadId": self.upload_id })
    }
}
