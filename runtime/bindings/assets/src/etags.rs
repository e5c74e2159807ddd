//! The tags and checksums of files, each computed from the content once and kept until the file changes.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

use crc_fast::CrcAlgorithm;
use sha2::{Digest, Sha256};

use super::folder::FILE_BYTES;

/// Tags that are kept; past them all are forgotten.
const KEPT: usize = 10_000;

/// The tags of one folder's files.
#[derive(Debug, Default)]
pub(super) struct Etags(Mutex<HashMap<Identity, Tag>>);

/// What a file's content comes to.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    /// The entity tag, quoted.
    pub(super) etag: String,
    /// By which whoever gets the whole file proves that it is unchanged.
    pub(super) crc32c: u32,
}

/// A file's content, as far as the file system tells without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

impl Etags {
    /// The tag, and whether it was known. Leaves the file at its beginning.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn of(&self, file: &mut File, metadata: &Metadata) -> io::Result<(Tag, bool)> {
        let identity = Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        };
        let known = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&identity)
            .cloned();
        if let Some(tag) = known {
            return Ok((tag, true));
        }
        let tag = tag(file)?;
        file.rewind()?;
        let mut tags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tags.len() >= KEPT {
            tags.clear();
        }
        tags.insert(identity, tag.clone());
        Ok((tag, false))
    }
}

/// The entity tag is the first half of the content's SHA-256.
fn tag(file: &mut File) -> io::Result<Tag> {
    let mut hash = Sha256::new();
    let mut crc32c = crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi);
    // One that grows meanwhile has no end to wait for.
    let mut file = file.take(FILE_BYTES);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        let read = piece.get(..read).unwrap_or_default();
        hash.update(read);
        crc32c.update(read);
    }
    let hash = hash.finalize();
    let half = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
    Ok(Tag {
        etag: format!("\"{}\"", half.collect::<String>()),
        crc32c: u32::try_from(crc32c.finalize()).map_err(io::Error::other)?,
    })
}
