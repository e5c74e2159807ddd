//! The jobs of both sides.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::inputs::Inputs;

/// One piece of work, in the words of both sides.
#[derive(Clone)]
pub(crate) struct Job {
    /// The name in the table.
    pub(crate) name: &'static str,
    /// The source image.
    pub(crate) input: PathBuf,
    /// Width of the result in pixels; the height follows.
    pub(crate) width: u32,
    /// Our `output_format`.
    pub(crate) format: &'static str,
    /// Our `output_quality`.
    pub(crate) quality: Option<u8>,
    /// sharp's method and what it is given.
    pub(crate) sharp: (&'static str, Value),
    /// Whether sharp reads all frames.
    pub(crate) animated: bool,
    /// The number of images in one measurement.
    pub(crate) count: usize,
    /// The comparison of the quality.
    pub(crate) judged: Judged,
}

impl Job {
    /// The same job, done once in a measurement.
    pub(crate) fn once(&self) -> Self {
        Self {
            count: 1,
            ..self.clone()
        }
    }
}

/// The comparison of the quality of both results.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// SSIMULACRA2 of both at the settings that the job gives.
    AsGiven,
    /// The same, and sharp's quality is chosen so that its score is not above ours.
    Equal,
    /// Not compared: there is transparency or movement.
    Not,
}

/// The jobs of the table, in its order.
pub(crate) fn all(inputs: &Inputs) -> Vec<Job> {
    let photo = |name, format, sharp, count, judged| Job {
        name,
        input: inputs.photo.clone(),
        width: 800,
        format,
        quality: Some(85),
        sharp,
        animated: false,
        count,
        judged,
    };
    let logo = |name, quality, sharp| Job {
        name,
        input: inputs.alpha.clone(),
        width: 400,
        format: "image/png",
        quality,
        sharp,
        animated: false,
        count: 24,
        judged: Judged::Not,
    };
    vec![
        photo(
            "12 MP JPEG to 800 px JPEG",
            "image/jpeg",
            ("jpeg", json!({"quality": 85, "progressive": true})),
            48,
            Judged::AsGiven,
        ),
        photo(
            "12 MP JPEG to 800 px WebP",
            "image/webp",
            ("webp", json!({"quality": 85})),
            32,
            Judged::AsGiven,
        ),
        photo(
            "12 MP JPEG to 800 px AVIF",
            "image/avif",
            ("avif", json!({})),
            8,
            Judged::Equal,
        ),
        logo(
            "3 MP PNG with alpha to 400 px PNG",
            None,
            ("png", json!({})),
        ),
        logo(
            "3 MP PNG with alpha to 400 px PNG8",
            Some(85),
            ("png", json!({"palette": true, "quality": 85})),
        ),
        animation(inputs),
    ]
}

fn animation(inputs: &Inputs) -> Job {
    Job {
        name: "40 frames of GIF to 200 px WebP",
        input: inputs.animation.clone(),
        width: 200,
        format: "image/webp",
        quality: Some(85),
        sharp: ("webp", json!({"quality": 85})),
        animated: true,
        count: 6,
        judged: Judged::Not,
    }
}
