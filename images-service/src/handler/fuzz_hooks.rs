//! An entry point for fuzzers to the answer about a finished request, most of which a pixel process reports.

use std::time::Duration;

use super::report::Report;
use crate::{
    answer::{self, Answer},
    options::FontUrl,
    process::Made,
    request::{TransformRequest, Warnings},
};

/// Returns the answer to a request that a pixel process has done.
pub(crate) fn answer(request: &TransformRequest<FontUrl>, made: Made) -> Answer {
    let Made {
        block,
        content_type,
        facts,
    } = made;
    let mut report = Report::new(request, Duration::ZERO, Warnings::default());
    report.done(content_type, facts, Duration::ZERO);
    report.annotate(answer::success(content_type, block))
}
