//! Lists of the wire with a maximum of elements, which is enforced while they are read.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// At most `MAX` elements. A longer list is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BoundedList<T, const MAX: usize>(pub(super) Vec<T>);

impl<T, const MAX: usize> Default for BoundedList<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for BoundedList<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let list = TruncatedList::<T, MAX>::deserialize(from)?;
        match list.has_more {
            true => Err(D::Error::custom(format_args!(
                "a list has more than {MAX} elements"
            ))),
            false => Ok(Self(list.first)),
        }
    }
}

/// The first `MAX` elements of a list. The others are dropped. The caller refuses a longer list with a code of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TruncatedList<T, const MAX: usize> {
    pub(super) first: Vec<T>,
    pub(super) has_more: bool,
}

impl<T, const MAX: usize> Default for TruncatedList<T, MAX> {
    fn default() -> Self {
        Self {
            first: Vec::new(),
            has_more: false,
        }
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for TruncatedList<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Elements(PhantomData))
    }
}

struct Elements<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Elements<T, MAX> {
    type Value = TruncatedList<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = TruncatedList::default();
        while list.first.len() < MAX {
            match elements.next_element()? {
                Some(element) => list.first.push(element),
                None => return Ok(list),
            }
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {
            list.has_more = true;
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::{BoundedList, TruncatedList};

    #[test]
    fn an_overflow_is_dropped_and_recorded() {
        for (json, kept, has_more) in [
            ("[]", &[][..], false),
            ("[1,2]", &[1, 2], false),
            ("[1,2,3]", &[1, 2], true),
            ("[1,2,3,\"x\"]", &[1, 2], true),
        ] {
            let list: TruncatedList<u8, 2> = serde_json::from_str(json).unwrap();
            assert_eq!((&*list.first, list.has_more), (kept, has_more), "{json}");
            let all = serde_json::from_str::<BoundedList<u8, 2>>(json);
            match has_more {
                true => assert!(
                    all.unwrap_err()
                        .to_string()
                        .contains("more than 2 elements")
                ),
                false => assert_eq!(all.unwrap().0, kept),
            }
        }
    }
}
