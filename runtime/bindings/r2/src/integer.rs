//! Integers of the wire: numbers or decimal text.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// An optional integer. A larger number than `i64` holds becomes `i64::MAX`.
pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    from.deserialize_any(Integer).map(Some)
}

/// A required integer of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WireU32(pub(super) u32);

impl<'de> Deserialize<'de> for WireU32 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = from.deserialize_any(Integer)?;
        let number = u32::try_from(number);
        number.map(Self).map_err(D::Error::custom)
    }
}

struct Integer;

impl Visitor<'_> for Integer {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, as a number or as decimal text")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        Ok(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        if let Ok(number) = text.parse::<u64>() {
            return self.visit_u64(number);
        }
        text.parse().map_err(|_| E::custom("not an integer"))
    }
}
