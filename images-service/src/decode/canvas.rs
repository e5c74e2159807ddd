//! The canvas of an animation, on which each frame changes a part.

use crate::{
    geometry::{Overlap, Size, overlap},
    image::{Channels, Image},
};

/// A transparent picture that frames are put on.
pub(super) struct Canvas {
    image: Image,
}

/// The pixels of one frame and where they belong; what hangs over the canvas is cut.
pub(super) struct Patch<'a> {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) size: Size,
    pub(super) channels: Channels,
    pub(super) pixels: &'a [u8],
}

/// How a frame meets what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blend {
    /// It takes its place.
    Replace,
    /// Only where it is visible at all.
    Visible,
    /// By its alpha.
    Over,
}

/// A part of the canvas as it was.
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

    /// The canvas as it is now.
    pub(super) fn pixels(&self) -> &[u8] {
        self.image.data()
    }

    /// The canvas after its last frame.
    pub(super) fn into_pixels(self) -> Vec<u8> {
        self.image.into_data()
    }

    pub(super) fn put(&mut self, patch: &Patch<'_>, blend: Blend) {
        let Some(overlap) = overlap(self.image.size(), patch.size, patch.left, patch.top) else {
            return;
        };
        let pixel = patch.channels.count();
        let stride = patch.size.width as usize * pixel;
        let columns = overlap.part.size.width as usize;
        let rows = patch
            .pixels
            .chunks_exact(stride.max(1))
            .skip(overlap.part.top as usize);
        for (to, from) in self.rows(overlap).zip(rows) {
            let start = overlap.part.left as usize * pixel;
            let from = from[start..start + columns * pixel].chunks_exact(pixel);
            for (to, from) in to.chunks_exact_mut(4).zip(from) {
                let from = [
                    from[0],
                    from[1],
                    from[2],
                    from.get(3).copied().unwrap_or(255),
                ];
                match blend {
                    Blend::Replace => to.copy_from_slice(&from),
                    Blend::Visible | Blend::Over if from[3] == 0 => {}
                    Blend::Visible => to.copy_from_slice(&from),
                    Blend::Over => to.copy_from_slice(&over(from, [to[0], to[1], to[2], to[3]])),
                }
            }
        }
    }

    /// Makes the part that a frame lies on transparent.
    pub(super) fn clear(&mut self, left: i64, top: i64, size: Size) {
        if let Some(overlap) = overlap(self.image.size(), size, left, top) {
            self.rows(overlap).for_each(|row| row.fill(0));
        }
    }

    /// Keeps the part that a frame will lie on.
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

    /// The rows of a part of the canvas, as far as the part goes.
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

/// Source-over on straight values, rounded half up.
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
    use super::{Blend, Canvas, Patch, over};
    use crate::{geometry::Size, image::Channels};

    fn patch(left: i64, pixels: &[u8]) -> Patch<'_> {
        let width = u32::try_from(pixels.len() / 4).unwrap();
        Patch {
            left,
            top: 0,
            size: Size::new(width, 1),
            channels: Channels::Rgba,
            pixels,
        }
    }

    #[test]
    fn what_hangs_over_is_cut() {
        let mut canvas = Canvas::new(Size::new(2, 1));
        canvas.put(&patch(1, &[7; 12]), Blend::Replace);
        canvas.put(&patch(5, &[9; 4]), Blend::Replace);
        assert_eq!(canvas.pixels(), [0, 0, 0, 0, 7, 7, 7, 7]);
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
            assert_eq!(canvas.pixels(), expected, "{blend:?}");
        }
    }

    #[test]
    fn what_was_saved_comes_back() {
        let mut canvas = Canvas::new(Size::new(2, 1));
        canvas.put(&patch(0, &[5; 8]), Blend::Replace);
        let saved = canvas.save(1, 0, Size::new(4, 4));
        canvas.clear(1, 0, Size::new(4, 4));
        assert_eq!(canvas.pixels(), [5, 5, 5, 5, 0, 0, 0, 0]);
        canvas.restore(&saved);
        assert_eq!(canvas.pixels(), [5; 8]);
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
