//! The bounds of a fault's numbers.

use std::ops::RangeInclusive;

/// Longest text of one fault, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 1_024;
/// Longest path, in bytes.
pub(super) const MAX_PATH_BYTES: usize = 256;
/// Longest delay, in milliseconds: ten minutes.
pub(super) const MAX_DELAY_MS: u64 = 600_000;
/// Longest interval of a pace, in milliseconds.
pub(super) const MAX_INTERVAL_MS: u64 = 60_000;
/// Most bytes of one interval of a pace. More would not be slow.
pub(super) const MAX_PACE_BYTES: u64 = 1 << 30;
/// Largest offset in an answer, beyond every real answer.
pub(super) const MAX_OFFSET: u64 = 1 << 40;
/// Largest number of a call.
pub(super) const MAX_NTH: u64 = 1_000_000_000;
/// Largest seed: the largest integer of TOML.
pub(super) const MAX_SEED: u64 = i64::MAX as u64;
/// Statuses of final responses.
pub(super) const STATUSES: RangeInclusive<u64> = 200..=599;
