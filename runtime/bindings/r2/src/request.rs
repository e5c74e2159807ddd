//! A request's JSON, as the wire has it, to a typed and checked operation.

mod raw;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::condition::Condition;
use super::digest::Given;
use super::error::{Code, R2Error};
use super::integer::Small;
use super::limits::KEY_BYTES;
use super::list::ListQuery;
use super::metadata::{CustomField, HttpFields, StorageClass};
use super::range::Wanted;
use raw::{Head, RawCreate, RawDelete, RawGet, RawObject, RawPut, RawUpload};

/// What a bucket can be asked for.
#[derive(Debug)]
pub(super) enum Operation {
    /// The wire has these as `GET`.
    Read(Read),
    /// And these as `PUT`.
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
    CreateUpload(Key, Described),
    UploadPart(UploadId, u32),
    CompleteUpload(UploadId, Vec<PartRef>),
    AbortUpload(UploadId),
}

/// The key of an object: any text of at most 1,024 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn new(text: String) -> Result<Self, R2Error> {
        if text.len() > KEY_BYTES {
            let message = format!(
                "The specified object name is not valid: {} bytes exceed the limit of {KEY_BYTES}",
                text.len()
            );
            return Err(R2Error::new(Code::InvalidName, message));
        }
        Ok(Self(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[derive(Debug)]
pub(super) struct Get {
    pub(super) key: Key,
    pub(super) wanted: Wanted,
    pub(super) condition: Option<Condition>,
}

#[derive(Debug)]
pub(super) struct Put {
    pub(super) key: Key,
    pub(super) described: Described,
    pub(super) condition: Option<Condition>,
    pub(super) digest: Option<Given>,
}

/// What an object is given besides its bytes.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) http: HttpFields,
    pub(super) custom: Vec<CustomField>,
    pub(super) storage_class: StorageClass,
}

/// An upload in parts, for one key.
#[derive(Clone, Debug)]
pub(super) struct UploadId {
    pub(super) key: Key,
    pub(super) id: String,
}

/// A part as its uploader names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartRef {
    pub(super) etag: String,
    pub(super) part: Small,
}

impl Operation {
    /// Reads a request's JSON.
    ///
    /// # Errors
    /// When it cannot be read, or says something that a bucket does not take.
    pub(super) fn read(json: &[u8]) -> Result<Self, R2Error> {
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

    /// Whether bytes to be stored come behind its JSON.
    pub(super) fn has_value(&self) -> bool {
        matches!(self, Self::Write(Write::Put(_) | Write::UploadPart(..)))
    }
}

fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, R2Error> {
    serde_json::from_slice(json)
        .map_err(|error| R2Error::invalid(format!("unreadable request: {error}")))
}
