//! The parts of a form beyond the binding: the choice of the format, and the metadata that is kept.

use safelight_protocol::{
    ErrorCode, UnknownWordError,
    extension::{self, JpegScan},
};

use crate::{
    error::ServiceError,
    form::ExtensionParts,
    options::{Accepted, Extension},
};

/// Parses the parts.
pub(super) fn parse(parts: &ExtensionParts) -> Result<Extension, ServiceError> {
    let mut accepted = Accepted::default();
    for name in parts.accept.iter().flat_map(|list| list.split(',')) {
        match name {
            "avif" => accepted.avif = true,
            "webp" => accepted.webp = true,
            _ => return Err(bad(extension::ACCEPT, "must be a list of avif and webp")),
        }
    }
    Ok(Extension {
        choose: word(extension::CHOOSE, parts.choose.as_deref())?,
        accepted,
        metadata: word(extension::METADATA, parts.metadata.as_deref())?,
        caller: word(extension::CALLER, parts.caller.as_deref())?,
    })
}

/// Parses the scan of a JPEG; `None` leaves it to the encoder.
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

fn bad(part: &str, problem: &str) -> ServiceError {
    ServiceError::new(ErrorCode::BadRequest, format!("{part} {problem}"))
}

#[cfg(test)]
mod tests {
    use super::{parse, scan};
    use crate::{
        form::ExtensionParts,
        options::{Accepted, Extension},
    };

    fn parts() -> ExtensionParts {
        ExtensionParts::default()
    }

    #[test]
    fn without_a_part_everything_is_the_bindings() {
        assert_eq!(parse(&parts()).unwrap(), Extension::default());
    }

    #[test]
    fn formats_are_accepted_by_name() {
        let parts = ExtensionParts {
            accept: Some("avif,webp".into()),
            ..parts()
        };
        let accepted = parse(&parts).unwrap().accepted;
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
            let error = parse(&parts).unwrap_err();
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
