//! Lists of the wire of which no more elements are kept than anyone needs.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// At most `MOST` elements. A list of more is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListOf<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for ListOf<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for ListOf<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let list = FirstOf::<T, MOST>::deserialize(from)?;
        match list.has_more {
            true => Err(D::Error::custom(format_args!(
                "a list has more than {MOST} elements"
            ))),
            false => Ok(Self(list.first)),
        }
    }
}

/// The first `MOST` elements of a list. The others are not kept, and who has a code of its own for such a list refuses it by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FirstOf<T, const MOST: usize> {
    pub(super) first: Vec<T>,
    pub(super) has_more: bool,
}

impl<T, const MOST: usize> Default for FirstOf<T, MOST> {
    fn default() -> Self {
        Self {
            first: Vec::new(),
            has_more: false,
        }
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for FirstOf<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Elements(PhantomData))
    }
}

struct Elements<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Elements<T, MOST> {
    type Value = FirstOf<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = FirstOf::default();
        while list.first.len() < MOST {
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
    use super::{FirstOf, ListOf};

    #[test]
    fn what_is_too_much_is_not_kept_but_known() {
        for (json, kept, has_more) in [
            ("[]", &[][..], false),
            ("[1,2]", &[1, 2], false),
            ("[1,2,3]", &[1, 2], true),
            ("[1,2,3,\"x\"]", &[1, 2], true),
        ] {
            let list: FirstOf<u8, 2> = serde_json::from_str(json).unwrap();
            assert_eq!((&*list.first, list.has_more), (kept, has_more), "{json}");
            let all = serde_json::from_str::<ListOf<u8, 2>>(json);
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
