//! Whether an image may come out of its decoder smaller than it is: when the first thing that happens to it is that
//! it is reduced.

use super::prepared::Prepared;
use crate::{
    decode::Shrink,
    geometry::Size,
    limits::Limits,
    ops::Op,
    plan::{Bounds, plan},
    request::{Gravity, Rotation, Step},
};

/// How far image number `index` may shrink.
pub(super) fn shrink(
    index: usize,
    image: &Prepared,
    steps: &[Step],
    bounds: Bounds,
    limits: &Limits,
) -> Shrink {
    first_reduction(index, image.size(), steps, bounds, limits).map_or(Shrink::NONE, |target| {
        image.shrink_towards(target, limits.jpeg)
    })
}

/// The size that the image is scaled to by its first step, in the image's own orientation.
fn first_reduction(
    index: usize,
    size: Size,
    steps: &[Step],
    bounds: Bounds,
    limits: &Limits,
) -> Option<Size> {
    let first = steps.iter().find(|step| match step {
        Step::Transform { image, .. } => *image == index,
        Step::Draw {
            overlay, target, ..
        } => *overlay == index || *target == index,
    });
    let Step::Transform { transform, .. } = first? else {
        return None;
    };
    // As long as the base is not there, nobody knows how small it will be.
    if transform.has_shares() {
        return None;
    }
    match transform.gravity {
        Gravity::Remainder { .. } | Gravity::BoxCenter { .. } => {}
        // Content is looked for in the whole picture.
        _ => return None,
    }
    let plan = plan(transform, size, bounds, limits.models).ok()?;
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
