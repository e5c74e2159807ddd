//! The bounds of a config as a whole.

/// Largest config file, in bytes. A config has a few kilobytes; the bound limits the cost of a wrong path.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 20;
/// Deepest nesting of values: deeper than any key that is read, and shallow enough for recursion.
pub(super) const MAX_DEPTH: usize = 64;
/// Most errors and most warnings that are reported. Further errors are only counted.
pub(super) const MAX_DIAGNOSTICS: usize = 100;
/// Most workers of one run.
pub(super) const MAX_WORKERS: usize = 32;
