//! Uploads in parts: begun, filled in any order, and made an object at one stroke.

use std::collections::{BTreeMap, HashSet};

use super::blobs::Segment;
use super::bucket::Bucket;
use super::digest::etag_of_parts;
use super::error::{Code, R2Error};
use super::index::uploads::{self, Part, State};
use super::index::{objects, transact};
use super::key::{Key, UploadId};
use super::limits::OBJECT_BYTES;
use super::metadata::ObjectMetadata;
use super::object::Object;
use super::request::PartRef;
use super::upload::Upload;
use super::{now, random};

impl Bucket {
    /// Begins an upload, and returns its id.
    pub(super) async fn create_upload(
        &self,
        key: Key,
        metadata: ObjectMetadata,
    ) -> Result<String, R2Error> {
        let done = self.index.run(move |index| {
            let id = random::upload_id()?;
            transact(index, |index| {
                uploads::create(index, &id, &key, &metadata, now::milliseconds())
            })?;
            Ok(id)
        });
        done.await
    }

    /// Stores a part, in the place of what has its number, and returns its entity tag.
    pub(super) async fn upload_part(
        &self,
        upload: UploadId,
        number: u32,
        value: &mut Upload,
    ) -> Result<String, R2Error> {
        let asked = upload.clone();
        let open = self
            .index
            .run(move |index| uploads::open(index, &asked, now::milliseconds()));
        open.await?;
        let (written, digests) = self.store(None, value).await?;
        let blobs = self.blobs.clone();
        let done = self.index.run(move |index| {
            let part = Part {
                version: random::hex_id()?,
                size: written.size(),
                etag: digests.md5,
            };
            let released = transact(index, |index| {
                // It may have been ended while the part was on its way.
                uploads::open(index, &upload, now::milliseconds())?;
                uploads::replace_part(index, &upload.id, number, &part, written.segments())
            })?;
            blobs.discard(released);
            written.keep();
            Ok(part.etag)
        });
        done.await
    }

    /// Makes the parts an object.
    pub(super) async fn complete_upload(
        &self,
        upload: UploadId,
        listed: Vec<PartRef>,
    ) -> Result<Object, R2Error> {
        let (blobs, least) = (self.blobs.releasing(), self.part_bytes);
        let done = self.index.run(move |index| {
            let now = now::milliseconds();
            let (object, released) = transact(index, |index| {
                let metadata = uploads::open(index, &upload, now)?;
                let parts = chosen(&uploads::parts(index, &upload.id)?, &listed, least)?;
                let mut segments: Vec<Segment> = Vec::new();
                for part in &parts {
                    segments.extend(objects::segments(index, &part.version)?);
                }
                let object = Object {
                    key: upload.key.as_str().to_owned(),
                    version: random::hex_id()?,
                    size: parts.iter().map(|part| part.size).sum(),
                    etag: etag_of_parts(parts.iter().map(|part| part.etag.as_str())),
                    uploaded: now,
                    checksums: Vec::new(),
                    http: metadata.http,
                    custom: metadata.custom,
                    storage_class: metadata.storage_class.as_str().to_owned(),
                };
                let mut released = uploads::end(index, &upload.id, State::Done)?;
                let kept: HashSet<_> = segments.iter().map(|segment| &segment.blob).collect();
                released.retain(|blob| !kept.contains(blob));
                released.extend(objects::replace(index, &object, &segments)?);
                Ok((object, released))
            })?;
            blobs.discard(released);
            Ok(object)
        });
        done.await
    }

    /// Gives an upload up; one that is over stays as it is.
    pub(super) async fn abort_upload(&self, upload: UploadId) -> Result<(), R2Error> {
        let blobs = self.blobs.releasing();
        let done = self.index.run(move |index| {
            let released = transact(index, |index| match uploads::state(index, &upload)? {
                State::Open => uploads::end(index, &upload.id, State::Aborted),
                State::Done | State::Aborted => Ok(Vec::new()),
            })?;
            blobs.discard(released);
            Ok(())
        });
        done.await
    }
}

/// The parts of the object in their order, if the list names parts that there are and that fit together.
fn chosen(
    there: &BTreeMap<u32, Part>,
    listed: &[PartRef],
    least: u64,
) -> Result<Vec<Part>, R2Error> {
    let mut numbers = HashSet::new();
    if let Some(twice) = listed.iter().find(|part| !numbers.insert(part.part.0)) {
        let text = format!("part {} is listed twice", twice.part.0);
        return Err(R2Error::new(Code::Internal, text));
    }
    let mut chosen = Vec::with_capacity(listed.len());
    for wanted in listed {
        match there.get(&wanted.part.0) {
            Some(part) if part.etag == wanted.etag => chosen.push((wanted.part.0, part.clone())),
            _ => {
                return Err(R2Error::new(
                    Code::NoSuchPart,
                    format!(
                        "One or more of the specified parts could not be found: part {}",
                        wanted.part.0
                    ),
                ));
            }
        }
    }
    let all_but_last = chosen.len().saturating_sub(1);
    if let Some((number, part)) = chosen
        .iter()
        .take(all_but_last)
        .find(|(_, part)| part.size < least)
    {
        let text = format!(
            "Your proposed upload is smaller than the minimum allowed object size: part {number} has {} \
             bytes, at least {least} are needed",
            part.size
        );
        return Err(R2Error::new(Code::PartTooSmall, text));
    }
    chosen.sort_by_key(|(number, _)| *number);
    let parts: Vec<Part> = chosen.into_iter().map(|(_, part)| part).collect();
    check_sizes(&parts, least)?;
    Ok(parts)
}

/// All parts but the last, in the order of their numbers, have one size, and the last is not larger.
fn check_sizes(parts: &[Part], least: u64) -> Result<(), R2Error> {
    let Some((last, others)) = parts.split_last() else {
        return Ok(());
    };
    let size = others.first().map_or(last.size, |part| part.size);
    let fits = others.is_empty()
        || size >= least && last.size <= size && others.iter().all(|part| part.size == size);
    if !fits {
        let text = "There was a problem with the multipart upload: all parts but the last must have the same size";
        return Err(R2Error::new(Code::UnequalParts, text));
    }
    let total = parts
        .iter()
        .fold(0_u64, |total, part| total.saturating_add(part.size));
    if total > OBJECT_BYTES {
        let text = format!("an object has at most {OBJECT_BYTES} bytes");
        return Err(R2Error::new(Code::TooLarge, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Part, PartRef, chosen};
    use crate::integer::Small;

    const LEAST: u64 = 5;

    /// Whether an upload whose parts have these sizes is an object when they are listed in this order.
    fn complete(sizes: &[u64], listed: &[(u32, &str)]) -> Result<Vec<u64>, u32> {
        let part = |size| Part {
            version: String::new(),
            size,
            etag: "e".into(),
        };
        let there: BTreeMap<_, _> = (1..).zip(sizes.iter().map(|size| part(*size))).collect();
        let listed: Vec<_> = listed
            .iter()
            .map(|(part, etag)| PartRef {
                part: Small(*part),
                etag: (*etag).into(),
            })
            .collect();
        match chosen(&there, &listed, LEAST) {
            Ok(parts) => Ok(parts.iter().map(|part| part.size).collect()),
            Err(error) => Err(error.code.number()),
        }
    }

    #[test]
    fn parts_that_fit_are_put_in_the_order_of_their_numbers() {
        assert_eq!(
            complete(&[5, 5, 3], &[(1, "e"), (2, "e"), (3, "e")]),
            Ok(vec![5, 5, 3])
        );
        assert_eq!(complete(&[6, 5, 6], &[(3, "e"), (1, "e")]), Ok(vec![6, 6]));
        assert_eq!(complete(&[1], &[(1, "e")]), Ok(vec![1]));
        assert_eq!(complete(&[1], &[]), Ok(vec![]));
    }

    #[test]
    fn parts_that_do_not_fit_are_refused_in_the_order_of_the_checks() {
        assert_eq!(complete(&[5], &[(1, "x"), (1, "e")]), Err(10001));
        assert_eq!(complete(&[5], &[(1, "x")]), Err(10025));
        assert_eq!(complete(&[5], &[(2, "e")]), Err(10025));
        assert_eq!(complete(&[4, 9], &[(1, "e"), (2, "e")]), Err(10011));
        // The small one is listed last, but it is the first.
        assert_eq!(complete(&[4, 9], &[(2, "e"), (1, "e")]), Err(10048));
        assert_eq!(
            complete(&[5, 6, 1], &[(1, "e"), (2, "e"), (3, "e")]),
            Err(10048)
        );
        assert_eq!(complete(&[5, 6], &[(1, "e"), (2, "e")]), Err(10048));
    }
}
