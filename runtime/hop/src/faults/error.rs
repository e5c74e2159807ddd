//! The error of a malformed fault, and of one that cannot apply.

use std::fmt;
use std::ops::RangeInclusive;

use super::fault::KIND_WORDS;
use super::limits::{MAX_INTERVAL_MS, MAX_PACE_BYTES, MAX_PATH_BYTES, MAX_TEXT_BYTES};

/// The error of a malformed fault, or of one that cannot apply. The text follows the fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultError {
    TooLong,
    NoTarget,
    BadTarget,
    UnknownTerm(String),
    NoKind,
    Twice(&'static str),
    NoValue(&'static str),
    NeedsNoValue(&'static str),
    NotBetween(&'static str, RangeInclusive<u64>),
    BadCrash,
    BadPace(&'static str),
    BadRate,
    BadPath,
    BadCode,
    TooMany(usize),
    NotText,
    UnknownTarget { name: String, known: Vec<String> },
    Impossible { kind: &'static str, target: String },
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {MAX_TEXT_BYTES} bytes"),
            Self::NoTarget => f.write_str(
                "has no target: expected a binding's name, or * for every call, before a colon",
            ),
            Self::BadTarget => {
                f.write_str("has an invalid target: expected a binding's name, or * for every call")
            }
            Self::UnknownTerm(term) => write!(f, "has an unknown term `{term}`"),
            Self::NoKind => write!(f, "has no kind: expected one of {}", KIND_WORDS.join(", ")),
            Self::Twice(what) => write!(f, "gives more than one {what}"),
            Self::NoValue(word) => write!(f, "must give {word} a value, as in `{word}=…`"),
            Self::NeedsNoValue(word) => write!(f, "must not give {word} a value"),
            Self::NotBetween(word, range) => write!(
                f,
                "has an invalid {word}: expected a whole number from {} to {}",
                range.start(),
                range.end()
            ),
            Self::BadCrash => f.write_str("has an invalid crash: expected no value, or pixels"),
            Self::BadPace(word) => write!(
                f,
                "has an invalid {word}: expected BYTES/MILLISECONDS, as in 8192/100, from 1/1 to {MAX_PACE_BYTES}/{MAX_INTERVAL_MS}"
            ),
            Self::BadRate => f.write_str(
                "has an invalid rate: expected a number from 0 to 1 with at most six digits after the point",
            ),
            Self::BadPath => write!(
                f,
                "has an invalid path: expected / and printable characters without comma, at most {MAX_PATH_BYTES} in all"
            ),
            Self::BadCode => {
                f.write_str("has an invalid error: expected a code of the Images table, such as 9522")
            }
            Self::TooMany(max) => write!(f, "is one of more than {max} faults"),
            Self::NotText => f.write_str("is not plain text"),
            Self::UnknownTarget { name, known } if known.is_empty() => {
                write!(f, "is aimed at {name}, but the worker has no bindings")
            }
            Self::UnknownTarget { name, known } => write!(
                f,
                "is aimed at {name}, which the worker does not have; it has: {}",
                known.join(", ")
            ),
            Self::Impossible { kind, target } => {
                write!(
                    f,
                    "cannot apply: {kind} needs an Images binding, and {target} has none"
                )
            }
        }
    }
}

impl std::error::Error for FaultError {}
