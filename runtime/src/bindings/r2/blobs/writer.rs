//! A value on its way into blobs, as it arrives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};

use super::{Blobs, FILE_STEP, MOST_HELD, Place, REMOTE_STEP, Segment};
use crate::bindings::r2::error::R2Error;
use crate::bindings::r2::random;

/// Writes one value. Dropped before its end, it leaves nothing behind.
pub(in crate::bindings::r2) struct Writer {
    written: Written,
    step: usize,
    waiting: Vec<Bytes>,
    /// Of what waits.
    waiting_bytes: Held,
    /// The segment that is being filled.
    current: Segment,
    file: Option<Box<dyn MultipartUpload>>,
}

/// Whole blobs that no row names yet. Dropped, they are deleted.
pub(in crate::bindings::r2) struct Written {
    blobs: Blobs,
    segments: Vec<Segment>,
}

impl Writer {
    pub(in crate::bindings::r2) fn new(blobs: &Blobs) -> Result<Self, R2Error> {
        Ok(Self {
            step: match blobs.place {
                Place::Folder(_) => FILE_STEP,
                Place::Remote(_) => REMOTE_STEP,
            },
            written: Written {
                blobs: blobs.clone(),
                segments: Vec::new(),
            },
            waiting: Vec::new(),
            waiting_bytes: Held::none(&blobs.held),
            current: empty()?,
            file: None,
        })
    }

    pub(in crate::bindings::r2) async fn write(&mut self, piece: Bytes) -> Result<(), R2Error> {
        if piece.is_empty() {
            return Ok(());
        }
        self.current.size += piece.len() as u64;
        self.current.crc32c = crc32c::crc32c_append(self.current.crc32c, &piece);
        let all = self.waiting_bytes.add(piece.len());
        self.waiting.push(piece);
        // Where many wait, each writes what it has, so that all together hold no more than one may.
        match self.waiting_bytes.bytes < self.step && all < MOST_HELD {
            true => Ok(()),
            false => self.step().await,
        }
    }

    /// All of the value is there.
    pub(in crate::bindings::r2) async fn finish(mut self) -> Result<Written, R2Error> {
        match self.file.take() {
            Some(mut file) => {
                if self.waiting_bytes.bytes > 0 {
                    let (payload, _held) = self.payload();
                    file.put_part(payload).await?;
                }
                file.complete().await?;
                self.end_segment()?;
            }
            None if self.waiting_bytes.bytes > 0 => self.put().await?,
            // Nothing needs no blob.
            None => {}
        }
        Ok(self.written)
    }

    async fn step(&mut self) -> Result<(), R2Error> {
        match self.written.blobs.place {
            Place::Folder(_) => {
                let (payload, _held) = self.payload();
                let mut file = match self.file.take() {
                    Some(file) => file,
                    None => {
                        let path = self.written.blobs.path(&self.current.blob);
                        self.written.blobs.store.put_multipart(&path).await?
                    }
                };
                file.put_part(payload).await?;
                self.file = Some(file);
                Ok(())
            }
            Place::Remote(_) => self.put().await,
        }
    }

    /// Stores what waits as a blob of its own.
    async fn put(&mut self) -> Result<(), R2Error> {
        let blobs = self.written.blobs.clone();
        let path = blobs.path(&self.current.blob);
        let (payload, _held) = self.payload();
        // Named before it is there, so that it is deleted whatever happens.
        self.end_segment()?;
        blobs.store.put(&path, payload).await?;
        Ok(())
    }

    fn end_segment(&mut self) -> Result<(), R2Error> {
        let segment = std::mem::replace(&mut self.current, empty()?);
        self.written.segments.push(segment);
        Ok(())
    }

    /// What waits, which is held until it is written.
    fn payload(&mut self) -> (PutPayload, Held) {
        let none = Held::none(&self.written.blobs.held);
        let held = std::mem::replace(&mut self.waiting_bytes, none);
        let payload = PutPayload::from_iter(std::mem::take(&mut self.waiting));
        (payload, held)
    }
}

/// Bytes in memory, as a part of those of all writers of a bucket.
struct Held {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl Held {
    fn none(all: &Arc<AtomicUsize>) -> Self {
        Self {
            all: all.clone(),
            bytes: 0,
        }
    }

    /// Returns how many all writers hold.
    fn add(&mut self, bytes: usize) -> usize {
        self.bytes += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn empty() -> Result<Segment, R2Error> {
    Ok(Segment {
        blob: random::hex_id()?,
        size: 0,
        crc32c: 0,
    })
}

impl Written {
    pub(in crate::bindings::r2) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Bytes of the value.
    pub(in crate::bindings::r2) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// A row names them now.
    pub(in crate::bindings::r2) fn keep(mut self) {
        self.segments.clear();
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let segments = std::mem::take(&mut self.segments);
        let names = segments.into_iter().map(|segment| segment.blob).collect();
        self.blobs.discard(names);
    }
}
