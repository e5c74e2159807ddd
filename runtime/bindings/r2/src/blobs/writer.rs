//! The writer of a value into blobs.
//!
//! A background task writes the bytes, because a store ends a write that it has begun even if its caller is dropped. If
//! the value is aborted, the task waits for the write and then deletes the blobs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::sync::mpsc;

use super::blocks::{BlockHasher, Blocks};
use super::tasks::{BackgroundTask, TaskGuard};
use super::{Blobs, FILE_WRITE_BYTES, Location, MAX_BUFFERED_BYTES, REMOTE_BLOB_BYTES, Segment};
use crate::error::{Code, R2Error};

/// Takes one value. Dropped before the end of the value, it leaves no blob behind.
pub(crate) struct Writer {
    pieces: mpsc::Sender<Piece>,
    written: BackgroundTask<Result<StagedBlobs, R2Error>>,
}

enum Piece {
    Bytes(Bytes),
    /// The end of the value. A value without it was aborted.
    End,
}

impl Writer {
    pub(crate) fn new(blobs: &Blobs) -> Result<Self, R2Error> {
        let writer = BlobWriter::new(blobs)?;
        let (pieces, arriving) = mpsc::channel(1);
        let written = blobs.tasks.spawn(writer.write_all(arriving));
        Ok(Self { pieces, written })
    }

    pub(crate) async fn write(&mut self, piece: Bytes) -> Result<(), R2Error> {
        self.send(Piece::Bytes(piece)).await
    }

    /// Ends the value, and returns its blobs.
    pub(crate) async fn finish(mut self) -> Result<StagedBlobs, R2Error> {
        self.send(Piece::End).await?;
        self.written.join().await?
    }

    async fn send(&mut self, piece: Piece) -> Result<(), R2Error> {
        match self.pieces.send(piece).await {
            Ok(()) => Ok(()),
            // The task has ended early. Its result has the reason.
            Err(_) => Err(self.written.join().await?.err().unwrap_or_else(aborted)),
        }
    }
}

fn aborted() -> R2Error {
    R2Error::new(Code::BodyCutShort, "the value was aborted")
}

/// The state of the task that writes a value.
struct BlobWriter {
    written: StagedBlobs,
    step: usize,
    pieces_in_memory: Vec<Bytes>,
    /// The count of the bytes of these pieces.
    buffered: BufferedBytes,
    /// The segment that is being filled.
    current: Segment,
    hasher: BlockHasher,
    file: Option<Box<dyn MultipartUpload>>,
}

/// Complete blobs that no row names yet. They are deleted on drop unless committed.
pub(crate) struct StagedBlobs {
    blobs: Blobs,
    segments: Vec<Segment>,
    /// Counts as a background task until the blobs are committed or discarded.
    _guard: TaskGuard,
}

impl BlobWriter {
    fn new(blobs: &Blobs) -> Result<Self, R2Error> {
        Ok(Self {
            step: match blobs.location {
                Location::Folder(_) => FILE_WRITE_BYTES,
                Location::Remote(_) => REMOTE_BLOB_BYTES,
            },
            written: StagedBlobs {
                blobs: blobs.clone(),
                segments: Vec::new(),
                _guard: blobs.tasks.guard(),
            },
            pieces_in_memory: Vec::new(),
            buffered: BufferedBytes::none(&blobs.buffered),
            current: empty(blobs)?,
            hasher: BlockHasher::default(),
            file: None,
        })
    }

    /// Writes all pieces. If the value is aborted, nothing of it stays.
    async fn write_all(
        mut self,
        mut arriving: mpsc::Receiver<Piece>,
    ) -> Result<StagedBlobs, R2Error> {
        let filled = self.fill(&mut arriving).await;
        match filled {
            Ok(()) => Ok(self.written),
            Err(error) => {
                if let Some(mut file) = self.file.take()
                    && file.abort().await.is_err()
                {
                    self.written.blobs.mark_unclean();
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
                None => return Err(aborted()),
            }
        }
    }

    async fn write(&mut self, piece: Bytes) -> Result<(), R2Error> {
        if piece.is_empty() {
            return Ok(());
        }
        self.current.size += piece.len() as u64;
        self.hasher.update(&piece);
        let all = self.buffered.add(piece.len());
        self.pieces_in_memory.push(piece);
        // Above the bound of all writers, each writes what it has in memory.
        match self.buffered.bytes < self.step && all < MAX_BUFFERED_BYTES {
            true => Ok(()),
            false => self.step().await,
        }
    }

    async fn finish(&mut self) -> Result<(), R2Error> {
        if self.file.is_some() && self.buffered.bytes > 0 {
            self.step().await?;
        }
        match self.file.take() {
            Some(mut file) => {
                let blob = self.current.blob.clone();
                self.end_segment()?;
                file.complete().await?;
                self.written.blobs.close_to_others(&blob)?;
            }
            None if self.buffered.bytes > 0 => self.put().await?,
            // An empty value has no blob.
            None => {}
        }
        Ok(())
    }

    async fn step(&mut self) -> Result<(), R2Error> {
        match self.written.blobs.location {
            Location::Folder(_) => {
                let (payload, _buffered) = self.payload();
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
            Location::Remote(_) => self.put().await,
        }
    }

    /// Stores the pieces in memory as one blob.
    async fn put(&mut self) -> Result<(), R2Error> {
        let blobs = self.written.blobs.clone();
        let blob = self.current.blob.clone();
        let (payload, _buffered) = self.payload();
        // The segment is listed before the blob is stored, so that an error deletes the blob.
        self.end_segment()?;
        blobs.store.put(&blobs.path(&blob), payload).await?;
        blobs.close_to_others(&blob)
    }

    fn end_segment(&mut self) -> Result<(), R2Error> {
        let segment = std::mem::replace(&mut self.current, empty(&self.written.blobs)?);
        let (crc32c, blocks) = std::mem::take(&mut self.hasher).finish();
        self.written.segments.push(Segment {
            crc32c,
            blocks,
            ..segment
        });
        Ok(())
    }

    /// Takes the pieces in memory, which count until they are written.
    fn payload(&mut self) -> (PutPayload, BufferedBytes) {
        let none = BufferedBytes::none(&self.written.blobs.buffered);
        let buffered = std::mem::replace(&mut self.buffered, none);
        let payload = PutPayload::from_iter(std::mem::take(&mut self.pieces_in_memory));
        (payload, buffered)
    }
}

/// The bytes that one writer holds in memory, counted into those of all writers of the bucket.
struct BufferedBytes {
    all: Arc<AtomicUsize>,
    bytes: usize,
}

impl BufferedBytes {
    fn none(all: &Arc<AtomicUsize>) -> Self {
        Self {
            all: all.clone(),
            bytes: 0,
        }
    }

    /// Adds bytes, and returns the count of all writers.
    fn add(&mut self, bytes: usize) -> usize {
        self.bytes += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

impl Drop for BufferedBytes {
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

impl StagedBlobs {
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The size of the value in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.segments.iter().map(|segment| segment.size).sum()
    }

    /// Keeps the blobs: a row names them now.
    pub(crate) fn commit(mut self) {
        self.segments.clear();
    }
}

impl Drop for StagedBlobs {
    fn drop(&mut self) {
        let segments = std::mem::take(&mut self.segments);
        let names = segments.into_iter().map(|segment| segment.blob).collect();
        self.blobs.discard(names);
    }
}
