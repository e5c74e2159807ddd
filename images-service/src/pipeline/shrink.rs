//! Whether an image may come out of its decoder smaller than it is: when the first thing that happens to it is that
//! it is reduced.

use super::{Terms, load::first_step, prepared::Prepared};
use crate::{
    decode::Shrink,
    ops::Op,
    options::{Gravity, Rotation, Size, Step},
    plan::plan,
};

/// How far image number `index` may shrink.
pub(super) fn shrink(index: usize, image: &Prepared, steps: &[Step], terms: Terms<'_>) -> Shrink {
    first_reduction(index, image.size(), steps, terms).map_or(Shrink::NONE, |target| {
        image.shrink_towards(target, terms.limits.decode.jpeg)
    })
}

/// The size that the image is scaled to by its first step, in the image's own orientation.
fn first_reduction(index: usize, size: Size, steps: &[Step], terms: Terms<'_>) -> Option<Size> {
    let (_, transform) = first_step(index, steps)?;
    match transform.gravity {
        Gravity::Remainder { .. } | Gravity::BoxCenter { .. } => {}
        // Content is looked for in the whole picture.
        _ => return None,
    }
    let plan = plan(transform, size, terms.bounds, terms.limits.models).ok()?;
    // What a model would have done better is told where the whole transform is done.
    if !plan.complete || plan.ops.contains(&Op::Segment) {
        return None;
    }
    let mut turned = false;
    for op in plan.ops {
        match op {
            // These do the same to a picture of any size.
            Op::Flip(_) | Op::Rotate(Rotation::None | Rotation::Half) => {}
            Op::Rotate(Rotation::Quarter | Rotation::ThreeQuarters) => turned = !turned,
            Op::Resize { scaled, .. } => {
                return Some(if turned { scaled.transposed() } else { scaled });
            }
            Op::Crop(_)
            | Op::Pad { .. }
            | Op::Background(_)
            | Op::Segment
            | Op::Tone(_)
            | Op::Sharpen(_)
            | Op::Blur(_) => return None,
        }
    }
    None
}
