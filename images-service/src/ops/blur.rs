//! Blur by two successive box filters along each axis, in time that does not depend on the radius.

mod columns;
mod rows;

use self::{columns::Columns, rows::Rows};
use super::bands;
use crate::image::{Channels, Image};

/// The radii of both boxes, without the middle pixel. For radius 3 the boxes are 3 and 5 pixels wide.
#[derive(Clone, Copy)]
struct Boxes {
    first: usize,
    second: usize,
}

impl Boxes {
    fn new(radius: u32) -> Self {
        let radius = radius as usize;
        Self {
            first: radius / 2,
            second: radius.div_ceil(2),
        }
    }

    /// Returns the sum of the weights of both boxes along one axis.
    fn weight(self) -> usize {
        (2 * self.first + 1) * (2 * self.second + 1)
    }
}

/// Blurs with a radius of 1 to 250 pixels. The four straight channels are blurred independently. Pixels at the edge are
/// repeated.
///
/// All sums are whole numbers, up to 2⁴⁰ for the largest radius, so that the one division at the end is the only
/// rounding.
pub(super) fn blur(image: &Image, radius: u32) -> Image {
    match image.channels() {
        Channels::Rgb => blurred::<3>(image, Boxes::new(radius)),
        Channels::Rgba => blurred::<4>(image, Boxes::new(radius)),
    }
}

fn blurred<const PIXEL: usize>(image: &Image, boxes: Boxes) -> Image {
    let mut result = Image::filled(image.size(), image.channels(), [0; 4]);
    let (stride, each) = (image.stride(), bands::rows_each(image.size()));
    if stride == 0 {
        return result;
    }
    bands::for_each(result.data_mut(), stride, each, |first, band| {
        let mut columns = Columns::new(image.data(), stride, boxes, first);
        let mut rows = Rows::<PIXEL>::new(stride / PIXEL, boxes);
        for (number, row) in band.chunks_exact_mut(stride).enumerate() {
            if number > 0 {
                columns.advance();
            }
            rows.blur(columns.sums(), row);
        }
    });
    result
}

#[cfg(test)]
mod tests;
