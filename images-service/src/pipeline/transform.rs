//! One transform of a picture: what its content decides is found on the first frame, and done to all.

use super::{Terms, forecast::Room};
use crate::{
    error::ServiceError,
    ops::Op,
    picture::Picture,
    plan::{Performed, perform},
    request::Transform,
};

/// Does a transform to every frame: also what was done otherwise than asked, as texts for the caller.
pub(super) fn transform(
    transform: &Transform,
    picture: Picture,
    room: Room,
    terms: Terms<'_>,
) -> Result<(Picture, Vec<String>), ServiceError> {
    let models = terms.limits.models;
    let size = picture.size();
    let others = picture.frames().len() as u64 - 1;
    let mut found: Option<Vec<Op>> = None;
    let mut told = Vec::new();
    let picture = picture.try_map(|mut image| {
        if let Some(ops) = &found {
            for op in ops {
                terms.budget.check()?;
                image = op.apply(image, models)?;
            }
            return Ok(image);
        }
        // As long as the result's size is not known, the other frames have theirs.
        let at_first = room.with(others, size);
        let afford = |op, size| {
            terms.budget.check()?;
            at_first.check(op, size)
        };
        let Performed {
            image,
            ops,
            approximations,
        } = perform(transform, image, terms.bounds, models, afford)?;
        if others > 0 && image.size().area() > size.area() {
            room.with(others, image.size()).check_all(&ops, size)?;
        }
        told = approximations
            .iter()
            .map(|approximation| approximation.text().to_owned())
            .collect();
        found = Some(ops);
        Ok(image)
    })?;
    Ok((picture, told))
}
