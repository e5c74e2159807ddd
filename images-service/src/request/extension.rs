//! The parts of a form that are ours: how the format is chosen, and what is kept of the source's metadata.

use safelight_protocol::{
    ErrorCode, UnknownWordError,
    extension::{self, Caller, Choose, JpegScan, Metadata},
};

use crate::{error::ServiceError, form::ExtensionParts};

/// What a caller says beyond the binding. Nothing of it is the binding's own behaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// How the format is chosen, unless it is fixed.
    pub choose: Option<Choose>,
    /// Which modern formats may be chosen.
    pub accepted: Accepted,
    /// What is kept of the source's metadata; by default as [`Metadata::Copyright`].
    pub metadata: Option<Metadata>,
    /// Who asks, if it is not the binding.
    pub caller: Option<Caller>,
}

/// Formats beyond those that every reader knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// AVIF.
    pub avif: bool,
    /// WebP.
    pub webp: bool,
}

impl Extension {
    /// Checks the parts.
    pub(super) fn parse(parts: &ExtensionParts) -> Result<Self, ServiceError> {
        let mut accepted = Accepted::default();
        for name in parts.accept.iter().flat_map(|list| list.split(',')) {
            match name {
                "avif" => accepted.avif = true,
                "webp" => accepted.webp = true,
                _ => return Err(bad(extension::ACCEPT, "must be a list of avif and webp")),
            }
        }
        Ok(Self {
            choose: word(extension::CHOOSE, parts.choose.as_deref())?,
            accepted,
            metadata: word(extension::METADATA, parts.metadata.as_deref())?,
            caller: word(extension::CALLER, parts.caller.as_deref())?,
        })
    }
}

/// How a JPEG is written, if it is not the encoder's own choice.
pub(super) fn scan(parts: &ExtensionParts) -> Result<Option<JpegScan>, ServiceError> {
    word(extension::JPEG, parts.jpeg.as_deref())
}

fn word<T: std::str::FromStr<Err = UnknownWordError>>(
    part: &str,
    text: Option<&str>,
) -> Result<Option<T>, ServiceError> {
    let word = text.map(str::parse).transpose();
    word.map_err(|error: UnknownWordError| bad(part, &error.to_string()))
}

fn bad(part: &str, fault: &str) -> ServiceError {
    ServiceError::new(ErrorCode::BadRequest, format!("{part} {fault}"))
}

#[cfg(test)]
mod tests {
    use super::{Accepted, Extension, scan};
    use crate::form::ExtensionParts;

    fn parts() -> ExtensionParts {
        ExtensionParts::default()
    }

    #[test]
    fn without_a_part_everything_is_the_bindings() {
        assert_eq!(Extension::parse(&parts()).unwrap(), Extension::default());
    }

    #[test]
    fn formats_are_accepted_by_name() {
        let parts = ExtensionParts {
            accept: Some("avif,webp".into()),
            ..parts()
        };
        let accepted = Extension::parse(&parts).unwrap().accepted;
        let both = Accepted {
            avif: true,
            webp: true,
        };
        assert_eq!(accepted, both);
    }

    #[test]
    fn a_word_that_is_not_known_is_refused_by_name() {
        let some = |text: &str| Some(text.to_owned());
        for (parts, named) in [
            (
                ExtensionParts {
                    choose: some("best"),
                    ..parts()
                },
                "safelight_choose",
            ),
            (
                ExtensionParts {
                    accept: some("jxl"),
                    ..parts()
                },
                "safelight_accept",
            ),
            (
                ExtensionParts {
                    metadata: some("all"),
                    ..parts()
                },
                "safelight_metadata",
            ),
            (
                ExtensionParts {
                    caller: some("me"),
                    ..parts()
                },
                "safelight_caller",
            ),
        ] {
            let error = Extension::parse(&parts).unwrap_err();
            assert!(error.message.contains(named), "{}", error.message);
        }
        let parts = ExtensionParts {
            jpeg: some("turbo"),
            ..parts()
        };
        let error = scan(&parts).unwrap_err();
        assert!(error.message.contains("safelight_jpeg"), "{error}");
    }
}
