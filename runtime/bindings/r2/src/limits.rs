//! The limits of a bucket: those of the platform, and where the platform states none, our own.

/// Maximum bytes of a key.
pub(super) const MAX_KEY_BYTES: usize = 1024;
/// Maximum units of all custom metadata of an object; see [`size`](super::metadata::size).
pub(super) const MAX_CUSTOM_METADATA_UNITS: usize = 8192;
/// Maximum bytes of all texts of `httpMetadata`. The platform has a limit for all headers of a request. This one keeps
/// the JSON of an object below the maximum of its client, even if each byte is a control character, which JSON escapes.
pub(super) const MAX_HTTP_METADATA_BYTES: usize = 8192;
/// Maximum bytes of one `put` or one part: 5 GiB less 5 MiB.
pub(super) const MAX_VALUE_BYTES: u64 = (5 << 30) - (5 << 20);
/// Maximum bytes of an object of parts: 5 TiB less 5 GiB.
pub(super) const MAX_OBJECT_BYTES: u64 = (5 << 40) - (5 << 30);
/// Maximum bytes of a request's JSON. Our own.
pub(super) const MAX_REQUEST_JSON_BYTES: u64 = 8 << 20;
/// Maximum bytes of all rows of a list. Our own, as the client fails at 1 MiB.
pub(super) const MAX_LIST_JSON_BYTES: usize = 983_040;
/// Maximum rows of one list.
pub(super) const MAX_LIST_ROWS: u64 = 1000;
/// Maximum rows of one list with metadata.
pub(super) const MAX_LIST_ROWS_WITH_METADATA: u64 = 100;
/// Maximum keys of one `delete`.
pub(super) const MAX_DELETE_KEYS: usize = 1000;
/// The highest number of a part.
pub(super) const MAX_PART_NUMBER: u32 = 10_000;
/// Maximum parts of one object: each number once.
pub(super) const MAX_PARTS: usize = MAX_PART_NUMBER as usize;
/// Minimum bytes of every part but the last.
pub(super) const MIN_PART_BYTES: u64 = 5 << 20;
/// Maximum age of an open upload in parts, in milliseconds.
pub(super) const MAX_UPLOAD_AGE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Maximum entity tags of one condition. Our own; no client sends more.
pub(super) const MAX_CONDITION_ETAGS: usize = 1000;
