//! `list`: a page of a bucket's keys, in the order of their bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::Connection;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::bounded_list::BoundedList;
use super::error::{Code, R2Error};
use super::index::objects::{self, ScanStart};
use super::integer::{self, WireU32};
use super::limits::{MAX_LIST_JSON_BYTES, MAX_LIST_ROWS, MAX_LIST_ROWS_WITH_METADATA};
use super::object::Include;

/// The first byte of a cursor.
const CURSOR_VERSION: u8 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RawList {
    #[serde(rename = "version")]
    _version: IgnoredAny,
    #[serde(rename = "method")]
    _method: IgnoredAny,
    #[serde(default, deserialize_with = "integer::optional")]
    limit: Option<i64>,
    #[serde(default)]
    prefix: String,
    cursor: Option<String>,
    #[serde(default)]
    delimiter: String,
    start_after: Option<String>,
    #[serde(default)]
    include: BoundedList<WireU32, 16>,
    /// Always true, and without effect.
    #[serde(default, rename = "newRuntime")]
    _new_runtime: IgnoredAny,
}

/// The options of a list, checked.
#[derive(Debug)]
pub(super) struct ListQuery {
    rows: usize,
    prefix: String,
    delimiter: String,
    /// Keys up to this one, in the order of bytes, are left out.
    after: Option<Vec<u8>>,
    include: Include,
}

impl ListQuery {
    pub(super) fn checked(raw: RawList) -> Result<Self, R2Error> {
        let mut include = Include::default();
        for number in &raw.include.0 {
            match number.0 {
                0 => include.http = true,
                1 => include.custom = true,
                _ => return Err(R2Error::invalid("include knows 0 and 1 only")),
            }
        }
        let limit = raw
            .limit
            .map_or(Some(MAX_LIST_ROWS), |limit| limit.try_into().ok());
        let Some(limit) = limit.filter(|limit| (1..=MAX_LIST_ROWS).contains(limit)) else {
            let message = format!("MaxKeys params must be positive integer <= {MAX_LIST_ROWS}.");
            return Err(R2Error::new(Code::LimitOutOfRange, message));
        };
        let rows = match include.any() {
            true => limit.min(MAX_LIST_ROWS_WITH_METADATA),
            false => limit,
        };
        let cursor = raw.cursor.as_deref().map(read_cursor).transpose()?;
        Ok(Self {
            rows: usize::try_from(rows).unwrap_or(1),
            prefix: raw.prefix,
            delimiter: raw.delimiter,
            after: cursor.max(raw.start_after.map(String::into_bytes)),
            include,
        })
    }

    /// The answer's JSON.
    pub(super) fn answer(&self, index: &Connection) -> Result<String, R2Error> {
        let mut page = Page::new(self);
        while let Some(from) = page.next.take() {
            page.read(index, &from)?;
        }
        page.finish(index)
    }
}

/// A page while it is filled.
struct Page<'a> {
    query: &'a ListQuery,
    objects: Vec<String>,
    prefixes: Vec<String>,
    bytes: usize,
    /// The last key that a row covers.
    last: Option<Vec<u8>>,
    /// The start of the next scan.
    next: Option<ScanStart>,
}

impl<'a> Page<'a> {
    fn new(query: &'a ListQuery) -> Self {
        let prefix = query.prefix.as_bytes();
        let start = match &query.after {
            Some(after) if after.as_slice() >= prefix => ScanStart::Key(after.clone()),
            _ => ScanStart::From(prefix.to_vec()),
        };
        Self {
            query,
            objects: Vec::new(),
            prefixes: Vec::new(),
            bytes: 0,
            last: None,
            next: Some(start),
        }
    }

    /// Reads rows up to the end of the page, the end of the keys, or a group.
    fn read(&mut self, index: &Connection, from: &ScanStart) -> Result<(), R2Error> {
        let wanted = self.query.rows - self.rows();
        if wanted == 0 {
            return Ok(());
        }
        let mut after_group = None;
        objects::scan(index, from, wanted, |object| {
            if !object.key.starts_with(&self.query.prefix) {
                return false;
            }
            if let Some(group) = self.group(&object.key) {
                after_group = Some(group);
                return false;
            }
            let json = object.json(self.query.include, None);
            if !self.has_room(json.len()) {
                return false;
            }
            self.last = Some(object.key.into_bytes());
            self.objects.push(json);
            true
        })?;
        if let Some(group) = after_group
            && self.has_room(json!(group).to_string().len())
        {
            let end = objects::successor(group.as_bytes());
            self.last = objects::last_before(index, &end)?;
            self.prefixes.push(group);
            self.next = Some(ScanStart::From(end));
        }
        Ok(())
    }

    /// The common prefix of the key's group, if the key has a group.
    fn group(&self, key: &str) -> Option<String> {
        let delimiter = self.query.delimiter.as_str();
        if delimiter.is_empty() {
            return None;
        }
        let start = self.query.prefix.len();
        let found = key.get(start..)?.find(delimiter)?;
        Some(key.get(..start + found + delimiter.len())?.to_owned())
    }

    /// Returns whether a row of this size fits in. The first row always does.
    fn has_room(&mut self, bytes: usize) -> bool {
        let bytes = self.bytes + bytes + 1;
        let fits = bytes <= MAX_LIST_JSON_BYTES || self.rows() == 0;
        if fits {
            self.bytes = bytes;
        }
        fits
    }

    fn rows(&self) -> usize {
        self.objects.len() + self.prefixes.len()
    }

    fn finish(self, index: &Connection) -> Result<String, R2Error> {
        let cursor = match self.last {
            Some(last) => {
                let after = ScanStart::Key(last.clone());
                objects::first_key(index, &after)?
                    .filter(|key| key.starts_with(self.query.prefix.as_bytes()))
                    .map(|_| cursor(&last))
            }
            None => None,
        };
        let truncated = cursor.is_some();
        let cursor = cursor.map_or_else(String::new, |cursor| format!(r#","cursor":"{cursor}""#));
        Ok(format!(
            r#"{{"objects":[{}],"truncated":{truncated}{cursor},"delimitedPrefixes":{}}}"#,
            self.objects.join(","),
            json!(self.prefixes)
        ))
    }
}

fn cursor(key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([&[CURSOR_VERSION], key].concat())
}

fn read_cursor(text: &str) -> Result<Vec<u8>, R2Error> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    match bytes.split_first() {
        Some((&CURSOR_VERSION, key)) => Ok(key.to_vec()),
        _ => Err(R2Error::invalid("the cursor is not that of a list")),
    }
}
