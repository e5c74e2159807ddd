//! Why a text is not a fault, or a fault cannot be here.

use std::fmt;
use std::ops::RangeInclusive;

use super::grammar::KINDS;
use super::limits::{MOST_INTERVAL_MS, MOST_PACE_BYTES, MOST_PATH, MOST_TEXT};

/// Why a text is not a fault, or a fault cannot be here.
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
    BadPace(&'static str),
    BadRate,
    BadPath,
    BadCode,
    TooMany(usize),
    NotText,
    NoBinding { name: String, granted: Vec<String> },
    Impossible { kind: &'static str, target: String },
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "is longer than {MOST_TEXT} bytes"),
            Self::NoTarget => f.write_str(
                "must name its target before a colon: a binding's name, or * for every call",
            ),
            Self::BadTarget => {
                f.write_str("must have as target the name of a binding, or * for every call")
            }
            Self::UnknownTerm(term) => write!(f, "has an unknown term `{term}`"),
            Self::NoKind => write!(f, "says not what to break: one of {}", KINDS.join(", ")),
            Self::Twice(what) => write!(f, "gives more than one {what}"),
            Self::NoValue(word) => write!(f, "must give {word} a value, as in `{word}=…`"),
            Self::NeedsNoValue(word) => write!(f, "must not give {word} a value"),
            Self::NotBetween(word, range) => write!(
                f,
                "must have as {word} a whole number from {} to {}",
                range.start(),
                range.end()
            ),
            Self::BadPace(word) => write!(
                f,
                "must have as {word} bytes per milliseconds, as in 8192/100: at most {MOST_PACE_BYTES} bytes and {MOST_INTERVAL_MS} ms, both from 1"
            ),
            Self::BadRate => f.write_str(
                "must have as rate a number from 0 to 1 with at most six digits after the point",
            ),
            Self::BadPath => write!(
                f,
                "must have a path that begins with / and has at most {MOST_PATH} printable characters, without comma"
            ),
            Self::BadCode => {
                f.write_str("must have as error a code of the Images table, such as 9522")
            }
            Self::TooMany(most) => write!(f, "is one of more than {most} faults"),
            Self::NotText => f.write_str("is not plain text"),
            Self::NoBinding { name, granted } if granted.is_empty() => {
                write!(f, "is aimed at {name}, but the worker has no bindings")
            }
            Self::NoBinding { name, granted } => write!(
                f,
                "is aimed at {name}, which the worker does not have; it has: {}",
                granted.join(", ")
            ),
            Self::Impossible { kind, target } => {
                write!(
                    f,
                    "cannot strike: {kind} needs an Images binding, and {target} has none"
                )
            }
        }
    }
}

impl std::error::Error for FaultError {}
