//! The operation of a request, parsed from its JSON and checked.

mod raw;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::condition::Condition;
use super::digest::ExpectedDigest;
use super::error::R2Error;
use super::integer::WireU32;
use super::key::{Key, UploadId};
use super::list::ListQuery;
use super::metadata::ObjectMetadata;
use super::range::RangeRequest;
use raw::{Head, RawCreate, RawDelete, RawGet, RawObject, RawPut, RawUpload};

/// An operation of a bucket.
#[derive(Debug)]
pub(super) enum Operation {
    /// Sent with `GET`.
    Read(Read),
    /// Sent with `PUT`.
    Write(Write),
}

#[derive(Debug)]
pub(super) enum Read {
    Head(Key),
    Get(Get),
    List(ListQuery),
}

#[derive(Debug)]
pub(super) enum Write {
    Put(Box<Put>),
    Delete(Vec<Key>),
    CreateUpload(Key, ObjectMetadata),
    UploadPart(UploadId, u32),
    CompleteUpload(UploadId, Vec<PartRef>),
    AbortUpload(UploadId),
}

#[derive(Debug)]
pub(super) struct Get {
    pub(super) key: Key,
    pub(super) range: RangeRequest,
    pub(super) condition: Option<Condition>,
}

#[derive(Debug)]
pub(super) struct Put {
    pub(super) key: Key,
    pub(super) metadata: ObjectMetadata,
    pub(super) condition: Option<Condition>,
    pub(super) digest: Option<ExpectedDigest>,
}

/// A part in the list of a completion.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartRef {
    pub(super) etag: String,
    pub(super) part: WireU32,
}

impl Operation {
    /// Parses a request's JSON.
    ///
    /// # Errors
    /// Fails when the JSON is malformed, or asks for something that a bucket does not support.
    pub(super) fn parse(json: &[u8]) -> Result<Self, R2Error> {
        let Head { version, method } = from_json(json)?;
        if version != Some(1) {
            return Err(R2Error::invalid("the version of a request must be 1"));
        }
        Ok(match method.as_str() {
            "head" => Self::Read(from_json::<RawObject>(json)?.head()?),
            "get" => Self::Read(from_json::<RawGet>(json)?.checked()?),
            "list" => Self::Read(Read::List(ListQuery::checked(from_json(json)?)?)),
            "put" => Self::Write(from_json::<RawPut>(json)?.checked()?),
            "delete" => Self::Write(from_json::<RawDelete>(json)?.checked()?),
            "createMultipartUpload" => Self::Write(from_json::<RawCreate>(json)?.checked()?),
            "uploadPart" => Self::Write(from_json::<RawUpload>(json)?.part()?),
            "completeMultipartUpload" => Self::Write(from_json::<RawUpload>(json)?.complete()?),
            "abortMultipartUpload" => Self::Write(from_json::<RawUpload>(json)?.abort()?),
            _ => return Err(R2Error::invalid("the method of a request is not known")),
        })
    }

    pub(super) fn is_read(&self) -> bool {
        match self {
            Self::Read(_) => true,
            Self::Write(_) => false,
        }
    }

    /// Returns whether a value follows the JSON.
    pub(super) fn has_value(&self) -> bool {
        matches!(self, Self::Write(Write::Put(_) | Write::UploadPart(..)))
    }
}

fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, R2Error> {
    serde_json::from_slice(json)
        .map_err(|error| R2Error::invalid(format!("unreadable request: {error}")))
}
