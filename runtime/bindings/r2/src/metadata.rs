//! The metadata of an object.

use serde::{Deserialize, Serialize};

use super::bounded_list::TruncatedList;
use super::error::{Code, R2Error};
use super::integer;
use super::limits::{MAX_CUSTOM_METADATA_UNITS, MAX_HTTP_METADATA_BYTES};

/// The headers that an object is served with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct HttpFields {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    /// Milliseconds since the epoch.
    #[serde(
        deserialize_with = "integer::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) cache_expiry: Option<i64>,
}

impl HttpFields {
    /// Checks the size. A text that no header can hold is accepted here, and refused when it is made a header.
    ///
    /// # Errors
    /// Fails when the texts are larger than the limit.
    pub(super) fn checked(self) -> Result<Self, R2Error> {
        let size: usize = [
            &self.content_type,
            &self.content_language,
            &self.content_disposition,
            &self.content_encoding,
            &self.cache_control,
        ]
        .into_iter()
        .flatten()
        .map(String::len)
        .sum();
        match size > MAX_HTTP_METADATA_BYTES {
            true => Err(too_large("httpMetadata", size, MAX_HTTP_METADATA_BYTES)),
            false => Ok(self),
        }
    }
}

fn too_large(what: &str, size: usize, limit: usize) -> R2Error {
    let text = format!("{what} of {size} exceeds the limit of {limit}");
    R2Error::new(Code::MetadataTooLarge, text)
}

/// One field of custom metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomField {
    pub(super) k: String,
    pub(super) v: String,
}

/// Maximum fields. Each field but one has a unit at least: an empty key with an empty value is the same field again.
const MAX_CUSTOM_FIELDS: usize = MAX_CUSTOM_METADATA_UNITS + 1;

pub(super) type CustomFields = TruncatedList<CustomField, MAX_CUSTOM_FIELDS>;

/// Checks custom metadata. The last value of a repeated key replaces the earlier ones.
///
/// # Errors
/// Fails when the metadata is larger than the limit.
pub(super) fn checked(fields: CustomFields) -> Result<Vec<CustomField>, R2Error> {
    let size = size(&fields.first);
    if size > MAX_CUSTOM_METADATA_UNITS {
        return Err(too_large(
            "custom metadata",
            size,
            MAX_CUSTOM_METADATA_UNITS,
        ));
    }
    if fields.has_more {
        let text = "custom metadata has more fields than its limit has room for";
        return Err(R2Error::new(Code::MetadataTooLarge, text));
    }
    let mut kept: Vec<CustomField> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for field in fields.first {
        match places.get(&field.k) {
            Some(place) => {
                if let Some(kept) = kept.get_mut(*place) {
                    *kept = field;
                }
            }
            None => {
                places.insert(field.k.clone(), kept.len());
                kept.push(field);
            }
        }
    }
    Ok(kept)
}

/// The size that the platform counts: the UTF-16 units of each string, twice if one of them is 256 or more.
fn size(fields: &[CustomField]) -> usize {
    let of_text = |text: &str| {
        let wide = text.encode_utf16().any(|unit| unit >= 256);
        text.encode_utf16().count() * if wide { 2 } else { 1 }
    };
    fields
        .iter()
        .map(|field| of_text(&field.k) + of_text(&field.v))
        .sum()
}

/// The metadata that an object is given besides its bytes.
#[derive(Clone, Debug)]
pub(super) struct ObjectMetadata {
    pub(super) http: HttpFields,
    pub(super) custom: Vec<CustomField>,
    pub(super) storage_class: StorageClass,
}

/// The storage class of an object. It is stored and has no other effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum StorageClass {
    #[default]
    Standard,
    InfrequentAccess,
}

impl StorageClass {
    pub(super) fn parse(text: &str) -> Result<Self, R2Error> {
        match text {
            "Standard" => Ok(Self::Standard),
            "InfrequentAccess" => Ok(Self::InfrequentAccess),
            _ => Err(R2Error::invalid(
                "storageClass is neither Standard nor InfrequentAccess",
            )),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::InfrequentAccess => "InfrequentAccess",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CustomField, CustomFields, HttpFields, checked, size};

    fn field(k: &str, v: &str) -> CustomField {
        CustomField {
            k: k.into(),
            v: v.into(),
        }
    }

    fn all(first: Vec<CustomField>) -> CustomFields {
        CustomFields {
            first,
            has_more: false,
        }
    }

    #[test]
    fn characters_count_once_and_strings_with_wide_ones_twice() {
        assert_eq!(size(&[field("ab", "ÿ")]), 3);
        assert_eq!(size(&[field("a", "xĀ")]), 1 + 4);
        assert_eq!(size(&[field("", "😀")]), 4);
    }

    #[test]
    fn the_limit_is_8192() {
        let with_length = |length: usize| checked(all(vec![field("k", &"x".repeat(length))]));
        assert!(with_length(8191).is_ok());
        assert_eq!(with_length(8192).unwrap_err().code.number(), 10012);
    }

    #[test]
    fn http_fields_count_together_in_bytes_and_may_have_what_no_header_carries() {
        let with_content_type = |kind: &str, rest: usize| {
            let fields = HttpFields {
                content_type: Some(kind.into()),
                cache_control: Some("x".repeat(rest)),
                ..HttpFields::default()
            };
            fields.checked().map_err(|error| error.code.number())
        };
        assert!(with_content_type("\u{1}\n", 8190).is_ok());
        assert_eq!(with_content_type("ab", 8191).unwrap_err(), 10012);
        assert_eq!(with_content_type("é", 8191).unwrap_err(), 10012);
    }

    #[test]
    fn fields_that_count_nothing_are_bounded_as_well() {
        let fields = |count: usize| {
            let json = format!("[{}]", vec![r#"{"k":"","v":""}"#; count].join(","));
            serde_json::from_str::<CustomFields>(&json).unwrap()
        };
        assert_eq!(checked(fields(8193)).unwrap(), [field("", "")]);
        assert_eq!(checked(fields(8194)).unwrap_err().code.number(), 10012);
    }

    #[test]
    fn the_last_of_a_key_counts_in_the_place_of_the_first() {
        let fields = all(vec![field("a", "1"), field("b", "2"), field("a", "3")]);
        assert_eq!(checked(fields).unwrap(), [field("a", "3"), field("b", "2")]);
    }
}
