//! Lists of the wire of which no more elements are kept than anyone needs.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// At most `MOST` elements. One more is refused before it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListOf<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for ListOf<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for ListOf<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Elements(PhantomData))
    }
}

struct Elements<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Elements<T, MOST> {
    type Value = ListOf<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MOST} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            if list.len() == MOST {
                return Err(A::Error::custom(format_args!(
                    "a list has more than {MOST} elements"
                )));
            }
            list.push(element);
        }
        Ok(ListOf(list))
    }
}

/// The first `MOST` elements of a list. The others are not kept, so that who finds `MOST` of them can refuse the list by a
/// code of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FirstOf<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for FirstOf<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for FirstOf<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(First(PhantomData))
    }
}

struct First<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for First<T, MOST> {
    type Value = FirstOf<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while list.len() < MOST {
            match elements.next_element()? {
                Some(element) => list.push(element),
                None => return Ok(FirstOf(list)),
            }
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(FirstOf(list))
    }
}
