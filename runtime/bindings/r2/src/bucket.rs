//! A bucket: the operations, on its index and its blobs.

use std::ops::Range;
use std::sync::Arc;

use rusqlite::Connection;
use safelight_state::State;

use super::blobs::pins::Pin;
use super::blobs::reader::{ReadError, Reader};
use super::blobs::run::StaleRun;
use super::blobs::writer::{StagedBlobs, Writer};
use super::blobs::{Blobs, Segment};
use super::checksum;
use super::digest::{Digests, ExpectedDigest, Hasher};
use super::error::{Code, R2Error};
use super::expiry::{self, UploadExpiry};
use super::index::{Index, objects, transact};
use super::key::Key;
use super::limits::MAX_VALUE_BYTES;
use super::list::ListQuery;
use super::object::Object;
use super::request::{Get, Put};
use super::request_body::RequestBody;
use super::{now, random};

/// A bucket. Clones are the same bucket.
#[derive(Clone)]
pub struct Bucket {
    pub(super) name: Arc<str>,
    pub(super) index: Index,
    pub(super) blobs: Blobs,
    /// Minimum bytes of every part but the last.
    pub(super) part_bytes: u64,
    pub(super) _expiry: UploadExpiry,
}

/// The outcome of a `get`.
pub(super) enum GetOutcome {
    Found(Box<FoundObject>),
    /// The condition does not hold for this object.
    PreconditionFailed(Box<Object>),
}

/// An object, and a reader of the requested range.
pub(super) struct FoundObject {
    pub(super) object: Object,
    pub(super) range: Range<u64>,
    pub(super) reader: Reader,
    /// The checksums of the range.
    checks: Vec<checksum::Part>,
}

impl FoundObject {
    /// The checksum of a part with the checksum `front`, followed by the range.
    pub(super) fn crc32c(&self, front: u32) -> u32 {
        checksum::combine(front, &self.checks)
    }
}

impl Bucket {
    pub(super) async fn head(&self, key: Key) -> Result<Object, R2Error> {
        let found = self.index.run(move |index| objects::get(index, &key));
        found.await?.ok_or_else(R2Error::no_such_key)
    }

    pub(super) async fn get(&self, get: Get) -> Result<GetOutcome, R2Error> {
        let mut missing_in = None;
        loop {
            let (object, segments, pin) = self.find(&get.key).await?;
            if let Some(condition) = &get.condition
                && !condition.holds(Some((&object.etag, object.uploaded)))
            {
                return Ok(GetOutcome::PreconditionFailed(Box::new(object)));
            }
            let range = get.range.resolve(object.size)?;
            match self.reader(&segments, &range, pin).await {
                Ok((reader, checks)) => {
                    return Ok(GetOutcome::Found(Box::new(FoundObject {
                        object,
                        range,
                        reader,
                        checks,
                    })));
                }
                // Another process replaced the object after its row was read and before its blob was opened.
                Err(ReadError::Missing(_)) if missing_in.as_ref() != Some(&object.version) => {
                    missing_in = Some(object.version);
                }
                Err(ReadError::Missing(blob)) => return Err(R2Error::missing_blob(&blob)),
                Err(ReadError::Failed(error)) => return Err(error),
            }
        }
    }

    /// A reader of a range of these segments, and the checksums that verify it.
    async fn reader(
        &self,
        segments: &[Segment],
        range: &Range<u64>,
        pin: Pin,
    ) -> Result<(Reader, Vec<checksum::Part>), ReadError> {
        let reader = Reader::open(self.blobs.clone(), segments, range.clone(), pin).await?;
        Ok((reader, self.blobs.checks(segments, range).await?))
    }

    /// An object, its segments, and a pin that keeps their blobs.
    async fn find(&self, key: &Key) -> Result<(Object, Vec<Segment>, Pin), R2Error> {
        let (key, blobs) = (key.clone(), self.blobs.clone());
        let found = self.index.run(move |index| {
            let index = index.transaction()?;
            let object = objects::get(&index, &key)?.ok_or_else(R2Error::no_such_key)?;
            let segments = objects::segments(&index, &object.version)?;
            let names = segments
                .iter()
                .map(|segment| segment.blob.clone())
                .collect();
            Ok((object, segments, Pin::new(blobs, names)))
        });
        found.await
    }

    pub(super) async fn put(&self, put: Put, value: &mut RequestBody) -> Result<Object, R2Error> {
        let (staged, digests) = self.store(put.digest, value).await?;
        let blobs = self.blobs.clone();
        let done = self.index.run(move |index| {
            let object = Object {
                key: put.key.as_str().to_owned(),
                version: random::hex_id()?,
                size: staged.size(),
                etag: digests.md5,
                uploaded: now::milliseconds(),
                checksums: digests.checksums,
                http: put.metadata.http,
                custom: put.metadata.custom,
                storage_class: put.metadata.storage_class.as_str().to_owned(),
            };
            let released = transact(index, |index| {
                if let Some(condition) = put.condition {
                    let current = objects::get(index, &put.key)?;
                    let current = current.as_ref().map(|now| (&*now.etag, now.uploaded));
                    if !condition.holds(current) {
                        return Err(R2Error::precondition_failed());
                    }
                }
                objects::replace(index, &object, staged.segments())
            })?;
            blobs.discard(released);
            staged.commit();
            Ok(object)
        });
        done.await
    }

    /// Stores a value in blobs that no row names yet.
    pub(super) async fn store(
        &self,
        digest: Option<ExpectedDigest>,
        value: &mut RequestBody,
    ) -> Result<(StagedBlobs, Digests), R2Error> {
        if value.left() > MAX_VALUE_BYTES {
            let text = format!("a value has at most {MAX_VALUE_BYTES} bytes");
            return Err(R2Error::new(Code::TooLarge, text));
        }
        let mut hasher = Hasher::new(digest);
        let mut writer = Writer::new(&self.blobs)?;
        while let Some(piece) = value.next().await? {
            hasher.update(&piece);
            writer.write(piece).await?;
        }
        // The digest is verified before the last bytes are written: a mismatch spares the write.
        let digests = hasher.finish()?;
        Ok((writer.finish().await?, digests))
    }

    pub(super) async fn delete(&self, keys: Vec<Key>) -> Result<(), R2Error> {
        let blobs = self.blobs.release_guard();
        let remove = move |index: &Connection| {
            let mut released = Vec::new();
            for key in &keys {
                released.extend(objects::remove(index, key.as_bytes())?);
            }
            Ok(released)
        };
        let discard = move |released| blobs.discard(released);
        self.index.delete(remove, discard).await
    }

    pub(super) async fn list(&self, query: ListQuery) -> Result<String, R2Error> {
        let list = self.index.run(move |index| {
            let index = index.transaction()?;
            query.answer(&index)
        });
        list.await
    }

    /// Waits until no background task runs: replaced, deleted and aborted values are gone, and no value is being
    /// written.
    pub async fn settled(&self) {
        self.blobs.settled().await;
    }

    /// Ends this run's use of the bucket, after its background tasks.
    pub(super) async fn close(&self) -> Result<(), R2Error> {
        self.blobs.close().await
    }

    /// Aborts old uploads, and deletes the blobs that no row names. A blob of a live run stays: the run may be about to
    /// name it.
    pub(super) async fn sweep(&self, state: &State) -> Result<(), R2Error> {
        expiry::abort_expired(self.index.clone(), self.blobs.clone()).await?;
        let stale = self.blobs.stale_runs()?;
        // Every leftover belongs to a stale run or to a live one.
        if stale.is_empty() && !state.is_exclusive() {
            return Ok(());
        }
        // The order matters: the writer of a listed blob has its lock already, and a run that is not live when the rows
        // are read names no further blob.
        let mut blobs = self.blobs.list().await?;
        let live = self.blobs.live_runs(&stale)?;
        let named = self.index.run(|index| objects::all_blobs(index)).await?;
        blobs.retain(|blob| !named.contains(blob));
        let (theirs, left) = blobs
            .into_iter()
            .partition::<Vec<_>, _>(|blob| live.wrote(blob));
        let are_gone = self.blobs.remove(left).await?;
        match are_gone && theirs.is_empty() {
            true => stale.into_iter().try_for_each(StaleRun::remove),
            // A stale run may have been about to delete one of these, so its file stays.
            false => Ok(()),
        }
    }
}
