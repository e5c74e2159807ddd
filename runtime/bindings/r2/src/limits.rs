//! What a bucket takes at most, in the platform's own numbers.

/// Bytes of a key.
pub(super) const MAX_KEY_BYTES: usize = 1024;
/// Units of all custom metadata of an object; see [`metadata_size`](super::metadata::size).
pub(super) const MAX_CUSTOM_METADATA_UNITS: usize = 8192;
/// Bytes of the texts of `httpMetadata` together. The platform has a limit for all headers of a request; this one keeps the JSON of
/// an object below what its client reads, even where each byte is a control character, which is stored as given.
pub(super) const MAX_HTTP_METADATA_BYTES: usize = 8192;
/// Bytes of one `put` or one part: 5 GiB less 5 MiB.
pub(super) const MAX_VALUE_BYTES: u64 = (5 << 30) - (5 << 20);
/// Bytes of an object made of parts: 5 TiB less 5 GiB.
pub(super) const MAX_OBJECT_BYTES: u64 = (5 << 40) - (5 << 30);
/// Bytes of a request's JSON.
pub(super) const MAX_REQUEST_JSON_BYTES: u64 = 8 << 20;
/// Bytes that the rows of a list may fill; the client fails at 1 MiB.
pub(super) const MAX_LIST_JSON_BYTES: usize = 983_040;
/// Rows of one list.
pub(super) const MAX_LIST_ROWS: u64 = 1000;
/// Rows of one list whose rows bring metadata along.
pub(super) const MAX_LIST_ROWS_WITH_METADATA: u64 = 100;
/// Keys of one `delete`.
pub(super) const MAX_DELETE_KEYS: usize = 1000;
/// The highest number of a part.
pub(super) const MAX_PART_NUMBER: u64 = 10_000;
/// Bytes of every part but the last, at least.
pub(super) const MIN_PART_BYTES: u64 = 5 << 20;
/// How long an upload in parts may stay open, in milliseconds.
pub(super) const MAX_UPLOAD_AGE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// Entity tags of one condition: more is no request of a client's.
pub(super) const MAX_CONDITION_ETAGS: usize = 1000;
/// Bytes of an unwanted upload that are read to nowhere before the answer.
pub(super) const MAX_DRAIN_BYTES: u64 = 256 << 20;
