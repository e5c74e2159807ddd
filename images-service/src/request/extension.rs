//! The parts of a form that are ours: how the format is chosen, and what is kept of the source's metadata.

use safelight_protocol::{
    ErrorCode, UnknownWord,
    extension::{self, Choose, JpegScan, Metadata},
};

use crate::{error::ServiceError, form::ExtensionParts};

/// What a caller says beyond the binding. Nothing of it is the binding's own behaviour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extension {
    /// How the format is chosen, unless it is fixed.
    pub choose: Option<Choose>,
    /// Which modern formats may be chosen.
    pub accepted: Accepted,
    /// Whether the notice of copyright is dropped as well.
    pub drop_metadata: bool,
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
        let metadata: Option<Metadata> = word(extension::METADATA, parts.metadata.as_deref())?;
        let drop_metadata = match metadata {
            Some(Metadata::None) => true,
            Some(Metadata::Copyright) | None => false,
            Some(Metadata::Keep) => return Err(unsupported("metadata", "keep")),
        };
        if let Some(JpegScan::Baseline) = word(extension::JPEG, parts.jpeg.as_deref())? {
            return Err(unsupported("format", "baseline-jpeg"));
        }
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
            drop_metadata,
        })
    }
}

fn word<T: std::str::FromStr<Err = UnknownWord>>(
    part: &str,
    text: Option<&str>,
) -> Result<Option<T>, ServiceError> {
    let word = text.map(str::parse).transpose();
    word.map_err(|error: UnknownWord| bad(part, &error.to_string()))
}

/// In the words of the options that lead to these parts.
fn unsupported(option: &str, value: &str) -> ServiceError {
    bad(option, &format!("{value} is not supported yet"))
}

fn bad(part: &str, fault: &str) -> ServiceError {
    ServiceError::new(ErrorCode::BadRequest, format!("{part} {fault}"))
}

#[cfg(test)]
mod tests {
    use super::{Accepted, Extension};
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
    fn a_word_that_is_not_known_or_not_supported_is_refused_by_name() {
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
                    metadata: some("keep"),
                    ..parts()
                },
                "metadata keep",
            ),
            (
                ExtensionParts {
                    jpeg: some("turbo"),
                    ..parts()
                },
                "safelight_jpeg",
            ),
            (
                ExtensionParts {
                    jpeg: some("baseline"),
                    ..parts()
                },
                "baseline-jpeg",
            ),
        ] {
            let error = Extension::parse(&parts).unwrap_err();
            assert!(error.message.contains(named), "{}", error.message);
        }
    }
}
