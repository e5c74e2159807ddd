//! A bucket: what its operations do to the index and the blobs.

use std::ops::Range;
use std::sync::Arc;

use super::blobs::blocks::{self, Check};
use super::blobs::pins::Pin;
use super::blobs::reader::{Reader, Unreadable};
use super::blobs::run::Ended;
use super::blobs::writer::{Writer, Written};
use super::blobs::{Blobs, Segment};
use super::digest::{Digests, Given, Hasher};
use super::error::{Code, R2Error};
use super::expiry::{self, Expiry};
use super::index::{Index, objects, transact};
use super::key::Key;
use super::limits::VALUE_BYTES;
use super::list::ListQuery;
use super::object::Object;
use super::request::{Get, Put};
use super::upload::Upload;
use super::{now, random};
use safelight_state::State;

/// A bucket. Clones are the same bucket.
#[derive(Clone)]
pub struct Bucket {
    pub(super) name: Arc<str>,
    pub(super) index: Index,
    pub(super) blobs: Blobs,
    /// Bytes of every part but the last, at least.
    pub(super) part_bytes: u64,
    pub(super) _expiry: Expiry,
}

/// What a `get` found.
pub(super) enum Got {
    Object(Box<Found>),
    /// The condition does not hold of this object.
    Refused(Box<Object>),
}

/// An object, and the part of it that was asked for.
pub(super) struct Found {
    pub(super) object: Object,
    pub(super) range: Range<u64>,
    pub(super) reader: Reader,
    /// Of the bytes that were asked for.
    checks: Vec<Check>,
}

impl Found {
    /// The checksum of `front`, given as its own, and the bytes that were asked for.
    pub(super) fn crc32c(&self, front: u32) -> u32 {
        blocks::combined(front, &self.checks)
    }
}

impl Bucket {
    pub(super) async fn head(&self, key: Key) -> Result<Object, R2Error> {
        let found = self.index.run(move |index| objects::get(index, &key));
        found.await?.ok_or_else(R2Error::no_such_key)
    }

    pub(super) async fn get(&self, get: Get) -> Result<Got, R2Error> {
        let mut missing_in = None;
        loop {
            let (object, segments, pin) = self.find(&get.key).await?;
            if let Some(condition) = &get.condition
                && !condition.holds(Some((&object.etag, object.uploaded)))
            {
                return Ok(Got::Refused(Box::new(object)));
            }
            let range = get.wanted.of(object.size)?;
            match self.reader(&segments, &range, pin).await {
                Ok((reader, checks)) => {
                    return Ok(Got::Object(Box::new(Found {
                        object,
                        range,
                        reader,
                        checks,
                    })));
                }
                // Another process has replaced the object between the look at its row and the look at its blob.
                Err(Unreadable::Missing(_)) if missing_in.as_ref() != Some(&object.version) => {
                    missing_in = Some(object.version);
                }
                Err(Unreadable::Missing(blob)) => return Err(R2Error::missing_blob(&blob)),
                Err(Unreadable::Failed(error)) => return Err(error),
            }
        }
    }

    /// A reader of a range of these, and the checksums that prove it.
    async fn reader(
        &self,
        segments: &[Segment],
        range: &Range<u64>,
        pin: Pin,
    ) -> Result<(Reader, Vec<Check>), Unreadable> {
        let reader = Reader::open(self.blobs.clone(), segments, range.clone(), pin).await?;
        Ok((reader, self.blobs.checks(segments, range).await?))
    }

    /// An object, and its blobs in use, so that they stay.
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

    pub(super) async fn put(&self, put: Put, value: &mut Upload) -> Result<Object, R2Error> {
        let (written, digests) = self.store(put.digest, value).await?;
        let blobs = self.blobs.clone();
        let done = self.index.run(move |index| {
            let object = Object {
                key: put.key.as_str().to_owned(),
                version: random::hex_id()?,
                size: written.size(),
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
                objects::replace(index, &object, written.segments())
            })?;
            blobs.discard(released);
            written.keep();
            Ok(object)
        });
        done.await
    }

    /// Stores a value, which no row names yet.
    pub(super) async fn store(
        &self,
        digest: Option<Given>,
        value: &mut Upload,
    ) -> Result<(Written, Digests), R2Error> {
        if value.left() > VALUE_BYTES {
            let text = format!("a value has at most {VALUE_BYTES} bytes");
            return Err(R2Error::new(Code::TooLarge, text));
        }
        let mut hasher = Hasher::new(digest);
        let mut writer = Writer::new(&self.blobs)?;
        while let Some(piece) = value.next().await? {
            hasher.update(&piece);
            writer.write(piece).await?;
        }
        // Before the last bytes are written, as it may spare that.
        let digests = hasher.finish()?;
        Ok((writer.finish().await?, digests))
    }

    pub(super) async fn delete(&self, keys: Vec<Key>) -> Result<(), R2Error> {
        let blobs = self.blobs.releasing();
        let done = self.index.run(move |index| {
            let released = transact(index, |index| {
                let mut released = Vec::new();
                for key in &keys {
                    released.extend(objects::remove(index, key.as_bytes())?);
                }
                Ok(released)
            })?;
            blobs.discard(released);
            Ok(())
        });
        done.await
    }

    pub(super) async fn list(&self, query: ListQuery) -> Result<String, R2Error> {
        let list = self.index.run(move |index| {
            let index = index.transaction()?;
            query.answer(&index)
        });
        list.await
    }

    /// Waits until what was replaced, deleted or given up is gone, and nothing is on its way into the bucket.
    pub async fn settled(&self) {
        self.blobs.settled().await;
    }

    /// Ends this run's use of the bucket, when nothing is under way any more.
    pub(super) async fn close(&self) -> Result<(), R2Error> {
        self.blobs.close().await
    }

    /// Gives up old uploads, and deletes the blobs that no row names, unless one of the runs that go on wrote them: it may be about to
    /// name them.
    pub(super) async fn sweep(&self, state: &State) -> Result<(), R2Error> {
        expiry::give_up_old(self.index.clone(), self.blobs.clone()).await?;
        let ended = self.blobs.ended_runs()?;
        // Of whatever is left, a run that has not said its end knows, or one that goes on.
        if ended.is_empty() && !state.is_alone() {
            return Ok(());
        }
        // In this order: whose blob is listed has begun, and who has ended when the rows are looked at adds none.
        let mut blobs = self.blobs.list().await?;
        let live = self.blobs.live_runs(&ended)?;
        let named = self.index.run(|index| objects::all_blobs(index)).await?;
        blobs.retain(|blob| !named.contains(blob));
        let (theirs, left) = blobs
            .into_iter()
            .partition::<Vec<_>, _>(|blob| live.wrote(blob));
        let are_gone = self.blobs.remove(left).await?;
        match are_gone && theirs.is_empty() {
            true => ended.into_iter().try_for_each(Ended::forget),
            // One of these may be theirs who have ended, to delete.
            false => Ok(()),
        }
    }
}
