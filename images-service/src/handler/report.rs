//! The report of a finished request, in headers for the caller and in the log.

use std::time::Duration;

use crate::{
    answer::{self, Answer},
    decode::SVG,
    pipeline::{Facts, Timings},
    request::{TransformRequest, Warnings},
};

/// The maximum number of warnings about the result.
const MAX_WARNINGS: usize = 16;

/// The maximum number of characters in a warning about the result, and in the description of its source.
const MAX_TEXT_CHARS: usize = 300;

/// The report of one request, as far as it is known.
pub(super) struct Report {
    overlays: usize,
    steps: usize,
    format: &'static str,
    form_time: Duration,
    warnings: Vec<String>,
    summary: String,
    timing: String,
}

impl Report {
    pub(super) fn new<F>(
        request: &TransformRequest<F>,
        form_time: Duration,
        warnings: Warnings,
    ) -> Self {
        Self {
            overlays: request.images.len().saturating_sub(1),
            steps: request.steps.len(),
            format: request.output.format.as_str(),
            form_time,
            warnings: warnings.into_texts(),
            summary: String::new(),
            timing: String::new(),
        }
    }

    /// Records the result, and the time that the request waited. An SVG has no facts.
    pub(super) fn done(
        &mut self,
        content_type: &'static str,
        facts: Option<Facts>,
        queued: Duration,
    ) {
        let format = match content_type {
            // Both kinds of raw pixels share this type, so the requested format is named.
            "application/octet-stream" => self.format,
            content_type => content_type,
        };
        let overlays = counted(self.overlays, " + ", "overlay");
        let steps = counted(self.steps, " > ", "step");
        let made = format!("{overlays}{steps} > {format}");
        match facts {
            Some(facts) => {
                let (source, width, height) = (shortened(facts.source), facts.width, facts.height);
                self.summary = format!("{source}{made} {width}x{height}");
                self.timing = timing(self.form_time, queued, &facts.timings);
                // Headers have a limit of their own, whose excess would break the connection.
                let warnings = facts.warnings.into_iter().take(MAX_WARNINGS);
                self.warnings.extend(warnings.map(shortened));
            }
            None => {
                self.summary = format!("{SVG}{made} 0x0");
                self.timing = timing(self.form_time, queued, &Timings::default());
            }
        }
    }

    /// Writes the report into the headers of the answer, and into the log.
    pub(super) fn annotate(self, mut answer: Answer) -> Answer {
        let Self {
            summary,
            timing,
            warnings,
            ..
        } = self;
        tracing::info!(summary, timing, "done");
        for warning in &warnings {
            tracing::warn!(summary, warning);
        }
        answer::annotate(&mut answer, &summary, &timing, &warnings);
        answer
    }
}

/// Cuts a text after [`MAX_TEXT_CHARS`].
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
    }
    text
}

fn counted(count: usize, before: &str, noun: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!("{before}1 {noun}"),
        _ => format!("{before}{count} {noun}s"),
    }
}

/// Returns the stages as the value of a `server-timing` header, in milliseconds.
fn timing(form: Duration, queue: Duration, pixels: &Timings) -> String {
    [
        ("form", form),
        ("queue", queue),
        ("decode", pixels.decode),
        ("ops", pixels.ops),
        ("encode", pixels.encode),
    ]
    .map(|(stage, time)| format!("{stage};dur={:.3}", time.as_secs_f64() * 1e3))
    .join(", ")
}
