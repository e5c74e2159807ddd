//! The grammar of faults, such as `IMAGES:truncate=200000,nth=2,seed=7`. The command line and the header share it.
//!
//! `TARGET:TERM,TERM…` with a binding's name or `*`; the terms are one kind, and at most one each of `path=/…`, `seed=…`, and
//! `every`, `nth=…` or `rate=…`. A table of the config has the same terms as its keys.

use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;
use safelight_protocol::ErrorCode;

use super::error::FaultError;
use super::fault::{Fault, FaultKind, MILLION, Pace, Target, When};
use super::limits::{
    MAX_DELAY_MS, MAX_INTERVAL_MS, MAX_NTH, MAX_OFFSET, MAX_PACE_BYTES, MAX_PATH_BYTES, MAX_SEED,
    MAX_TEXT_BYTES, STATUSES,
};
use crate::{SOURCE_HOP, TRANSFORM_HOP};

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(FaultError::TooLong);
        }
        let (target, terms) = text.split_once(':').ok_or(FaultError::NoTarget)?;
        let target = target.parse()?;
        let mut builder = FaultBuilder::default();
        for term in terms.split(',').map(str::trim) {
            let (word, value) = match term.split_once('=') {
                Some((word, value)) => (word, Some(value)),
                None => (term, None),
            };
            builder.add(Term::parse(word, value)?)?;
        }
        builder.build(target)
    }
}

impl FromStr for Target {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match text {
            "*" => Ok(Self::All),
            // No binding's name has a hyphen.
            TRANSFORM_HOP | SOURCE_HOP => Ok(Self::Binding(text.to_owned())),
            name if !name.is_empty() && name.chars().all(is_word) => {
                Ok(Self::Binding(name.to_owned()))
            }
            _ => Err(FaultError::BadTarget),
        }
    }
}

/// One term of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    Kind(FaultKind),
    Path(String),
    When(When),
    Seed(u64),
}

impl Term {
    /// Parses a word and its value.
    ///
    /// # Errors
    /// Fails when the word is unknown, or its value is invalid.
    pub fn parse(word: &str, value: Option<&str>) -> Result<Self, FaultError> {
        Ok(match word {
            "delay" => Self::Kind(FaultKind::Delay(ms(number(
                "delay",
                value,
                1..=MAX_DELAY_MS,
            )?))),
            "slow_reader" => Self::Kind(FaultKind::SlowReader(pace("slow_reader", value)?)),
            "slow_writer" => Self::Kind(FaultKind::SlowWriter(pace("slow_writer", value)?)),
            "truncate" => Self::Kind(FaultKind::Truncate(number(
                "truncate",
                value,
                0..=MAX_OFFSET,
            )?)),
            "corrupt" => Self::Kind(FaultKind::Corrupt(number(
                "corrupt",
                value,
                0..=MAX_OFFSET,
            )?)),
            "reset" => Self::Kind(flag("reset", value, FaultKind::Reset)?),
            "hang" => Self::Kind(flag("hang", value, FaultKind::Hang)?),
            "error" => Self::Kind(FaultKind::Error(code(value)?)),
            "status" => Self::Kind(FaultKind::Status(status(value)?)),
            "crash" => Self::Kind(crash(value)?),
            "path" => Self::Path(path(value)?),
            "every" => Self::When(flag("every", value, When::Every)?),
            "nth" => Self::When(When::Nth(nth(value)?)),
            "rate" => Self::When(When::Rate(rate(value)?)),
            "seed" => Self::Seed(number("seed", value, 0..=MAX_SEED)?),
            other => return Err(FaultError::UnknownTerm(shown(other))),
        })
    }
}

/// Builds a fault from its terms.
#[derive(Debug, Default)]
pub struct FaultBuilder {
    kind: Option<FaultKind>,
    path: Option<String>,
    when: Option<When>,
    seed: Option<u64>,
}

impl FaultBuilder {
    /// Adds a term.
    ///
    /// # Errors
    /// Fails when the fault already has a term of the same sort.
    pub fn add(&mut self, term: Term) -> Result<(), FaultError> {
        match term {
            Term::Kind(kind) => put(&mut self.kind, kind, "kind"),
            Term::Path(path) => put(&mut self.path, path, "path"),
            Term::When(when) => put(&mut self.when, when, "of every, nth and rate"),
            Term::Seed(seed) => put(&mut self.seed, seed, "seed"),
        }
    }

    /// Builds the fault for a target.
    ///
    /// # Errors
    /// Fails without a kind.
    pub fn build(self, target: Target) -> Result<Fault, FaultError> {
        Ok(Fault {
            target,
            path: self.path,
            kind: self.kind.ok_or(FaultError::NoKind)?,
            when: self.when.unwrap_or(When::Every),
            seed: self.seed,
        })
    }
}

fn put<T>(slot: &mut Option<T>, value: T, what: &'static str) -> Result<(), FaultError> {
    match slot.replace(value) {
        Some(_) => Err(FaultError::Twice(what)),
        None => Ok(()),
    }
}

fn number(
    word: &'static str,
    value: Option<&str>,
    range: RangeInclusive<u64>,
) -> Result<u64, FaultError> {
    let value = value.ok_or(FaultError::NoValue(word))?;
    // `parse` alone would accept a sign.
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits && range.contains(&number) => Ok(number),
        _ => Err(FaultError::NotBetween(word, range)),
    }
}

fn flag<T>(word: &'static str, value: Option<&str>, meaning: T) -> Result<T, FaultError> {
    match value {
        None => Ok(meaning),
        Some(_) => Err(FaultError::NeedsNoValue(word)),
    }
}

fn crash(value: Option<&str>) -> Result<FaultKind, FaultError> {
    match value {
        None => Ok(FaultKind::Crash),
        Some("pixels") => Ok(FaultKind::CrashPixels),
        Some(_) => Err(FaultError::BadCrash),
    }
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn pace(word: &'static str, value: Option<&str>) -> Result<Pace, FaultError> {
    let bad = || FaultError::BadPace(word);
    let value = value.ok_or(FaultError::NoValue(word))?;
    let (bytes, interval) = value.split_once('/').ok_or_else(bad)?;
    let bytes = number(word, Some(bytes), 1..=MAX_PACE_BYTES).map_err(|_| bad())?;
    let interval = number(word, Some(interval), 1..=MAX_INTERVAL_MS).map_err(|_| bad())?;
    Ok(Pace {
        bytes: usize::try_from(bytes).map_err(|_| bad())?,
        interval: ms(interval),
    })
}

fn code(value: Option<&str>) -> Result<ErrorCode, FaultError> {
    let value = value.ok_or(FaultError::NoValue("error"))?;
    let number = value.parse().map_err(|_| FaultError::BadCode)?;
    ErrorCode::from_number(number).ok_or(FaultError::BadCode)
}

fn status(value: Option<&str>) -> Result<StatusCode, FaultError> {
    let number = number("status", value, STATUSES)?;
    u16::try_from(number)
        .ok()
        .and_then(|number| StatusCode::from_u16(number).ok())
        .ok_or(FaultError::NotBetween("status", STATUSES))
}

fn path(value: Option<&str>) -> Result<String, FaultError> {
    let value = value.ok_or(FaultError::NoValue("path"))?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b',';
    if value.starts_with('/') && value.len() <= MAX_PATH_BYTES && value.bytes().all(is_plain) {
        Ok(value.to_owned())
    } else {
        Err(FaultError::BadPath)
    }
}

fn nth(value: Option<&str>) -> Result<NonZeroU64, FaultError> {
    let number = number("nth", value, 1..=MAX_NTH)?;
    NonZeroU64::new(number).ok_or(FaultError::NotBetween("nth", 1..=MAX_NTH))
}

/// Parses decimal digits without floating point, so that a rate is the same on every machine.
fn rate(value: Option<&str>) -> Result<u32, FaultError> {
    const DIGITS: usize = 6;
    let value = value.ok_or(FaultError::NoValue("rate"))?;
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > DIGITS {
        return Err(FaultError::BadRate);
    }
    let whole: u32 = whole.parse().map_err(|_| FaultError::BadRate)?;
    let part: u32 = format!("{part:0<DIGITS$}")
        .parse()
        .map_err(|_| FaultError::BadRate)?;
    match whole.checked_mul(MILLION).and_then(|n| n.checked_add(part)) {
        Some(millionths) if millionths <= MILLION => Ok(millionths),
        Some(_) | None => Err(FaultError::BadRate),
    }
}

/// Shortens and escapes a term, so that it cannot control the terminal.
fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 40;
    text.chars()
        .take(MAX_CHARS)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests;
