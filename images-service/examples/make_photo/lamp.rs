//! A safelight: the red lamp of a darkroom, hanging from its cord.

use safelight_images::{
    image::{Channels, Image},
    options::Size,
};

use crate::{mix, smooth, to_byte};

const SIDE: u16 = 400;

/// Colour and alpha, not premultiplied.
type Layer = ([f32; 3], f32);

/// Paints the lamp. The bytes are the same in every run.
pub(crate) fn paint() -> Option<Image> {
    let mut data = Vec::with_capacity(usize::from(SIDE) * usize::from(SIDE) * 4);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (x, y) = (f32::from(x) + 0.5, f32::from(y) + 0.5);
            data.extend(pixel(x - 200.0, y).map(to_byte));
        }
    }
    let size = Size::new(SIDE.into(), SIDE.into());
    Image::new(size, Channels::Rgba, data)
}

/// Composes all layers from back to front. `x` counts from the middle.
fn pixel(x: f32, y: f32) -> [f32; 4] {
    let layers: [Layer; 7] = [
        glow(x, y),
        cord(x, y),
        glass(x, y),
        reflection(x, y),
        shade(x, y),
        rim(x, y),
        socket(x, y),
    ];
    let (color, alpha) =
        layers
            .into_iter()
            .fold(([0.0; 3], 0.0), |(below, covered), (above, alpha)| {
                let whole = alpha + covered * (1.0 - alpha);
                if whole <= 0.0 {
                    return ([0.0; 3], 0.0);
                }
                (mix(below, above, alpha / whole), whole)
            });
    [color[0], color[1], color[2], alpha]
}

/// Light in the air around the glass.
fn glow(x: f32, y: f32) -> Layer {
    let distance = (x * x + (y - 232.0) * (y - 232.0)).sqrt();
    let strength = (1.0 - distance / 165.0).max(0.0);
    ([1.0, 0.12, 0.06], 0.62 * strength * strength)
}

fn cord(x: f32, y: f32) -> Layer {
    let inside = edge(x.abs() - 4.0) * edge(y - 80.0);
    ([0.16, 0.15, 0.17], inside)
}

/// The dome of red glass under the shade.
fn glass(x: f32, y: f32) -> Layer {
    let (dx, dy) = (x / 92.0, (y - 222.0) / 104.0);
    let distance = (dx * dx + dy * dy).sqrt();
    let inside = edge((distance - 1.0) * 96.0) * edge(218.0 - y);
    let bulb = (x * x + (y - 248.0) * (y - 248.0)).sqrt() / 92.0;
    let hot = mix([1.0, 0.62, 0.40], [0.93, 0.10, 0.06], bulb * 1.25);
    (
        mix(hot, [0.55, 0.02, 0.03], smooth(0.55, 1.05, distance)),
        inside,
    )
}

/// A window's reflection on the glass.
fn reflection(x: f32, y: f32) -> Layer {
    let (dx, dy) = ((x + 46.0) / 15.0, (y - 258.0) / 34.0);
    let turned = dx * 0.94 + dy * 0.34;
    let distance = (turned * turned + dy * dy).sqrt();
    ([1.0, 0.86, 0.80], 0.42 * (1.0 - smooth(0.4, 1.0, distance)))
}

/// The metal shade: narrow above, wide below.
fn shade(x: f32, y: f32) -> Layer {
    let down = ((y - 112.0) / 100.0).clamp(0.0, 1.0);
    let half = 44.0 + 100.0 * down.powf(1.35);
    // The distance to a slanted edge is shorter than along the row.
    let inside = edge((x.abs() - half) * 0.66) * edge(112.0 - y) * edge(y - 212.0);
    let across = x / half;
    let light = 0.5 - 0.42 * across - 0.22 * (across + 0.45).abs();
    let metal = mix([0.10, 0.10, 0.12], [0.52, 0.52, 0.56], light + 0.12 * down);
    (metal, inside)
}

/// The shade's rolled lower edge, lit by the glass.
fn rim(x: f32, y: f32) -> Layer {
    let beyond = (x.abs() - 140.0).max(0.0);
    let distance = (beyond * beyond + (y - 214.0) * (y - 214.0)).sqrt() - 8.0;
    let color = mix([0.40, 0.38, 0.41], [0.50, 0.09, 0.08], (y - 209.0) / 11.0);
    (color, edge(distance))
}

/// The socket between cord and shade.
fn socket(x: f32, y: f32) -> Layer {
    let (dx, dy) = (
        (x.abs() - 20.0).max(0.0),
        ((y - 92.0).abs() - 14.0).max(0.0),
    );
    let distance = (dx * dx + dy * dy).sqrt() - 8.0;
    let light = 0.55 - x / 40.0 - (x / 28.0 + 0.4).abs() * 0.25;
    let groove = smooth(0.7, 1.0, ((y - 78.0) / 9.0).fract()) * 0.35;
    (
        mix([0.13, 0.12, 0.14], [0.46, 0.45, 0.48], light - groove),
        edge(distance),
    )
}

/// 1 inside of a shape, 0 outside, from the signed distance to its edge in pixels.
fn edge(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}
