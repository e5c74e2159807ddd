//! Passes a source through as its own result, if nothing is changed and encoding it again does not make it smaller.

use bytes::Bytes;
use safelight_protocol::extension::Caller;

use super::source::Source;
use crate::{
    encode::EncodedImage,
    options::{Extension, Output, Step},
};

const WARNING: &str = "original is smaller";

/// The source, if it may be the result: it has the same pixels and no metadata, and the caller allows it.
pub(super) struct PassThrough(Option<(Bytes, &'static str)>);

impl PassThrough {
    pub(super) fn new(
        extension: &Extension,
        steps: &[Step],
        output: &Output,
        base: &Source,
    ) -> Self {
        let allowed = extension.caller == Some(Caller::Url)
            && steps.is_empty()
            && output.background.is_none()
            && output.scan.is_none();
        let source = allowed.then(|| base.file_without_metadata()).flatten();
        Self(source.map(|source| (source.clone(), base.format())))
    }

    /// Returns the source and a warning if it has the format of the result and is no larger, else the result.
    pub(super) fn or(self, result: EncodedImage) -> (EncodedImage, Option<&'static str>) {
        match self.0 {
            Some((source, format))
                if format == result.content_type && source.len() <= result.bytes.len() =>
            {
                let bytes = source.into();
                (EncodedImage { bytes, ..result }, Some(WARNING))
            }
            Some(_) | None => (result, None),
        }
    }
}
