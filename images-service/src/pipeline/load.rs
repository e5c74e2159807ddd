//! From images before their pixels to pictures that the steps can meet in.
//!
//! What happens to an image before anything else does is done to each of its frames as soon as it is decoded, and the file
//! is dropped before the next image is made: what is large is there once at a time.

use std::time::Duration;

use super::{
    Terms, forecast::Room, of_image, prepared::Prepared, shrink::shrink, transform::Course,
};
use crate::{
    decode::{Decoded, Options},
    error::ServiceError,
    options::{Step, Transform},
    picture::Picture,
    text::Effort,
};

/// Finished images.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) pictures: Vec<Picture>,
    /// Numbers of the steps that are done already.
    pub(super) done: Vec<usize>,
    /// How long these took.
    pub(super) time: Duration,
    /// What could not be honoured while images were made.
    pub(super) warnings: Vec<String>,
    /// What the steps did otherwise than asked.
    pub(super) told: Vec<String>,
}

/// The number of the first step that image number `index` has a part in, if it changes that image alone and by itself.
pub(super) fn first_step(index: usize, steps: &[Step]) -> Option<(usize, &Transform)> {
    let mut steps = steps.iter().enumerate();
    let (number, step) = steps.find(|(_, step)| match step {
        Step::Transform { image, .. } => *image == index,
        Step::Draw {
            overlay, target, ..
        } => *overlay == index || *target == index,
    })?;
    match step {
        // As long as the base is not there, nobody knows how large a share of it is.
        Step::Transform { transform, .. } if !transform.has_shares() => Some((number, transform)),
        Step::Transform { .. } | Step::Draw { .. } => None,
    }
}

/// Makes one image after the other.
pub(super) fn load(
    prepared: Vec<Prepared>,
    steps: &[Step],
    terms: Terms<'_>,
    effort: &mut Effort,
) -> Result<Loaded, ServiceError> {
    let mut loaded = Loaded::default();
    for (index, prepared) in prepared.into_iter().enumerate() {
        let options = Options {
            shrink: shrink(index, &prepared, steps, terms),
            jpeg: terms.limits.decode.jpeg,
            av1: &terms.limits.decode.av1,
            memory: terms.limits.memory,
            deadline: terms.deadline,
        };
        let first = first_step(index, steps);
        let room = Room::making(&prepared, &loaded.pictures, terms.limits);
        let mut course = first.map(|(_, transform)| {
            Course::of_frames(transform, prepared.size(), prepared.frames(), room, terms)
        });
        let change = |image| match &mut course {
            Some(course) => course.frame(image),
            None => Ok(image),
        };
        let decoded = prepared.pixels(options, effort, change);
        let Decoded { picture, warning } = decoded.map_err(|error| of_image(index, error))?;
        loaded.pictures.push(picture);
        loaded.warnings.extend(warning);
        loaded.done.extend(first.map(|(number, _)| number));
        if let Some(course) = course {
            let (told, time) = course.end();
            loaded.told.extend(told);
            loaded.time += time;
        }
    }
    Ok(loaded)
}
