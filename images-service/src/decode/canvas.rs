//! The canvas of an animation: disposal and blending of its frames.

use crate::{
    geometry::{Overlap, overlap},
    image::{Channels, Image},
    options::{Rect, Size},
};

/// A canvas that frames are put on. It begins transparent.
pub(super) struct Canvas {
    image: Image,
}

/// The pixels of one frame, and their place. The part outside of the canvas is cut.
pub(super) struct Patch<'a> {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) size: Size,
    pub(super) pixels: Pixels<'a>,
}

/// The pixels of a frame as their decoder delivers them.
#[derive(Clone, Copy)]
pub(super) enum Pixels<'a> {
    Rgb(&'a [u8]),
    Rgba(&'a [u8]),
    /// Indices into a palette.
    Indexed(&'a [u8], &'a [[u8; 4]; 256]),
}

/// The way a frame is blended with the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blend {
    /// Every pixel replaces the one below.
    Replace,
    /// Every pixel that is not transparent replaces the one below.
    Visible,
    /// Every pixel is composed by its alpha (source-over).
    Over,
}

/// A saved part of the canvas.
pub(super) struct Saved {
    part: Option<Overlap>,
    pixels: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(size: Size) -> Self {
        Self {
            image: Image::filled(size, Channels::Rgba, [0; 4]),
        }
    }

    /// Returns the current canvas.
    pub(super) const fn image(&self) -> &Image {
        &self.image
    }

    /// Takes the canvas after its last frame.
    pub(super) fn take(&mut self) -> Image {
        self.image.take()
    }

    pub(super) fn put(&mut self, patch: &Patch<'_>, blend: Blend) {
        match patch.pixels {
            Pixels::Rgb(bytes) => self.put_as(patch, bytes, blend, |[r, g, b]| [r, g, b, 255]),
            Pixels::Rgba(bytes) => self.put_as(patch, bytes, blend, |rgba: [u8; 4]| rgba),
            Pixels::Indexed(bytes, colors) => {
                self.put_as(patch, bytes, blend, |[index]| colors[usize::from(index)]);
            }
        }
    }

    fn put_as<const N: usize>(
        &mut self,
        patch: &Patch<'_>,
        bytes: &[u8],
        blend: Blend,
        color: impl Fn([u8; N]) -> [u8; 4],
    ) {
        let Some(overlap) = overlap(self.image.size(), patch.size, patch.left, patch.top) else {
            return;
        };
        let Rect { left, top, size } = overlap.part;
        let columns = left as usize..(left + size.width) as usize;
        let rows = bytes
            .chunks_exact((patch.size.width as usize * N).max(1))
            .skip(top as usize);
        for (to, from) in self.rows(overlap).zip(rows) {
            let from = from.as_chunks::<N>().0[columns.clone()].iter();
            let pixels = to.as_chunks_mut::<4>().0.iter_mut();
            let pixels = pixels.zip(from.map(|pixel| color(*pixel)));
            match blend {
                Blend::Replace => pixels.for_each(|(to, from)| *to = from),
                Blend::Visible => pixels.for_each(|(to, from)| {
                    if from[3] != 0 {
                        *to = from;
                    }
                }),
                Blend::Over => pixels.for_each(|(to, from)| {
                    if from[3] != 0 {
                        *to = over(from, *to);
                    }
                }),
            }
        }
    }

    /// Makes the area of a frame transparent.
    pub(super) fn clear(&mut self, left: i64, top: i64, size: Size) {
        if let Some(overlap) = overlap(self.image.size(), size, left, top) {
            self.rows(overlap).for_each(|row| row.fill(0));
        }
    }

    /// Saves the area of a frame, for [`Canvas::restore`].
    pub(super) fn save(&mut self, left: i64, top: i64, size: Size) -> Saved {
        let part = overlap(self.image.size(), size, left, top);
        let mut pixels = Vec::new();
        if let Some(part) = part {
            self.rows(part)
                .for_each(|row| pixels.extend_from_slice(row));
        }
        Saved { part, pixels }
    }

    pub(super) fn restore(&mut self, saved: &Saved) {
        let Some(part) = saved.part else { return };
        let stride = part.part.size.width as usize * 4;
        for (row, kept) in self
            .rows(part)
            .zip(saved.pixels.chunks_exact(stride.max(1)))
        {
            row.copy_from_slice(kept);
        }
    }

    /// Returns the rows of a part of the canvas.
    fn rows(&mut self, overlap: Overlap) -> impl Iterator<Item = &mut [u8]> {
        let stride = self.image.stride().max(1);
        let start = overlap.left as usize * 4;
        let end = start + overlap.part.size.width as usize * 4;
        self.image
            .data_mut()
            .chunks_exact_mut(stride)
            .skip(overlap.top as usize)
            .take(overlap.part.size.height as usize)
            .map(move |row| &mut row[start..end])
    }
}

/// Composes source-over on straight values, rounded half up.
fn over(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    if above[3] == 255 {
        return above;
    }
    let upper = u32::from(above[3]) * 255;
    let lower = u32::from(below[3]) * (255 - u32::from(above[3]));
    let whole = (upper + lower).max(1);
    let mix = |a: u8, b: u8| {
        let sum = u32::from(a) * upper + u32::from(b) * lower;
        u8::try_from((2 * sum + whole) / (2 * whole)).unwrap_or(255)
    };
    [
        mix(above[0], below[0]),
        mix(above[1], below[1]),
        mix(above[2], below[2]),
        u8::try_from((2 * whole + 255) / 510).unwrap_or(255),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Blend, Canvas, Patch, Pixels, over};
    use crate::options::Size;

    fn patch(left: i64, pixels: &[u8]) -> Patch<'_> {
        let width = u32::try_from(pixels.len() / 4).unwrap();
        Patch {
            left,
            top: 0,
            size: Size::new(width, 1),
            pixels: Pixels::Rgba(pixels),
        }
    }

    #[test]
    fn what_hangs_over_is_cut() {
        let mut canvas = Canvas::new(Size::new(2, 1));
        canvas.put(&patch(1, &[7; 12]), Blend::Replace);
        canvas.put(&patch(5, &[9; 4]), Blend::Replace);
        assert_eq!(canvas.image().data(), [0, 0, 0, 0, 7, 7, 7, 7]);
    }

    #[test]
    fn an_invisible_pixel_replaces_only_when_it_is_told_to() {
        let clear = [1, 2, 3, 0];
        for (blend, expected) in [
            (Blend::Replace, clear),
            (Blend::Visible, [9; 4]),
            (Blend::Over, [9; 4]),
        ] {
            let mut canvas = Canvas::new(Size::new(1, 1));
            canvas.put(&patch(0, &[9; 4]), Blend::Replace);
            canvas.put(&patch(0, &clear), blend);
            assert_eq!(canvas.image().data(), expected, "{blend:?}");
        }
    }

    #[test]
    fn what_was_saved_comes_back() {
        let mut canvas = Canvas::new(Size::new(2, 1));
        canvas.put(&patch(0, &[5; 8]), Blend::Replace);
        let saved = canvas.save(1, 0, Size::new(4, 4));
        canvas.clear(1, 0, Size::new(4, 4));
        assert_eq!(canvas.image().data(), [5, 5, 5, 5, 0, 0, 0, 0]);
        canvas.restore(&saved);
        assert_eq!(canvas.image().data(), [5; 8]);
    }

    #[test]
    fn alpha_blends_by_the_book() {
        assert_eq!(over([255, 0, 0, 128], [0, 0, 255, 255]), [128, 0, 127, 255]);
        assert_eq!(
            over([0, 0, 0, 128], [255, 255, 255, 128]),
            [85, 85, 85, 192]
        );
        assert_eq!(over([10, 20, 30, 40], [0; 4]), [10, 20, 30, 40]);
    }
}
