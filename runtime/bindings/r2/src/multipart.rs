//! Uploads in parts: created, filled in any order, and completed in one transaction.

use std::collections::{BTreeMap, HashSet};

use super::blobs::Segment;
use super::bucket::Bucket;
use super::digest::etag_of_parts;
use super::error::{Code, R2Error};
use super::index::uploads::{self, Part, State};
use super::index::{objects, transact};
use super::key::{Key, UploadId};
use super::limits::MAX_OBJECT_BYTES;
use super::metadata::ObjectMetadata;
use super::object::Object;
use super::request::PartRef;
use super::request_body::RequestBody;
use super::{now, random};

impl Bucket {
    /// Creates an upload, and returns its id.
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

    /// Stores a part, which replaces the one with its number. Returns its entity tag.
    pub(super) async fn upload_part(
        &self,
        upload: UploadId,
        number: u32,
        value: &mut RequestBody,
    ) -> Result<String, R2Error> {
        let asked = upload.clone();
        let open = self
            .index
            .run(move |index| uploads::open(index, &asked, now::milliseconds()));
        open.await?;
        let (staged, digests) = self.store(None, value).await?;
        let blobs = self.blobs.clone();
        let done = self.index.run(move |index| {
            let part = Part {
                version: random::hex_id()?,
                size: staged.size(),
                etag: digests.md5,
            };
            let released = transact(index, |index| {
                // The upload may have ended while the part was stored.
                uploads::open(index, &upload, now::milliseconds())?;
                uploads::replace_part(index, &upload.id, number, &part, staged.segments())
            })?;
            blobs.discard(released);
            staged.commit();
            Ok(part.etag)
        });
        done.await
    }

    /// Makes one object of the parts.
    pub(super) async fn complete_upload(
        &self,
        upload: UploadId,
        listed: Vec<PartRef>,
    ) -> Result<Object, R2Error> {
        let (blobs, min_bytes) = (self.blobs.release_guard(), self.part_bytes);
        let done = self.index.run(move |index| {
            let now = now::milliseconds();
            let (object, released) = transact(index, |index| {
                let metadata = uploads::open(index, &upload, now)?;
                let parts = select_parts(&uploads::parts(index, &upload.id)?, &listed, min_bytes)?;
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

    /// Aborts an upload. An upload that has ended stays unchanged.
    pub(super) async fn abort_upload(&self, upload: UploadId) -> Result<(), R2Error> {
        let blobs = self.blobs.release_guard();
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

/// The listed parts in the order of their numbers, if all exist and their sizes fit together.
fn select_parts(
    uploaded: &BTreeMap<u32, Part>,
    listed: &[PartRef],
    min_bytes: u64,
) -> Result<Vec<Part>, R2Error> {
    let mut numbers = HashSet::new();
    if let Some(twice) = listed.iter().find(|part| !numbers.insert(part.part.0)) {
        let text = format!("part {} is listed twice", twice.part.0);
        return Err(R2Error::new(Code::Internal, text));
    }
    let mut selected = Vec::with_capacity(listed.len());
    for wanted in listed {
        match uploaded.get(&wanted.part.0) {
            Some(part) if part.etag == wanted.etag => selected.push((wanted.part.0, part.clone())),
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
    let all_but_last = selected.len().saturating_sub(1);
    if let Some((number, part)) = selected
        .iter()
        .take(all_but_last)
        .find(|(_, part)| part.size < min_bytes)
    {
        let text = format!(
            "Your proposed upload is smaller than the minimum allowed object size: part {number} has {} \
             bytes, at least {min_bytes} are needed",
            part.size
        );
        return Err(R2Error::new(Code::PartTooSmall, text));
    }
    selected.sort_by_key(|(number, _)| *number);
    let parts: Vec<Part> = selected.into_iter().map(|(_, part)| part).collect();
    check_sizes(&parts, min_bytes)?;
    Ok(parts)
}

/// All parts but the last, in the order of their numbers, have one size, and the last is not larger.
fn check_sizes(parts: &[Part], min_bytes: u64) -> Result<(), R2Error> {
    let Some((last, others)) = parts.split_last() else {
        return Ok(());
    };
    let size = others.first().map_or(last.size, |part| part.size);
    let fits = others.is_empty()
        || size >= min_bytes && last.size <= size && others.iter().all(|part| part.size == size);
    if !fits {
        let text = "There was a problem with the multipart upload: all parts but the last must have the same size";
        return Err(R2Error::new(Code::UnequalParts, text));
    }
    let total = parts
        .iter()
        .fold(0_u64, |total, part| total.saturating_add(part.size));
    if total > MAX_OBJECT_BYTES {
        let text = format!("an object has at most {MAX_OBJECT_BYTES} bytes");
        return Err(R2Error::new(Code::TooLarge, text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Part, PartRef, select_parts};
    use crate::integer::WireU32;

    const MIN_PART_BYTES: u64 = 5;

    /// The sizes of the object's parts, for an upload of parts with `sizes`, completed with `listed`.
    fn complete(sizes: &[u64], listed: &[(u32, &str)]) -> Result<Vec<u64>, u32> {
        let part = |size| Part {
            version: String::new(),
            size,
            etag: "e".into(),
        };
        let uploaded: BTreeMap<_, _> = (1..).zip(sizes.iter().map(|size| part(*size))).collect();
        let listed: Vec<_> = listed
            .iter()
            .map(|(part, etag)| PartRef {
                part: WireU32(*part),
                etag: (*etag).into(),
            })
            .collect();
        match select_parts(&uploaded, &listed, MIN_PART_BYTES) {
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
