//! Geometry as pure arithmetic: fit, gravity, trim, and the place of an overlay.

mod fit;
mod focus;
mod place;
mod trim;

pub use fit::{Layout, Padding, Target, layout, padding};
pub use focus::{around_all, center, zoomed};
pub use place::{Overlap, Run, overlap, position, run};
pub use trim::trimmed;

use crate::options::round_half_up;

/// Rounds half up to a whole number. A number beyond `i64` is clamped.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
pub(crate) fn round(value: f64) -> i64 {
    round_half_up(value) as i64
}
