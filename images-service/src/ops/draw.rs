//! Draws one picture onto another, once or in tiles.

use safelight_protocol::{Composite, Repeat};

use super::{
    bands,
    composite::{atop, lighter, lowers_alpha, over, source_in, source_out, xor},
};
use crate::{
    geometry::{Run, position, run},
    image::{Channels, Image},
    options::{Draw, Position},
};

/// Draws the overlay onto the base, which keeps its size. The part outside of the base is not drawn.
pub fn draw(base: &mut Image, overlay: &Image, options: &Draw) {
    let Some(strip) = Strip::new(base, overlay, options) else {
        return;
    };
    // Without this check, the colours under transparent pixels would be lost.
    let nothing = match options.composite {
        Composite::Over | Composite::Atop | Composite::Xor | Composite::Lighter => {
            options.opacity <= 0.0
        }
        Composite::In | Composite::Out => false,
    };
    if nothing {
        return;
    }
    if lowers_alpha(options.composite) && base.channels() == Channels::Rgb {
        *base = base.take().into_rgba();
    }
    let opacity = options.opacity;
    match options.composite {
        Composite::Over => blend(base, overlay, strip, |s, b| over(s, b, opacity)),
        Composite::In => blend(base, overlay, strip, |s, b| source_in(s, b, opacity)),
        Composite::Atop => blend(base, overlay, strip, |s, b| atop(s, b, opacity)),
        Composite::Out => blend(base, overlay, strip, |s, b| source_out(s, b, opacity)),
        Composite::Xor => blend(base, overlay, strip, |s, b| xor(s, b, opacity)),
        Composite::Lighter => blend(base, overlay, strip, |s, b| lighter(s, b, opacity)),
    }
}

/// Whether drawing may copy the base.
pub(crate) const fn draw_needs_copy(options: &Draw) -> bool {
    lowers_alpha(options.composite)
}

/// The part of the base that an overlay or its tiles cover.
#[derive(Clone, Copy)]
struct Strip {
    columns: Run,
    rows: Run,
}

impl Strip {
    fn new(base: &Image, overlay: &Image, options: &Draw) -> Option<Self> {
        let (columns, rows): (Along, Along) = match options.repeat {
            None => (once, once),
            Some(Repeat::Both) => (tiled, tiled),
            Some(Repeat::X) => (tiled, once),
            Some(Repeat::Y) => (once, tiled),
        };
        let (canvas, size) = (base.size(), overlay.size());
        Some(Self {
            columns: columns(canvas.width, size.width, options.horizontal)?,
            rows: rows(canvas.height, size.height, options.vertical)?,
        })
    }
}

/// A function that returns the part of one axis that an overlay covers, from both lengths and its position.
type Along = fn(u32, u32, Position) -> Option<Run>;

fn once(base: u32, overlay: u32, at: Position) -> Option<Run> {
    run(base, overlay, position(base, overlay, at))
}

/// Tiles begin at the offset if there is one, and otherwise at the edge instead of the middle.
fn tiled(base: u32, overlay: u32, at: Position) -> Option<Run> {
    let anchor = match at {
        Position::Center => 0,
        Position::Start(_) | Position::End(_) => position(base, overlay, at),
    };
    Run::tiled(base, overlay, anchor)
}

fn blend(
    base: &mut Image,
    overlay: &Image,
    strip: Strip,
    mix: impl Fn([u8; 4], [u8; 4]) -> [u8; 4] + Sync,
) {
    let Strip { columns, rows } = strip;
    let stride = base.stride();
    let first = rows.start as usize * stride;
    let end = first + rows.length as usize * stride;
    let each = bands::rows_each(crate::options::Size::new(columns.length, rows.length));
    let (to, from) = (base.channels(), overlay.channels());
    let sources = overlay.size().height as usize;
    let pixels = columns.start as usize * to.count()
        ..(columns.start as usize + columns.length as usize) * to.count();
    bands::for_each(
        &mut base.data_mut()[first..end],
        stride,
        each,
        |first, band| {
            for (row, below) in band.chunks_exact_mut(stride).enumerate() {
                let source = (first + row + rows.skipped as usize) % sources;
                let above = &overlay.data()[source * overlay.stride()..][..overlay.stride()];
                let below = &mut below[pixels.clone()];
                let skipped = columns.skipped as usize;
                match (from, to) {
                    (Channels::Rgb, Channels::Rgb) => line::<3, 3>(above, skipped, below, &mix),
                    (Channels::Rgb, Channels::Rgba) => line::<3, 4>(above, skipped, below, &mix),
                    (Channels::Rgba, Channels::Rgb) => line::<4, 3>(above, skipped, below, &mix),
                    (Channels::Rgba, Channels::Rgba) => line::<4, 4>(above, skipped, below, &mix),
                }
            }
        },
    );
}

/// Blends one row. The overlay's row begins at pixel `skipped`, and repeats.
fn line<const FROM: usize, const TO: usize>(
    above: &[u8],
    skipped: usize,
    below: &mut [u8],
    mix: impl Fn([u8; 4], [u8; 4]) -> [u8; 4],
) {
    let above = above.as_chunks::<FROM>().0;
    let mut rest = below.as_chunks_mut::<TO>().0;
    let mut tile = &above[skipped..];
    while !rest.is_empty() && !tile.is_empty() {
        let (now, later) = rest.split_at_mut(tile.len().min(rest.len()));
        for (below, above) in now.iter_mut().zip(tile) {
            let mixed = mix(opaque_or(above), opaque_or(below));
            below.copy_from_slice(&mixed[..TO]);
        }
        rest = later;
        tile = above;
    }
}

/// Returns a pixel with its alpha, which is 255 if the pixel has none.
fn opaque_or(pixel: &[u8]) -> [u8; 4] {
    let alpha = pixel.get(3).copied().unwrap_or(255);
    [pixel[0], pixel[1], pixel[2], alpha]
}
