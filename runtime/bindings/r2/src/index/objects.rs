//! The rows of objects and of the segments of their bytes.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use crate::blobs::Segment;
use crate::blobs::blocks::Blocks;
use crate::digest::Algorithm;
use crate::error::{Code, R2Error};
use crate::key::Key;
use crate::object::Object;

/// The start of a scan.
#[derive(Debug)]
pub(crate) enum ScanStart {
    /// The first key after this one.
    Key(Vec<u8>),
    /// This key, or the first after it.
    From(Vec<u8>),
}

const COLUMNS: &str =
    "key, version, size, etag, uploaded, checksums, http_metadata, custom_metadata, storage_class";

/// The object of this key.
pub(crate) fn get(index: &Connection, key: &Key) -> Result<Option<Object>, R2Error> {
    let select = format!("SELECT {COLUMNS} FROM objects WHERE key = ?1");
    index
        .query_row(&select, [key.as_bytes()], |row| Ok(object(row)))
        .optional()?
        .transpose()
}

/// Inserts an object with its segments, or replaces the one with its key. Returns the blobs that no row names any more.
pub(crate) fn replace(
    index: &Connection,
    object: &Object,
    segments: &[Segment],
) -> Result<Vec<String>, R2Error> {
    let released = remove(index, object.key.as_bytes())?;
    let checksums: serde_json::Map<_, _> = object
        .checksums
        .iter()
        .map(|(algorithm, digest)| (algorithm.key().to_owned(), digest.clone().into()))
        .collect();
    let insert =
        format!("INSERT INTO objects ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    index.execute(
        &insert,
        params![
            object.key.as_bytes(),
            object.version,
            integer(object.size)?,
            object.etag,
            object.uploaded,
            serde_json::Value::Object(checksums).to_string(),
            json(&object.http)?,
            json(&object.custom)?,
            object.storage_class,
        ],
    )?;
    add_segments(index, &object.version, segments)?;
    Ok(released)
}

/// Removes an object if it exists. Returns the blobs that no row names any more.
pub(crate) fn remove(index: &Connection, key: &[u8]) -> Result<Vec<String>, R2Error> {
    let delete = "DELETE FROM objects WHERE key = ?1 RETURNING version";
    let version: Option<String> = index
        .query_row(delete, [key], |row| row.get(0))
        .optional()?;
    match version {
        Some(version) => remove_segments(index, &version),
        None => Ok(Vec::new()),
    }
}

pub(super) fn add_segments(
    index: &Connection,
    owner: &str,
    segments: &[Segment],
) -> Result<(), R2Error> {
    let insert = "INSERT INTO segments (owner, number, blob, size, crc32c, blocks) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut insert = index.prepare(insert)?;
    for (number, segment) in (0_i64..).zip(segments) {
        insert.execute(params![
            owner,
            number,
            segment.blob,
            integer(segment.size)?,
            segment.crc32c,
            segment.blocks.to_bytes()
        ])?;
    }
    Ok(())
}

pub(super) fn remove_segments(index: &Connection, owner: &str) -> Result<Vec<String>, R2Error> {
    let mut delete = index.prepare("DELETE FROM segments WHERE owner = ?1 RETURNING blob")?;
    let blobs = delete.query_map([owner], |row| row.get(0))?;
    Ok(blobs.collect::<Result<_, _>>()?)
}

/// The segments of an object or a part, in order.
pub(crate) fn segments(index: &Connection, owner: &str) -> Result<Vec<Segment>, R2Error> {
    let select = "SELECT blob, size, crc32c, blocks FROM segments WHERE owner = ?1 ORDER BY number";
    let mut select = index.prepare(select)?;
    let rows = select.query_map([owner], |row| {
        let blocks: Vec<u8> = row.get(3)?;
        Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?, blocks))
    })?;
    rows.map(|row| {
        let (blob, size, crc32c, blocks) = row?;
        Ok(Segment {
            blob,
            size: natural(size)?,
            crc32c,
            blocks: Blocks::from_bytes(&blocks),
        })
    })
    .collect()
}

/// All blobs that rows name.
pub(crate) fn all_blobs(index: &Connection) -> Result<std::collections::HashSet<String>, R2Error> {
    let mut select = index.prepare("SELECT blob FROM segments")?;
    let blobs = select.query_map([], |row| row.get(0))?;
    Ok(blobs.collect::<Result<_, _>>()?)
}

/// Calls `take` with at most `limit` objects, in the order of their keys, until it returns false.
pub(crate) fn scan(
    index: &Connection,
    after: &ScanStart,
    limit: usize,
    mut take: impl FnMut(Object) -> bool,
) -> Result<(), R2Error> {
    let (relation, key) = after.relation();
    let select =
        format!("SELECT {COLUMNS} FROM objects WHERE key {relation} ?1 ORDER BY key LIMIT ?2");
    let mut select = index.prepare(&select)?;
    let mut rows = select.query(params![key, integer(limit as u64)?])?;
    while let Some(row) = rows.next()? {
        if !take(object(row)?) {
            break;
        }
    }
    Ok(())
}

/// The first key from the start of a scan.
pub(crate) fn first_key(index: &Connection, after: &ScanStart) -> Result<Option<Vec<u8>>, R2Error> {
    let (relation, key) = after.relation();
    let select = format!("SELECT key FROM objects WHERE key {relation} ?1 ORDER BY key LIMIT 1");
    Ok(index
        .query_row(&select, [key], |row| row.get(0))
        .optional()?)
}

/// The last key that is less than this one.
pub(crate) fn last_before(index: &Connection, end: &[u8]) -> Result<Option<Vec<u8>>, R2Error> {
    let select = "SELECT key FROM objects WHERE key < ?1 ORDER BY key DESC LIMIT 1";
    Ok(index
        .query_row(select, [end], |row| row.get(0))
        .optional()?)
}

/// The first text, in the order of bytes, after all texts that begin with `prefix`.
pub(crate) fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut next = prefix.to_vec();
    // No byte of UTF-8 is 255, so the last one has a successor.
    if let Some(last) = next.last_mut() {
        *last = last.saturating_add(1);
    }
    next
}

impl ScanStart {
    fn relation(&self) -> (&'static str, &[u8]) {
        match self {
            Self::Key(key) => (">", key),
            Self::From(key) => (">=", key),
        }
    }
}

fn object(row: &Row<'_>) -> Result<Object, R2Error> {
    let key: Vec<u8> = row.get(0)?;
    let checksums: std::collections::BTreeMap<String, String> =
        from_json(&row.get::<_, String>(5)?)?;
    let known = Algorithm::ALL.into_iter();
    Ok(Object {
        key: String::from_utf8(key).map_err(|_| broken("a key is not text"))?,
        version: row.get(1)?,
        size: natural(row.get(2)?)?,
        etag: row.get(3)?,
        uploaded: row.get(4)?,
        checksums: known
            .filter_map(|algorithm| Some((algorithm, checksums.get(algorithm.key())?.clone())))
            .collect(),
        http: from_json(&row.get::<_, String>(6)?)?,
        custom: from_json(&row.get::<_, String>(7)?)?,
        storage_class: row.get(8)?,
    })
}

/// A size in the integer type of SQLite.
pub(super) fn integer(size: u64) -> Result<i64, R2Error> {
    i64::try_from(size).map_err(|_| broken("a size is too large"))
}

pub(super) fn natural(size: i64) -> Result<u64, R2Error> {
    u64::try_from(size).map_err(|_| broken("a size is negative"))
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, R2Error> {
    serde_json::to_string(value).map_err(|error| broken(&error.to_string()))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, R2Error> {
    serde_json::from_str(text).map_err(|error| broken(&error.to_string()))
}

fn broken(why: &str) -> R2Error {
    R2Error::new(
        Code::Internal,
        format!("the bucket's index is broken: {why}"),
    )
}
