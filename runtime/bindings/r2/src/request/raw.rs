//! The JSON of requests, a type for the fields of each method.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Get, PartRef, Put, Read, Write};
use crate::bounded_list::{BoundedList, TruncatedList};
use crate::condition::Condition;
use crate::digest::{Algorithm, ExpectedDigest};
use crate::error::{Code, R2Error};
use crate::integer;
use crate::key::{Key, UploadId};
use crate::limits::{MAX_DELETE_KEYS, MAX_PART_NUMBER, MAX_PARTS};
use crate::metadata::{self, CustomFields, HttpFields, ObjectMetadata, StorageClass};
use crate::range::{RangeRequest, Slice};

/// The fields that every request has.
#[derive(Deserialize)]
pub(super) struct Head {
    #[serde(default, deserialize_with = "integer::optional")]
    pub(super) version: Option<i64>,
    pub(super) method: String,
}

/// Refuses encryption keys of the customer, which are not supported.
fn no_key(ssec: Option<&IgnoredAny>) -> Result<(), R2Error> {
    match ssec {
        Some(_) => Err(R2Error::invalid("ssec is not supported yet")),
        None => Ok(()),
    }
}

fn object_metadata(
    http: Option<HttpFields>,
    custom: Option<CustomFields>,
    storage_class: Option<&str>,
) -> Result<ObjectMetadata, R2Error> {
    Ok(ObjectMetadata {
        http: http.unwrap_or_default().checked()?,
        custom: metadata::checked(custom.unwrap_or_default())?,
        storage_class: storage_class.map_or(Ok(StorageClass::default()), StorageClass::parse)?,
    })
}

/// The JSON of a method. [`Head`] has `version` and `method` already.
macro_rules! raw {
    ($name:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty),* $(,)? }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub(super) struct $name {
            #[serde(rename = "version")]
            _version: IgnoredAny,
            #[serde(rename = "method")]
            _method: IgnoredAny,
            $($(#[$attribute])* $field: $kind,)*
        }
    };
}

raw!(RawObject { object: String });

impl RawObject {
    pub(super) fn head(self) -> Result<Read, R2Error> {
        Ok(Read::Head(Key::new(self.object)?))
    }
}

raw!(RawGet {
    object: String,
    range: Option<Slice>,
    only_if: Option<Condition>,
    range_header: Option<String>,
    ssec: Option<IgnoredAny>,
});

impl RawGet {
    pub(super) fn checked(self) -> Result<Read, R2Error> {
        no_key(self.ssec.as_ref())?;
        let range = match (self.range, self.range_header) {
            (Some(_), Some(_)) => {
                return Err(R2Error::invalid("range and rangeHeader exclude each other"));
            }
            (Some(slice), None) => RangeRequest::Slice(slice),
            (None, Some(value)) => RangeRequest::Header(value),
            (None, None) => RangeRequest::Whole,
        };
        Ok(Read::Get(Get {
            key: Key::new(self.object)?,
            range,
            condition: self.only_if,
        }))
    }
}

raw!(RawPut {
    object: String,
    custom_fields: Option<CustomFields>,
    http_fields: Option<HttpFields>,
    only_if: Option<Condition>,
    md5: Option<String>,
    sha1: Option<String>,
    sha256: Option<String>,
    sha384: Option<String>,
    sha512: Option<String>,
    storage_class: Option<String>,
    ssec: Option<IgnoredAny>,
});

impl RawPut {
    pub(super) fn checked(self) -> Result<Write, R2Error> {
        no_key(self.ssec.as_ref())?;
        let key = Key::new(self.object)?;
        let metadata = object_metadata(
            self.http_fields,
            self.custom_fields,
            self.storage_class.as_deref(),
        )?;
        let hashes = [self.md5, self.sha1, self.sha256, self.sha384, self.sha512];
        let mut given = Algorithm::ALL
            .into_iter()
            .zip(hashes)
            .filter_map(|(algorithm, text)| Some((algorithm, text?)));
        let digest = given
            .next()
            .map(|(algorithm, text)| ExpectedDigest::parse(algorithm, &text))
            .transpose()?;
        if given.next().is_some() {
            return Err(R2Error::invalid("a value is given with one digest at most"));
        }
        Ok(Write::Put(Box::new(Put {
            key,
            metadata,
            condition: self.only_if,
            digest,
        })))
    }
}

raw!(RawDelete {
    object: Option<String>,
    objects: Option<TruncatedList<String, MAX_DELETE_KEYS>>,
});

impl RawDelete {
    pub(super) fn checked(self) -> Result<Write, R2Error> {
        let keys = match (self.object, self.objects) {
            (Some(key), None) => TruncatedList {
                first: vec![key],
                has_more: false,
            },
            (None, Some(keys)) => keys,
            _ => return Err(R2Error::invalid("delete needs object or objects, not both")),
        };
        if keys.first.is_empty() || keys.has_more {
            let message = format!("delete takes from 1 to {MAX_DELETE_KEYS} keys");
            return Err(R2Error::new(Code::TooManyKeys, message));
        }
        let keys = keys
            .first
            .into_iter()
            .map(Key::new)
            .collect::<Result<_, _>>()?;
        Ok(Write::Delete(keys))
    }
}

raw!(RawCreate {
    object: String,
    custom_fields: Option<CustomFields>,
    http_fields: Option<HttpFields>,
    storage_class: Option<String>,
    ssec: Option<IgnoredAny>,
});

impl RawCreate {
    pub(super) fn checked(self) -> Result<Write, R2Error> {
        no_key(self.ssec.as_ref())?;
        Ok(Write::CreateUpload(
            Key::new(self.object)?,
            object_metadata(
                self.http_fields,
                self.custom_fields,
                self.storage_class.as_deref(),
            )?,
        ))
    }
}

raw!(RawUpload {
    object: String,
    upload_id: String,
    #[serde(default, deserialize_with = "integer::optional")]
    part_number: Option<i64>,
    parts: Option<BoundedList<PartRef, MAX_PARTS>>,
    ssec: Option<IgnoredAny>,
});

impl RawUpload {
    pub(super) fn part(self) -> Result<Write, R2Error> {
        let number = self
            .part_number
            .and_then(|number| u32::try_from(number).ok());
        match number {
            Some(number) if (1..=MAX_PART_NUMBER).contains(&number) => {
                Ok(Write::UploadPart(self.only()?, number))
            }
            _ => Err(R2Error::invalid(format!(
                "partNumber must be from 1 to {MAX_PART_NUMBER}"
            ))),
        }
    }

    pub(super) fn complete(mut self) -> Result<Write, R2Error> {
        match (self.parts.take(), self.part_number) {
            (Some(parts), None) => Ok(Write::CompleteUpload(self.only()?, parts.0)),
            _ => Err(R2Error::invalid("completeMultipartUpload needs parts")),
        }
    }

    pub(super) fn abort(self) -> Result<Write, R2Error> {
        if self.part_number.is_some() {
            return Err(R2Error::invalid("abortMultipartUpload takes no partNumber"));
        }
        Ok(Write::AbortUpload(self.only()?))
    }

    /// The upload, if the request has no other field.
    fn only(self) -> Result<UploadId, R2Error> {
        no_key(self.ssec.as_ref())?;
        if self.parts.is_some() {
            return Err(R2Error::invalid("parts belong to completeMultipartUpload"));
        }
        Ok(UploadId {
            key: Key::new(self.object)?,
            id: self.upload_id,
        })
    }
}
