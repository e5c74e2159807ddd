//! A value on its way into blobs, as it arrives.
//!
//! Its bytes are written in the background, because what a store has begun it ends, whether somebody waits for it or not. So whoever
//! gives a value up leaves somebody behind who waits and then clears up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::sync::mpsc;

use super::blocks::{Blocks, Summing};
use super::chores::{Chore, Counted};
use super::{Blobs, FILE_STEP, MOST_HELD, Place, REMOTE_STEP, Segment};
use crate::error::{Code, R2Error};

/// Takes one value. Dropped before its end, it leaves nothing behind.
pub(crate) struct Writer {
    pieces: mpsc::Sender<Piece>,
    written: Chore<Result<Written, R2Error>>,
}

enum Piece {
    Bytes(Bytes),
    /// All of the value is there. Without it, it was given up.
    End,
}

impl Writer {
    pub(crate) fn new(blobs: &Blobs) -> Result<Self, R2Error> {
        let filling = Filling::new(blobs)?;
        let (pieces, arriving) = mpsc::channel(1);
        let written = blobs.chores.begin(filling.all(arriving));
        Ok(Self { pieces, written })
    }

    pub(crate) async fn write(&mut self, piece: Bytes) -> Result<(), R2Error> {
        self.send(Piece::Bytes(piece)).await
    }

    /// All of the value is there.
    pub(crate) async fn finish(mut self) -> Result<Written, R2Error> {
        self.send(Piece::End).await?;
        self.written.done().await?
    }

    async fn send(&mut self, piece: Piece) -> Result<(), R2Error> {
        match self.pieces.send(piece).await {
            Ok(()) => Ok(()),
            // Nobody takes it any more: it is in the error of the work why.
            Err(_) => Err(self.written.done().await?.err().unwrap_or_else(given_up)),
        }
    }
}

fn given_up() -> R2Error {
    R2Error::new(Code::BodyCutShort, "the value was given up")
}

/// A value as it is written.
struct Filling {
    written: Written,
    step: usize,
    waiting: Vec<Bytes>,
    /// Of what waits.
    waiting_bytes: Held,
    /// The segment that is being filled.
    current: Segment,
    summing: Summing,
    file: Option<Box<dyn MultipartUpload>>,
}

/// Whole blobs that no row names yet. Dropped, they are deleted.
pub(crate) struct Written {
    blobs: Blobs,
    segments: Vec<Segment>,
    /// Until a row names them, or they are given up.
    _counted: Counted,
}

impl Filling {
    fn new(blobs: &Blobs) -> Result<Self, R2Error> {
        Ok(Self {
            step: match blobs.place {
                Place::Folder(_) => FILE_STEP,
                Place::Remote(_) => REMOTE_STEP,
            },
            written: Written {
                blobs: blobs.clone(),
                segments: Vec::new(),
                _counted: blobs.chores.counted(),
            },
            waiting: Vec::new(),
            waiting_bytes: Held::none(&blobs.held),
            current: empty(blobs)?,
            summing: Summing::default(),
            file: None,
        })
    }

    /// Writes the pieces to the end; if that is not the end of the value, nothing is left of them.
    async fn all(mut self, mut arriving: mpsc::Receiver<Piece>) -> Result<Written, R2Error> {
        let filled = self.fill(&mut arriving).await;
        match filled {
            Ok(()) => Ok(self.written),
            Err(error) => {
                if let Some(mut file) = self.file.take()
                    && file.abort().await.is_err()
                {
                    self.written.blobs.leave();
                }
                Err(error)
            }
        }
    }

    async fn fill(&mut self, arriving: &mut mpsc::Receiver<Piece>) -> Result<(), R2Error> {
        loop {
            match arriving.recv().await {
                Some(Piece::Bytes(piece)) => self.write(piece).await?,
                Some(Piece::End) => return self.finish().await,
                None => return Err(given_up()),
            }
        }
    }

    async fn write(&mut self, piece: Bytes) -> Result<(), R2Error> {
        if piece.is_empty() {
            return Ok(());
        }
        self.current.size += piece.len() as u64;
        self.summing.update(&piece);
        let all = self.waiting_bytes.add(piece.len());
        self.waiting.push(piece);
        // Where many wait, each writes what it has, so that all together hold no more than one may.
        match self.waiting_bytes.bytes < self.step && all < MOST_HELD {
            true => Ok(()),
            false => self.step().await,
        }
    }

    async fn finish(&mut self) -> Result<(), R2Error> {
        if self.file.is_some() && self.waiting_bytes.bytes > 0 {
            self.step().await?;
        }
        match self.file.take() {
            Some(mut file) => {
                self.end_segment()?;
                file.complete().await?;
            }
            None if self.waiting_bytes.bytes > 0 => self.put().await?,
            // Nothing needs no blob.
            None => {}
        }
        Ok(())
    }

    async fn step(&mut self) -> Result<(), R2Error> {
        match self.written.blobs.place {
            Place::Folder(_) => {
                let (payload, _held) = self.payload();
                let blobs = &self.written.blobs;
                let file = match &mut self.file {
                    Some(file) => file,
                    none => {
                        let path = blobs.path(&self.current.blob);
                        none.insert(blobs.store.put_multipart(&path).await?)
                    }
                };
                Ok(file.put_part(payload).await?)
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
        let segment = std::mem::replace(&mut self.current, empty(&self.written.blobs)?);
        let (crc32c, blocks) = std::mem::take(&mut self.summing).finish();
        self.written.segments.push(Segment {
            crc32c,
            blocks,
            ..segment
        });
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

fn empty(blobs: &Blobs) -> Result<Segment, R2Error> {
    Ok(Segment {
        blob: blobs.run.blob()?,
        size: 0,
        crc32c: 0,
        blocks: Blocks::default(),
    })
}

impl Written {
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Bytes of the value.
    pub(crate) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// A row names them now.
    pub(crate) fn keep(mut self) {
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
