//! A picture in the pipeline: one frame, or the frames of an animation.

use std::num::NonZeroU32;

use crate::{image::Image, options::Size};

/// One frame, shown for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The whole canvas at that time.
    pub image: Image,
    /// The time that it is shown, in milliseconds. It has no meaning in a still picture.
    pub delay: u32,
}

/// The number of times that an animation is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoopCount {
    /// Without end.
    #[default]
    Infinite,
    /// This many times in all.
    Finite(NonZeroU32),
}

impl LoopCount {
    /// Creates a loop count from a number of plays, of which 0 means without end.
    #[must_use]
    pub const fn from_times(times: u32) -> Self {
        match NonZeroU32::new(times) {
            None => Self::Infinite,
            Some(times) => Self::Finite(times),
        }
    }
}

/// A picture of at least one frame. All frames have the same size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The frames; never empty.
    frames: Vec<Frame>,
    loop_count: LoopCount,
}

impl From<Image> for Picture {
    fn from(image: Image) -> Self {
        Self {
            frames: vec![Frame { image, delay: 0 }],
            loop_count: LoopCount::default(),
        }
    }
}

impl Picture {
    /// Creates an animation from its frames; `None` if there are none, or if their sizes differ.
    #[must_use]
    pub fn animation(frames: Vec<Frame>, loop_count: LoopCount) -> Option<Self> {
        let size = frames.first()?.image.size();
        frames
            .iter()
            .all(|frame| frame.image.size() == size)
            .then_some(Self { frames, loop_count })
    }

    /// Returns the width and height of every frame.
    #[must_use]
    pub fn size(&self) -> Size {
        self.first().size()
    }

    /// Returns the first frame. Geometry is computed on it, and it alone is drawn onto other pictures.
    #[must_use]
    pub fn first(&self) -> &Image {
        &self.frames[0].image
    }

    /// Whether there is more than one frame.
    #[must_use]
    pub const fn is_animated(&self) -> bool {
        self.frames.len() > 1
    }

    /// Returns the number of times that the frames are played.
    #[must_use]
    pub const fn loop_count(&self) -> LoopCount {
        self.loop_count
    }

    /// Iterates over all frames in order.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = &Frame> + Clone {
        self.frames.iter()
    }

    /// Iterates over all frames for changes. A change of size must be made to all of them.
    pub fn frames_mut(&mut self) -> impl Iterator<Item = &mut Frame> {
        self.frames.iter_mut()
    }

    /// Returns the first frame alone.
    #[must_use]
    pub fn into_first(mut self) -> Image {
        self.frames.swap_remove(0).image
    }

    /// Applies a change to every frame, one after the other.
    ///
    /// # Errors
    /// When the change fails for one frame. The picture is lost then.
    pub fn try_map<E>(
        mut self,
        mut change: impl FnMut(Image) -> Result<Image, E>,
    ) -> Result<Self, E> {
        for frame in self.frames_mut() {
            frame.image = change(frame.image.take())?;
        }
        Ok(self)
    }

    /// Takes the picture, and leaves one without pixels.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self::from(self.first().empty());
        std::mem::replace(self, empty)
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, LoopCount, Picture};
    use crate::ops::numbered;

    fn frame(width: u32) -> Frame {
        Frame {
            image: numbered(width, 1),
            delay: 40,
        }
    }

    #[test]
    fn an_animation_has_frames_of_one_size() {
        assert!(Picture::animation(vec![], LoopCount::Infinite).is_none());
        assert!(Picture::animation(vec![frame(1), frame(2)], LoopCount::Infinite).is_none());
        let animation =
            Picture::animation(vec![frame(2), frame(2)], LoopCount::from_times(3)).unwrap();
        assert!(animation.is_animated());
        assert_eq!(animation.frames().len(), 2);
    }

    #[test]
    fn a_change_reaches_every_frame() {
        let animation = Picture::animation(vec![frame(2); 3], LoopCount::Infinite).unwrap();
        let changed = animation.try_map(|_| Ok::<_, ()>(numbered(5, 1))).unwrap();
        assert_eq!(changed.frames().len(), 3);
        assert!(changed.frames().all(|frame| frame.image == numbered(5, 1)));
        assert!(changed.frames().all(|frame| frame.delay == 40));
    }
}
