//! The pictures that a HEIC file codes. Their own sizes, which its boxes need not tell, decide what decoding them costs.

use std::collections::BTreeMap;

use heic_rs::Grid;

use super::{
    super::{
        error::DecodeError,
        header_limits::HeaderLimits,
        heif::{Container, size_of},
    },
    sps::{self, CodedPicture},
};
use crate::options::Size;

/// The side of the largest coding tree block, in pixels. An encoder adds fewer columns and rows to fill its last blocks.
const MAX_BLOCK: u32 = 64;

/// The bytes of a decoded picture and its result's second copy, for every pixel.
const PIXEL: u64 = 4;

/// The bytes that the decoder notes for every pixel, at most: of blocks of 4 by 4 pixels, and of coding tree blocks of 8
/// by 8.
const NOTES: u64 = 2;

/// Verifies the sizes of all pictures that the primary item and its alpha are made of. Returns the bytes that decoding
/// them takes at its peak, besides the result of `stored` pixels.
pub(super) fn memory(
    container: &Container<'_>,
    stored: Size,
    limits: HeaderLimits<'_>,
) -> Result<u64, DecodeError> {
    let whole = size_of(&container.props(container.primary())?)?;
    let color = item(container, container.primary(), limits)?;
    if color.size != whole {
        return Err(DecodeError::broken("it has another size than it claims"));
    }
    let alpha = container.alpha()?;
    let alpha = alpha
        .map(|alpha| item(container, alpha, limits))
        .transpose()?;
    let [alpha_kept, alpha_peak] = alpha.map_or([0; 2], |alpha| [alpha.kept, alpha.peak]);
    let cropped = whole.area().saturating_sub(stored.area());
    let peaks = [
        color.peak,
        // The colours stay while alpha is decoded.
        color.kept.saturating_add(alpha_peak),
        // Both stay while the whole picture is written, which a clean aperture then crops.
        (color.kept.saturating_add(alpha_kept)).saturating_add(PIXEL.saturating_mul(cropped)),
        // A second picture while the colours are converted or turned.
        PIXEL.saturating_mul(stored.area()),
    ];
    Ok(peaks.into_iter().max().unwrap_or_default())
}

/// The memory of decoding one item.
#[derive(Clone, Copy)]
struct Decoding {
    size: Size,
    /// The bytes of its planes.
    kept: u64,
    /// The bytes at the peak, its planes included.
    peak: u64,
}

/// Verifies the sizes of an item.
fn item(
    container: &Container<'_>,
    item: u32,
    limits: HeaderLimits<'_>,
) -> Result<Decoding, DecodeError> {
    match container.grid(item)? {
        Some((grid, tiles)) => mosaic(container, grid, tiles, limits),
        None => {
            let picture = picture(container, item, limits)?;
            Ok(Decoding {
                size: picture.visible,
                kept: picture.planes(),
                peak: picture.peak(),
            })
        }
    }
}

/// Verifies the sizes of the tiles of a grid. All of them are decoded before the picture is written.
fn mosaic(
    container: &Container<'_>,
    grid: Grid,
    tiles: &[u32],
    limits: HeaderLimits<'_>,
) -> Result<Decoding, DecodeError> {
    let size = Size::new(grid.output_width, grid.output_height);
    limits.check_size(size)?;
    // A grid may name one tile many times.
    let mut known = BTreeMap::new();
    let mut area: u64 = 0;
    let mut planes: u64 = 0;
    let mut largest: u64 = 0;
    for tile in tiles {
        let picture = match known.get(tile) {
            Some(known) => *known,
            None => {
                let picture = picture(container, *tile, limits)?;
                known.insert(*tile, picture);
                picture
            }
        };
        let outside = |count: u32, side: u32, whole: u32| {
            u64::from(count - 1) * u64::from(side) >= u64::from(whole)
        };
        if outside(grid.columns, picture.visible.width, size.width)
            || outside(grid.rows, picture.visible.height, size.height)
        {
            return Err(DecodeError::broken("it has tiles outside of its picture"));
        }
        area = area.saturating_add(picture.coded.area());
        limits.check_tiles(area)?;
        planes = planes.saturating_add(picture.planes());
        largest = largest.max(picture.peak());
    }
    Ok(Decoding {
        size,
        kept: planes,
        // The planes of alpha are put together.
        peak: planes.saturating_add(largest.max(planes)),
    })
}

/// Reads the sizes of a coded picture from its own parameter sets, and verifies them.
fn picture(
    container: &Container<'_>,
    item: u32,
    limits: HeaderLimits<'_>,
) -> Result<CodedPicture, DecodeError> {
    let config = container.props(item)?.hvcc;
    let config = config.ok_or_else(|| DecodeError::broken("a picture has no configuration"))?;
    let mut found: Option<CodedPicture> = None;
    for set in config.parameter_sets() {
        if !sps::is_sps(set) {
            continue;
        }
        let picture = sps::read(set).ok_or_else(|| DecodeError::broken("it has a broken size"))?;
        if found.is_some_and(|found| found != picture) {
            return Err(DecodeError::Unsupported("several sizes of one picture"));
        }
        found = Some(picture);
    }
    let picture = found.ok_or_else(|| DecodeError::broken("a picture does not tell its size"))?;
    let CodedPicture { coded, visible, .. } = picture;
    limits.check_size(visible)?;
    let is_padding = |coded: u32, visible: u32| coded - visible < MAX_BLOCK;
    if is_padding(coded.width, visible.width) && is_padding(coded.height, visible.height) {
        return Ok(picture);
    }
    limits.check_size(coded)?;
    Err(DecodeError::broken(format!(
        "it codes {coded} pixels and shows {visible}"
    )))
}

impl CodedPicture {
    /// Returns the bytes of its planes: two for every sample.
    fn planes(self) -> u64 {
        self.coded.area().saturating_mul(self.samples_of_two)
    }

    /// Returns the bytes of decoding it: its planes, and again while filters read them or the window is cut out.
    fn peak(self) -> u64 {
        let notes = self.coded.area().saturating_mul(NOTES);
        self.planes().saturating_mul(2).saturating_add(notes)
    }
}
