//! The checked options of a request as plain values. Nothing here knows JSON or the multipart form.

mod border;
mod color;
mod color_adjustments;
mod draw;
mod extension;
mod gravity;
mod output;
mod size;
mod step;
mod text;
mod transform;
mod trim;

pub use self::{
    border::Border,
    color::Color,
    color_adjustments::ColorAdjustments,
    draw::{Draw, Position},
    extension::{Accepted, Extension},
    gravity::Gravity,
    output::{Frames, Output},
    size::{Rect, Size},
    step::Step,
    text::{FontUrl, ImageSource, Text},
    transform::{Rotation, Transform},
    trim::{BorderTrim, Cuts, Length, Trim},
};

/// Rounds half up, as the specification does everywhere.
pub(crate) fn round_half_up(number: f64) -> f64 {
    (number + 0.5).floor()
}
