//! One transform on its way through the frames of a picture: what their content decides is found on the first, and done
//! to all.

use std::time::{Duration, Instant};

use super::{Terms, forecast::Room};
use crate::{
    error::ServiceError,
    image::Image,
    ops::Op,
    options::{Size, Transform},
    picture::Picture,
    plan::{Performed, perform, plan},
};

/// A transform that is being done.
pub(super) struct Course<'a> {
    transform: &'a Transform,
    /// The size that the author knows; an image that shrank while it was decoded is smaller.
    size: Size,
    /// Frames besides the first.
    others: u64,
    /// How many of them are there while the first is changed.
    beside: u64,
    room: Room,
    terms: Terms<'a>,
    /// What is done to every frame.
    found: Option<Vec<Op>>,
    told: Vec<String>,
    time: Duration,
}

impl<'a> Course<'a> {
    /// Of frames that come one by one, as their decoder makes them.
    pub(super) fn of_frames(
        transform: &'a Transform,
        size: Size,
        frames: u32,
        room: Room,
        terms: Terms<'a>,
    ) -> Self {
        Self {
            transform,
            size,
            others: u64::from(frames.max(1)) - 1,
            beside: 0,
            room,
            terms,
            found: None,
            told: Vec::new(),
            time: Duration::ZERO,
        }
    }

    /// Does a transform to a picture that is there.
    pub(super) fn of_picture(
        transform: &'a Transform,
        picture: Picture,
        room: Room,
        terms: Terms<'a>,
    ) -> Result<(Picture, Vec<String>), ServiceError> {
        let others = picture.frames().len() as u64 - 1;
        let mut course = Self {
            others,
            beside: others,
            ..Self::of_frames(transform, picture.size(), 1, room, terms)
        };
        let changed = picture.try_map(|image| course.frame(image))?;
        Ok((changed, course.told))
    }

    /// Does it to the next frame.
    pub(super) fn frame(&mut self, image: Image) -> Result<Image, ServiceError> {
        let started = Instant::now();
        let changed = match &self.found {
            Some(ops) => self.again(ops, image),
            None if image.size() != self.size => self.shrunk(image),
            None => self.first(image),
        };
        self.time += started.elapsed();
        changed
    }

    /// What was done otherwise than asked, as texts for the caller, and how long all of it took.
    pub(super) fn end(self) -> (Vec<String>, Duration) {
        (self.told, self.time)
    }

    fn first(&mut self, image: Image) -> Result<Image, ServiceError> {
        let Terms {
            bounds,
            limits,
            deadline,
            ..
        } = self.terms;
        let size = image.size();
        // As long as the result's size is not known, the other frames have theirs.
        let at_first = self.room.with(self.beside, size);
        let afford = |op, size| {
            deadline.check()?;
            at_first.check(op, size)
        };
        let Performed {
            image,
            ops,
            approximations,
        } = perform(self.transform, image, bounds, limits.models, afford)?;
        if self.others > self.beside || image.size().area() > size.area() {
            let room = self.room.with(self.others, image.size());
            room.check_all(&ops, size)?;
        }
        let texts = approximations.iter().map(|one| one.text().to_owned());
        self.told = texts.collect();
        self.found = Some(ops);
        Ok(image)
    }

    /// Geometry is found on the size that the author knows; whatever it starts from, a reduction ends at its size.
    fn shrunk(&mut self, image: Image) -> Result<Image, ServiceError> {
        let Terms { bounds, limits, .. } = self.terms;
        let ops = plan(self.transform, self.size, bounds, limits.models)?.ops;
        let changed = self.again(&ops, image);
        self.found = Some(ops);
        changed
    }

    fn again(&self, ops: &[Op], mut image: Image) -> Result<Image, ServiceError> {
        for op in ops {
            self.terms.deadline.check()?;
            image = op.apply(image, self.terms.limits.models)?;
        }
        Ok(image)
    }
}
