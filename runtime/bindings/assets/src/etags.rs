//! A cache of the tags and checksums of files. Both are computed from the content once, and again when the file
//! changes.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

use crc_fast::CrcAlgorithm;
use sha2::{Digest, Sha256};

use super::folder::MAX_FILE_BYTES;

/// Maximum tags in the cache. A full cache is cleared.
const MAX_TAGS: usize = 10_000;

/// The tags of one folder's files.
#[derive(Debug, Default)]
pub(super) struct Etags(Mutex<HashMap<Identity, FileTag>>);

/// The tag and the checksum of a file's content.
#[derive(Debug, Clone)]
pub(super) struct FileTag {
    /// The text of the entity tag.
    pub(super) opaque: String,
    /// The checksum for the digest of an answer with the whole file.
    pub(super) crc32c: u32,
}

/// The identity of a file's content, from the file's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

impl Etags {
    /// The tag, and whether it was in the cache. Leaves the file at its beginning.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub(super) fn get(&self, file: &mut File, metadata: &Metadata) -> io::Result<(FileTag, bool)> {
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
        if tags.len() >= MAX_TAGS {
            tags.clear();
        }
        tags.insert(identity, tag.clone());
        Ok((tag, false))
    }
}

/// The entity tag is the first half of the content's SHA-256.
fn tag(file: &mut File) -> io::Result<FileTag> {
    let mut hash = Sha256::new();
    let mut crc32c = crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi);
    // A file that grows meanwhile may have no end.
    let mut file = file.take(MAX_FILE_BYTES);
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
    let (half, _) = hash.split_at(16);
    Ok(FileTag {
        opaque: hex::encode(half),
        crc32c: u32::try_from(crc32c.finalize()).map_err(io::Error::other)?,
    })
}
