//! The parts of a form: their names, their limits, and the number of times that each may come.

use bytes::Bytes;
use safelight_protocol::{
    ErrorCode,
    error::Call,
    extension::{self, Caller},
    form,
};

use super::{FormLimits, Source};
use crate::error::ServiceError;

/// The bytes of the `transforms` array: a thousand for each step that may be in it.
const MAX_TRANSFORMS_BYTES: usize = 256 * 1024;
/// The bytes of a text with its font's address and its options.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// The bytes of an option of the output.
const MAX_OPTION_BYTES: usize = 256;

/// The name of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartName {
    Image,
    TextInput,
    DrawImage,
    DrawText,
    Transforms,
    OutputFormat,
    OutputQuality,
    Background,
    Anim,
    Choose,
    Accept,
    Metadata,
    Jpeg,
    Caller,
}

impl PartName {
    const ALL: [Self; 14] = [
        Self::Image,
        Self::TextInput,
        Self::DrawImage,
        Self::DrawText,
        Self::Transforms,
        Self::OutputFormat,
        Self::OutputQuality,
        Self::Background,
        Self::Anim,
        Self::Choose,
        Self::Accept,
        Self::Metadata,
        Self::Jpeg,
        Self::Caller,
    ];

    /// Finds the part of this name in the form of `call`.
    pub(super) fn find(name: &str, call: Call) -> Option<Self> {
        Self::ALL
            .into_iter()
            .filter(|part| match call {
                Call::Info => *part == Self::Image,
                Call::Transform => true,
            })
            .find(|part| part.as_str() == name)
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Image => form::IMAGE,
            Self::TextInput => form::TEXT_INPUT,
            Self::DrawImage => form::DRAW_IMAGE,
            Self::DrawText => form::DRAW_TEXT,
            Self::Transforms => form::TRANSFORMS,
            Self::OutputFormat => form::OUTPUT_FORMAT,
            Self::OutputQuality => form::OUTPUT_QUALITY,
            Self::Background => form::BACKGROUND,
            Self::Anim => form::ANIM,
            Self::Choose => extension::CHOOSE,
            Self::Accept => extension::ACCEPT,
            Self::Metadata => extension::METADATA,
            Self::Jpeg => extension::JPEG,
            Self::Caller => extension::CALLER,
        }
    }

    const fn limit(self, limits: &FormLimits) -> usize {
        match self {
            Self::Image | Self::DrawImage => limits.input_bytes,
            Self::TextInput | Self::DrawText => MAX_TEXT_BYTES,
            Self::Transforms => MAX_TRANSFORMS_BYTES,
            Self::OutputFormat
            | Self::OutputQuality
            | Self::Background
            | Self::Anim
            | Self::Choose
            | Self::Accept
            | Self::Metadata
            | Self::Jpeg
            | Self::Caller => MAX_OPTION_BYTES,
        }
    }

    const fn is_overlay(self) -> bool {
        matches!(self, Self::DrawImage | Self::DrawText)
    }

    /// Returns the error code of a part of this kind with too many bytes.
    pub(super) const fn too_large(self) -> ErrorCode {
        match self {
            Self::Image | Self::DrawImage => ErrorCode::InputTooLarge,
            Self::TextInput
            | Self::DrawText
            | Self::Transforms
            | Self::OutputFormat
            | Self::OutputQuality
            | Self::Background
            | Self::Anim
            | Self::Choose
            | Self::Accept
            | Self::Metadata
            | Self::Jpeg
            | Self::Caller => ErrorCode::BadRequest,
        }
    }
}

/// The parts of one form, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts(Vec<(PartName, Bytes)>);

impl Parts {
    /// Collects parts of `/transform` that have been a form before.
    ///
    /// # Errors
    /// Fails when a name is unknown.
    pub(crate) fn named<'a>(
        parts: impl IntoIterator<Item = (&'a str, Bytes)>,
    ) -> Result<Self, ServiceError> {
        let known = parts.into_iter().map(|(name, content)| {
            let name = PartName::find(name, Call::Transform);
            Ok((name.ok_or_else(|| malformed("an unknown part"))?, content))
        });
        known.collect::<Result<_, _>>().map(Self)
    }

    /// Iterates over the names and the contents, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Bytes)> {
        self.0
            .iter()
            .map(|(name, content)| (name.as_str(), content))
    }

    /// Verifies that another part of this name may come, before its content is read.
    pub(super) fn check_allowed(
        &self,
        name: PartName,
        limits: &FormLimits,
    ) -> Result<(), ServiceError> {
        if name.is_overlay() {
            let overlays = self.0.iter().filter(|(name, _)| name.is_overlay()).count();
            if overlays >= limits.overlays {
                let text = format!("there are more than {} overlays", limits.overlays);
                return Err(ServiceError::new(ErrorCode::BadRequest, text));
            }
        } else if self.0.iter().any(|(found, _)| *found == name) {
            let text = format!("the form has two parts {}", name.as_str());
            return Err(malformed(text));
        }
        Ok(())
    }

    /// Returns the most bytes that the content of the next part may have.
    pub(super) fn limit(&self, name: PartName, limits: &FormLimits) -> usize {
        let is_from_url = |(part, content): &(PartName, Bytes)| {
            *part == PartName::Caller && content == Caller::Url.as_str()
        };
        if matches!(name, PartName::Image | PartName::DrawImage) && self.0.iter().any(is_from_url) {
            return limits.remote_bytes;
        }
        name.limit(limits)
    }

    pub(super) fn push(&mut self, name: PartName, content: Bytes) {
        self.0.push((name, content));
    }

    /// Takes the content of a part that comes once.
    pub(super) fn take(&mut self, name: PartName) -> Option<Bytes> {
        let at = self.0.iter().position(|(found, _)| *found == name)?;
        Some(self.0.remove(at).1)
    }

    /// Takes the content of a part that must be there.
    pub(super) fn require(&mut self, name: PartName) -> Result<Bytes, ServiceError> {
        self.take(name)
            .ok_or_else(|| malformed(format!("the form has no part {}", name.as_str())))
    }

    /// Returns the overlays in their order, which numbers them.
    pub(super) fn overlays(self) -> impl Iterator<Item = Source> {
        self.0.into_iter().filter_map(|(name, content)| match name {
            PartName::DrawImage => Some(Source::Image(content)),
            PartName::DrawText => Some(Source::Text(content)),
            PartName::Image
            | PartName::TextInput
            | PartName::Transforms
            | PartName::OutputFormat
            | PartName::OutputQuality
            | PartName::Background
            | PartName::Anim
            | PartName::Choose
            | PartName::Accept
            | PartName::Metadata
            | PartName::Jpeg
            | PartName::Caller => None,
        })
    }
}

pub(super) fn malformed(text: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::MalformedRequest, text)
}
