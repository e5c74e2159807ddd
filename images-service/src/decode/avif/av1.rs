//! One coded picture of AV1 to its planes.

use re_rav1d::dav1d::{
    Decoder, Error, Picture, PixelLayout, PlanarImageComponent, Plane, Settings, pixel,
};

use super::super::Fault;
use crate::geometry::Size;

/// A decoded picture, still as luma and chroma.
pub(super) struct Coded {
    picture: Picture,
    planes: Vec<Rows>,
    /// 8, 10 or 12.
    pub(super) depth: u32,
    pub(super) size: Size,
    pub(super) layout: Layout,
}

/// How many chroma samples there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// None.
    Gray,
    /// One for four pixels.
    Quarter,
    /// One for two pixels of a row.
    Half,
    /// One for every pixel.
    Full,
}

/// The samples of one plane.
struct Rows {
    plane: Plane,
    stride: usize,
    rows: usize,
}

/// How often a decoder may ask for a pause before it has a picture.
const MOST_TURNS: usize = 100;

/// Decodes the first picture, which must have the size that the container claims.
pub(super) fn decode(data: &[u8], size: Size) -> Result<Coded, Fault> {
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(u32::try_from(size.area()).unwrap_or(u32::MAX));
    settings.set_strict_std_compliance(true);
    let mut decoder = Decoder::with_settings(&settings).map_err(fault)?;
    let mut sent = decoder.send_data(data.to_vec(), None, None, None);
    let mut picture = decoder.get_picture();
    // It may want to be asked several times before it takes all of the data.
    for _ in 0..MOST_TURNS {
        if sent != Err(Error::Again) || picture.is_ok() {
            break;
        }
        sent = decoder.send_pending_data();
        picture = decoder.get_picture();
    }
    let picture = match (picture, sent) {
        (Ok(picture), _) => picture,
        (Err(Error::Again), Ok(())) => return Err(Fault::broken("it has no picture")),
        (Err(Error::Again), Err(error)) | (Err(error), _) => return Err(fault(error)),
    };
    if [picture.width(), picture.height()] != [size.width, size.height] {
        return Err(Fault::broken("it has another size than it claims"));
    }
    Coded::of(picture, size)
}

impl Coded {
    fn of(picture: Picture, size: Size) -> Result<Self, Fault> {
        let layout = match picture.pixel_layout() {
            PixelLayout::I400 => Layout::Gray,
            PixelLayout::I420 => Layout::Quarter,
            PixelLayout::I422 => Layout::Half,
            PixelLayout::I444 => Layout::Full,
        };
        let components = [
            PlanarImageComponent::Y,
            PlanarImageComponent::U,
            PlanarImageComponent::V,
        ];
        let wanted = if layout == Layout::Gray { 1 } else { 3 };
        let planes = components[..wanted]
            .iter()
            .map(|component| {
                let (stride, rows) = picture.plane_data_geometry(*component);
                Rows {
                    plane: picture.plane(*component),
                    stride: stride as usize,
                    rows: rows as usize,
                }
            })
            .collect();
        let depth = u32::try_from(picture.bit_depth()).unwrap_or(0);
        if !matches!(depth, 8 | 10 | 12) {
            return Err(Fault::broken("it has an unknown depth"));
        }
        Ok(Self {
            picture,
            planes,
            depth,
            size,
            layout,
        })
    }

    /// One row of a plane as numbers; rows beyond the last repeat it.
    pub(super) fn row(&self, plane: usize, row: usize, into: &mut [f32]) {
        let Some(rows) = self.planes.get(plane) else {
            return;
        };
        let start = row.min(rows.rows.saturating_sub(1)) * rows.stride;
        let bytes = rows.plane.get(start..).unwrap_or_default();
        if self.depth == 8 {
            for (to, from) in into.iter_mut().zip(bytes) {
                *to = f32::from(*from);
            }
        } else {
            let (pairs, _) = bytes.as_chunks::<2>();
            for (to, from) in into.iter_mut().zip(pairs) {
                *to = f32::from(u16::from_ne_bytes(*from));
            }
        }
    }

    /// The matrix that the coded picture itself names.
    pub(super) fn matrix(&self) -> pixel::MatrixCoefficients {
        self.picture.matrix_coefficients()
    }

    /// Whether samples go from 0 to the largest number.
    pub(super) fn is_full_range(&self) -> bool {
        self.picture.color_range() == pixel::YUVRange::Full
    }
}

fn fault(error: Error) -> Fault {
    match error {
        Error::UnsupportedBitstream => Fault::Unsupported("a coding that no decoder here knows"),
        error => Fault::broken(format!("AV1: {error}")),
    }
}
