//! Analyses the content of a picture: where its border ends, and which part a crop keeps.

mod border;
mod entropy;
mod saliency;
mod thumbnail;
mod window;

pub(crate) use border::inside_border;

use self::{thumbnail::Thumbnail, window::Window};
use crate::{
    image::Image,
    options::{Rect, Size},
};

/// Returns the box of size `kept`, on the picture scaled to `scaled`, that differs most from its surroundings.
pub(crate) fn most_salient(picture: &Image, scaled: Size, kept: Size) -> Rect {
    best(picture, scaled, kept, saliency::scores)
}

/// Returns the box of size `kept`, on the picture scaled to `scaled`, with the most detail.
pub(crate) fn most_detailed(picture: &Image, scaled: Size, kept: Size) -> Rect {
    best(picture, scaled, kept, entropy::scores)
}

fn best(
    picture: &Image,
    scaled: Size,
    kept: Size,
    scores: fn(&Thumbnail, &Window) -> Vec<u64>,
) -> Rect {
    let thumbnail = Thumbnail::new(picture);
    let window = Window::new(thumbnail.size, scaled, kept);
    let (x, y) = window.best(&scores(&thumbnail, &window));
    let offset = |at: u32, last: u32, surplus: u32| match last {
        // The box covers the thumbnail along this axis, so the crop is centred.
        0 => surplus.div_ceil(2),
        last => rounded(at, surplus, last),
    };
    Rect {
        left: offset(x, window.last.0, scaled.width.saturating_sub(kept.width)),
        top: offset(y, window.last.1, scaled.height.saturating_sub(kept.height)),
        size: kept,
    }
}

/// `value · numerator / denominator`, rounded half up.
fn rounded(value: u32, numerator: u32, denominator: u32) -> u32 {
    let double = 2 * u64::from(denominator.max(1));
    let product = 2 * u64::from(value) * u64::from(numerator) + double / 2;
    u32::try_from(product / double).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
