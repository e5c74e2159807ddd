//! The rows of uploads and of their parts.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::objects::{add_segments, from_json, integer, json, natural, remove_segments};
use crate::blobs::Segment;
use crate::error::{Code, R2Error};
use crate::key::{Key, UploadId};
use crate::limits::MAX_UPLOAD_AGE_MS;
use crate::metadata::{ObjectMetadata, StorageClass};

/// The state of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Done,
    Aborted,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Aborted => "aborted",
        }
    }
}

/// A part that was uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Each write of the part has a new version.
    pub(crate) version: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
}

pub(crate) fn create(
    index: &Connection,
    id: &str,
    key: &Key,
    metadata: &ObjectMetadata,
    now: i64,
) -> Result<(), R2Error> {
    let insert = "INSERT INTO uploads (id, key, created, state, http_metadata, custom_metadata, storage_class)
        VALUES (?1, ?2, ?3, 'open', ?4, ?5, ?6)";
    index.execute(
        insert,
        params![
            id,
            key.as_bytes(),
            now,
            json(&metadata.http)?,
            json(&metadata.custom)?,
            metadata.storage_class.as_str()
        ],
    )?;
    Ok(())
}

/// The metadata of an upload's object. An upload that has ended, or is another key's, is an error.
pub(crate) fn open(
    index: &Connection,
    upload: &UploadId,
    now: i64,
) -> Result<ObjectMetadata, R2Error> {
    let select = "SELECT http_metadata, custom_metadata, storage_class FROM uploads
        WHERE id = ?1 AND key = ?2 AND state = 'open' AND created > ?3";
    let since = now.saturating_sub(MAX_UPLOAD_AGE_MS);
    let found: Option<(String, String, String)> = index
        .query_row(
            select,
            params![upload.id, upload.key.as_bytes(), since],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (http, custom, storage_class) = found.ok_or_else(no_such_upload)?;
    Ok(ObjectMetadata {
        http: from_json(&http)?,
        custom: from_json(&custom)?,
        storage_class: StorageClass::parse(&storage_class)?,
    })
}

pub(crate) fn state(index: &Connection, upload: &UploadId) -> Result<State, R2Error> {
    let select = "SELECT state FROM uploads WHERE id = ?1 AND key = ?2";
    let found: Option<String> = index
        .query_row(select, params![upload.id, upload.key.as_bytes()], |row| {
            row.get(0)
        })
        .optional()?;
    match found.as_deref() {
        Some("open") => Ok(State::Open),
        Some("done") => Ok(State::Done),
        Some(_) => Ok(State::Aborted),
        None => Err(no_such_upload()),
    }
}

/// Inserts a part, or replaces the one with its number. Returns the blobs that no row names any more.
pub(crate) fn replace_part(
    index: &Connection,
    upload: &str,
    number: u32,
    part: &Part,
    segments: &[Segment],
) -> Result<Vec<String>, R2Error> {
    let delete = "DELETE FROM parts WHERE upload = ?1 AND number = ?2 RETURNING version";
    let old: Option<String> = index
        .query_row(delete, params![upload, number], |row| row.get(0))
        .optional()?;
    let released = match old {
        Some(version) => remove_segments(index, &version)?,
        None => Vec::new(),
    };
    index.execute(
        "INSERT INTO parts (upload, number, version, size, etag) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![upload, number, part.version, integer(part.size)?, part.etag],
    )?;
    add_segments(index, &part.version, segments)?;
    Ok(released)
}

/// The parts of an upload by their numbers.
pub(crate) fn parts(index: &Connection, upload: &str) -> Result<BTreeMap<u32, Part>, R2Error> {
    let mut select =
        index.prepare("SELECT number, version, size, etag FROM parts WHERE upload = ?1")?;
    let rows = select.query_map([upload], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?))
    })?;
    rows.map(|row| {
        let (number, version, size, etag) = row?;
        let size = natural(size)?;
        Ok((
            number,
            Part {
                version,
                size,
                etag,
            },
        ))
    })
    .collect()
}

/// Ends an upload, and removes its parts. Returns the blobs that no row names any more.
pub(crate) fn end(index: &Connection, upload: &str, state: State) -> Result<Vec<String>, R2Error> {
    let mut released = Vec::new();
    for part in parts(index, upload)?.into_values() {
        released.extend(remove_segments(index, &part.version)?);
    }
    index.execute("DELETE FROM parts WHERE upload = ?1", [upload])?;
    index.execute(
        "UPDATE uploads SET state = ?2 WHERE id = ?1",
        params![upload, state.as_str()],
    )?;
    Ok(released)
}

/// Deletes the uploads that were created before this time, with their parts. Returns the blobs that no row names any
/// more.
pub(crate) fn forget(index: &Connection, before: i64) -> Result<Vec<String>, R2Error> {
    let mut select = index.prepare("SELECT id FROM uploads WHERE created <= ?1")?;
    let old: Vec<String> = select
        .query_map([before], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut released = Vec::new();
    for upload in old {
        released.extend(end(index, &upload, State::Aborted)?);
        index.execute("DELETE FROM uploads WHERE id = ?1", [upload])?;
    }
    Ok(released)
}

fn no_such_upload() -> R2Error {
    R2Error::new(
        Code::NoSuchUpload,
        "The specified multipart upload does not exist.",
    )
}
