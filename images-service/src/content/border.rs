//! Finds a border of one colour around a picture.

use crate::{
    image::{Channels, Image},
    options::{BorderTrim, Rect, Size},
};

/// Returns the box inside a border, and `keep` pixels of the border around it. A picture that is all border is returned
/// whole.
pub(crate) fn inside_border(picture: &Image, border: BorderTrim) -> Rect {
    match picture.channels() {
        Channels::Rgb => inside::<3>(picture, border),
        Channels::Rgba => inside::<4>(picture, border),
    }
}

fn inside<const PIXEL: usize>(picture: &Image, border: BorderTrim) -> Rect {
    let size = picture.size();
    let width = size.width as usize;
    let pixels = picture.data().as_chunks::<PIXEL>().0;
    let Some(color) = border
        .color
        .map(|color| [color.r, color.g, color.b, color.a])
        .or_else(|| corner(pixels, width))
    else {
        return Rect::whole(size);
    };
    let differs = |pixel: &[u8; PIXEL]| !matches(with_alpha(pixel), color, border.tolerance);
    let rows = || pixels.chunks_exact(width.max(1));
    let top = rows().position(|row| row.iter().any(differs));
    let bottom = rows().rposition(|row| row.iter().any(differs));
    let (Some(top), Some(bottom)) = (top, bottom) else {
        return Rect::whole(size);
    };
    // Each row is searched only outside the box that the rows before it have shown.
    let (mut left, mut right) = (width, 0);
    for row in rows().take(bottom + 1).skip(top) {
        left = row[..left].iter().position(differs).unwrap_or(left);
        let beyond = row[right..].iter().rposition(differs);
        right = beyond.map_or(right, |last| right + last + 1);
    }
    let keep = border.keep;
    let (left, width) = kept([left, right], keep, size.width);
    let (top, height) = kept([top, bottom + 1], keep, size.height);
    Rect {
        left,
        top,
        size: Size::new(width, height),
    }
}

/// Returns the colour that at least two corners share, or else that of the first corner.
fn corner<const PIXEL: usize>(pixels: &[[u8; PIXEL]], width: usize) -> Option<[u8; 4]> {
    let last_row = pixels.len().checked_sub(width)?;
    let places = [0, width.checked_sub(1)?, last_row, pixels.len() - 1];
    let corners = places.map(|place| pixels.get(place).map(with_alpha));
    let shared =
        |corner: &&Option<[u8; 4]>| corners.iter().filter(|other| other == corner).count() > 1;
    *corners.iter().find(shared).unwrap_or(&corners[0])
}

fn with_alpha<const PIXEL: usize>(pixel: &[u8; PIXEL]) -> [u8; 4] {
    let alpha = pixel.get(3).copied().unwrap_or(255);
    [pixel[0], pixel[1], pixel[2], alpha]
}

/// Compares straight values. The colour of transparent pixels counts.
fn matches(pixel: [u8; 4], color: [u8; 4], tolerance: u8) -> bool {
    pixel
        .into_iter()
        .zip(color)
        .all(|(one, other)| one.abs_diff(other) <= tolerance)
}

/// Returns the start and the length of the kept part of one axis.
fn kept([start, end]: [usize; 2], keep: u32, side: u32) -> (u32, u32) {
    let pixels = |number: usize| u32::try_from(number).unwrap_or(side);
    let start = pixels(start).saturating_sub(keep);
    let end = pixels(end).saturating_add(keep).min(side);
    (start, end.saturating_sub(start))
}
