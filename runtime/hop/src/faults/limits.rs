//! How far each number of a fault goes.

use std::ops::RangeInclusive;

/// Longest text of one fault, in bytes.
pub(super) const MOST_TEXT: usize = 1_024;
/// Longest path, in bytes.
pub(super) const MOST_PATH: usize = 256;
/// Longest pause, in milliseconds: ten minutes.
pub(super) const MOST_MS: u64 = 600_000;
/// Longest interval of a pace, in milliseconds.
pub(super) const MOST_INTERVAL_MS: u64 = 60_000;
/// Most bytes of one interval of a pace: at more, nothing is slow.
pub(super) const MOST_PACE_BYTES: u64 = 1 << 30;
/// Furthest byte of an answer: beyond any answer there is.
pub(super) const MOST_BYTES: u64 = 1 << 40;
/// Highest number of a call.
pub(super) const MOST_NTH: u64 = 1_000_000_000;
/// What TOML can write.
pub(super) const MOST_SEED: u64 = i64::MAX as u64;
/// Final answers only: a status below 200 announces another answer.
pub(super) const STATUSES: RangeInclusive<u64> = 200..=599;
