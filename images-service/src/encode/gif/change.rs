//! The box in which a frame differs from the one before, and its changed pixels.

use super::visible;
use crate::{
    image::Image,
    options::{Rect, Size},
};

/// The smallest box around all changes of a frame.
pub(super) struct Change<'a> {
    pub(super) part: Rect,
    before: Option<&'a Image>,
    after: &'a Image,
}

impl<'a> Change<'a> {
    /// Creates a change of the whole picture.
    pub(super) fn whole(after: &'a Image) -> Self {
        let part = Rect {
            left: 0,
            top: 0,
            size: after.size(),
        };
        Self {
            part,
            before: None,
            after,
        }
    }

    /// Compares two pictures of the same size. Equal pictures give a box of a single pixel, because a frame must have
    /// one. Different channels give the whole picture.
    pub(super) fn between(before: &'a Image, after: &'a Image) -> Self {
        let mut whole = Self::whole(after);
        if before.channels() != after.channels() {
            return whole;
        }
        whole.before = Some(before);
        let stride = after.stride().max(1);
        let pixel = after.channels().count();
        let rows = before
            .data()
            .chunks_exact(stride)
            .zip(after.data().chunks_exact(stride));
        let (mut top, mut bottom) = (None, 0);
        let (mut left, mut right) = (usize::MAX, 0);
        for (y, (old, new)) in rows.enumerate() {
            if old == new {
                continue;
            }
            let changed = |at: &usize| old[at * pixel..][..pixel] != new[at * pixel..][..pixel];
            let columns = 0..stride / pixel;
            let Some(first) = columns.clone().find(changed) else {
                continue;
            };
            let last = columns.rev().find(changed).unwrap_or(first);
            top.get_or_insert(y);
            bottom = y + 1;
            left = left.min(first);
            right = right.max(last + 1);
        }
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        whole.part = match top {
            None => Rect {
                left: 0,
                top: 0,
                size: Size::new(1, 1),
            },
            Some(top) => Rect {
                left: number(left),
                top: number(top),
                size: Size::new(number(right - left), number(bottom - top)),
            },
        };
        whole
    }

    /// Iterates over the pixels of the box; `None` stands for one that has not changed, or is transparent.
    pub(super) fn pixels(&self) -> impl Iterator<Item = Option<[u8; 3]>> + Clone {
        let channels = self.after.channels();
        let pixel = channels.count();
        let stride = self.after.stride().max(1);
        let start = self.part.left as usize * pixel;
        let end = start + self.part.size.width as usize * pixel;
        let (first, count) = (self.part.top as usize, self.part.size.height as usize);
        let (before, after) = (self.before, self.after);
        (first..first + count).flat_map(move |y| {
            let row = |image: &'a Image| &image.data()[y * stride + start..y * stride + end];
            let old = before.map(row);
            row(after)
                .chunks_exact(pixel)
                .enumerate()
                .map(move |(x, new)| match old {
                    Some(old) if old[x * pixel..][..pixel] == *new => None,
                    _ => visible(channels, new),
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Change;
    use crate::{
        image::{Channels, Image},
        options::{Rect, Size},
    };

    fn picture(dots: &[(usize, usize)]) -> Image {
        let mut data = vec![0; 5 * 4 * 3];
        for (x, y) in dots {
            data[(y * 5 + x) * 3] = 9;
        }
        Image::new(Size::new(5, 4), Channels::Rgb, data).unwrap()
    }

    #[test]
    fn the_box_is_as_small_as_the_change() {
        let (before, after) = (picture(&[]), picture(&[(1, 2), (3, 1)]));
        let change = Change::between(&before, &after);
        let part = Rect {
            left: 1,
            top: 1,
            size: Size::new(3, 2),
        };
        assert_eq!(change.part, part);
        let dot = Some([9, 0, 0]);
        let pixels: Vec<_> = change.pixels().collect();
        assert_eq!(pixels, [None, None, dot, dot, None, None]);
    }

    #[test]
    fn no_change_is_one_pixel_that_shows_what_was_there() {
        let same = picture(&[(4, 3)]);
        let change = Change::between(&same, &same);
        assert_eq!(change.part.size, Size::new(1, 1));
        assert_eq!(change.pixels().collect::<Vec<_>>(), [None]);
    }
}
