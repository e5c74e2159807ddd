//! Porter-Duff compositing (1984) of one pixel onto another, on straight 8-bit values.
//!
//! All terms have a common denominator until the one division, so that halves stay exact: 50 % red over white is 128,
//! not 127. A transparent result is (0,0,0,0).

use safelight_protocol::Composite;

/// Whether a mode can lower the alpha of an opaque base.
pub(super) const fn lowers_alpha(mode: Composite) -> bool {
    match mode {
        Composite::In | Composite::Out | Composite::Xor => true,
        Composite::Over | Composite::Atop | Composite::Lighter => false,
    }
}

/// Source-over: `S + B(1 − Sa)`.
pub(super) fn over(above: [u8; 4], below: [u8; 4], opacity: f32) -> [u8; 4] {
    let alpha = f32::from(above[3]) * opacity;
    if alpha >= 255.0 {
        return above;
    }
    weighted(
        above,
        below,
        alpha * 255.0,
        f32::from(below[3]) * (255.0 - alpha),
    )
}

/// Source-atop, the overlay where there is a base, the base elsewhere: `S·Ba + B(1 − Sa)`.
pub(super) fn atop(above: [u8; 4], below: [u8; 4], opacity: f32) -> [u8; 4] {
    let (upper, lower) = alphas(above, below, opacity);
    weighted(above, below, upper * lower, lower * (255.0 - upper))
}

/// Source-in, the overlay where there is a base: `S·Ba`.
pub(super) fn source_in(above: [u8; 4], below: [u8; 4], opacity: f32) -> [u8; 4] {
    let (upper, lower) = alphas(above, below, opacity);
    weighted(above, below, upper * lower, 0.0)
}

/// Source-out, the overlay where there is no base: `S(1 − Ba)`.
pub(super) fn source_out(above: [u8; 4], below: [u8; 4], opacity: f32) -> [u8; 4] {
    let (upper, lower) = alphas(above, below, opacity);
    weighted(above, below, upper * (255.0 - lower), 0.0)
}

/// Xor, each where the other is not: `S(1 − Ba) + B(1 − Sa)`.
pub(super) fn xor(above: [u8; 4], below: [u8; 4], opacity: f32) -> [u8; 4] {
    let (upper, lower) = alphas(above, below, opacity);
    weighted(
        above,
        below,
        upper * (255.0 - lower),
        lower * (255.0 - upper),
    )
}

/// Plus, the sum of each channel and of alpha: `min(1, S + B)`.
pub(super) fn lighter(above: [u8; 4], below: [u8; 4], opacity: f32) -> [u8; 4] {
    let (upper, lower) = alphas(above, below, opacity);
    let alpha = (upper + lower).min(255.0);
    let mix = |above: u8, below: u8| {
        let sum = f32::from(above) * upper + f32::from(below) * lower;
        to_byte(sum.min(255.0 * 255.0) / alpha)
    };
    visible(to_byte(alpha), || {
        std::array::from_fn(|channel| mix(above[channel], below[channel]))
    })
}

fn alphas(above: [u8; 4], below: [u8; 4], opacity: f32) -> (f32, f32) {
    (f32::from(above[3]) * opacity, f32::from(below[3]))
}

/// Returns the mean of both by their weights, which are 255 times the alpha that each contributes.
fn weighted(above: [u8; 4], below: [u8; 4], upper: f32, lower: f32) -> [u8; 4] {
    let whole = upper + lower;
    let mix = |above: u8, below: u8| {
        to_byte((f32::from(above) * upper + f32::from(below) * lower) / whole)
    };
    visible(to_byte(whole / 255.0), || {
        std::array::from_fn(|channel| mix(above[channel], below[channel]))
    })
}

fn visible(alpha: u8, color: impl FnOnce() -> [u8; 3]) -> [u8; 4] {
    if alpha == 0 {
        return [0; 4];
    }
    let [r, g, b] = color();
    [r, g, b, alpha]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and the value lies in 0..=255"
)]
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
}

#[cfg(test)]
mod tests;
