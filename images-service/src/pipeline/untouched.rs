//! A source that takes the place of its own result: nothing is changed, and to write it anew does not make it smaller.

use bytes::Bytes;
use safelight_protocol::extension::Caller;

use super::{Finished, prepared::Prepared};
use crate::options::{Extension, Output, Step};

const WARNING: &str = "original is smaller";

/// The source, if it could be the result: same pixels, nothing besides them, and a caller who allows it.
pub(super) struct Untouched(Option<(Bytes, &'static str)>);

impl Untouched {
    pub(super) fn of(
        extension: &Extension,
        steps: &[Step],
        output: &Output,
        base: &Prepared,
    ) -> Self {
        let allowed = extension.caller == Some(Caller::Url)
            && steps.is_empty()
            && output.background.is_none()
            && output.scan.is_none();
        let source = allowed.then(|| base.bare_file()).flatten();
        Self(source.map(|source| (source.clone(), base.format())))
    }

    /// The source if the result is of its format and no smaller, else the result.
    pub(super) fn or(self, finished: Finished) -> Finished {
        match self.0 {
            Some((source, format))
                if format == finished.content_type && source.len() <= finished.bytes.len() =>
            {
                Finished {
                    bytes: source.into(),
                    warning: Some(WARNING.to_owned()),
                    ..finished
                }
            }
            Some(_) | None => finished,
        }
    }
}
