//! A decoded AV1 picture in planes of luma and chroma.

use crate::options::Size;

/// The planes of a picture, each without gaps between its rows.
pub(in crate::decode::avif) struct CodedImage {
    pub(in crate::decode::avif) size: Size,
    pub(in crate::decode::avif) depth: Depth,
    pub(in crate::decode::avif) subsampling: ChromaSubsampling,
    /// The code of the matrix that the coded picture itself names.
    pub(in crate::decode::avif) matrix: u8,
    pub(in crate::decode::avif) range: Range,
    planes: Vec<Vec<u8>>,
}

/// The bits of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode::avif) enum Depth {
    /// 8 bits in one byte.
    Eight,
    /// 10 bits in two bytes.
    Ten,
    /// 12 bits in two bytes.
    Twelve,
}

/// The chroma subsampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode::avif) enum ChromaSubsampling {
    /// No chroma (4:0:0).
    Monochrome,
    /// One sample for two by two pixels (4:2:0).
    Yuv420,
    /// One sample for two pixels of a row (4:2:2).
    Yuv422,
    /// One sample for every pixel (4:4:4).
    Yuv444,
}

/// The range of the samples (CICP VideoFullRangeFlag).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode::avif) enum Range {
    /// From 0 to the largest number of the depth.
    Full,
    /// With footroom and headroom: at 8 bits, luma from 16 to 235 and chroma from 16 to 240.
    Limited,
}

impl Depth {
    pub(in crate::decode::avif) const ALL: [Self; 3] = [Self::Eight, Self::Ten, Self::Twelve];

    pub(in crate::decode::avif) const fn bits(self) -> u8 {
        match self {
            Self::Eight => 8,
            Self::Ten => 10,
            Self::Twelve => 12,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Ten | Self::Twelve => 2,
        }
    }
}

/// The size of a plane: the bytes of a row, and the number of rows.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) row: usize,
    pub(super) rows: usize,
}

/// The format of a picture: everything but its samples.
#[derive(Clone, Copy)]
pub(super) struct CodedFormat {
    pub(super) size: Size,
    pub(super) depth: Depth,
    pub(super) subsampling: ChromaSubsampling,
    pub(super) matrix: u8,
    pub(super) range: Range,
}

impl CodedFormat {
    /// Returns the size of each plane: of luma, and of both chroma planes if there are any.
    pub(super) fn planes(self) -> impl Iterator<Item = Extent> {
        let [width, height] = [self.size.width, self.size.height];
        let chroma = match self.subsampling {
            ChromaSubsampling::Monochrome => None,
            ChromaSubsampling::Yuv420 => Some((width.div_ceil(2), height.div_ceil(2))),
            ChromaSubsampling::Yuv422 => Some((width.div_ceil(2), height)),
            ChromaSubsampling::Yuv444 => Some((width, height)),
        };
        let planes = [Some((width, height)), chroma, chroma];
        planes
            .into_iter()
            .flatten()
            .map(move |(columns, rows)| Extent {
                row: columns as usize * self.depth.bytes(),
                rows: rows as usize,
            })
    }

    /// Builds a picture from the planes that `plane` returns one after the other.
    pub(super) fn filled<E>(
        self,
        mut plane: impl FnMut(usize, Extent) -> Result<Vec<u8>, E>,
    ) -> Result<CodedImage, E> {
        let extents = self.planes().enumerate();
        Ok(CodedImage {
            size: self.size,
            depth: self.depth,
            subsampling: self.subsampling,
            matrix: self.matrix,
            range: self.range,
            planes: extents
                .map(|(index, extent)| plane(index, extent))
                .collect::<Result<_, E>>()?,
        })
    }
}

impl CodedImage {
    /// Returns the format.
    pub(super) const fn format(&self) -> CodedFormat {
        CodedFormat {
            size: self.size,
            depth: self.depth,
            subsampling: self.subsampling,
            matrix: self.matrix,
            range: self.range,
        }
    }

    /// Reads one row of a plane as numbers. A row beyond the last one repeats it.
    pub(in crate::decode::avif) fn row(&self, plane: usize, row: usize, into: &mut [f32]) {
        let extent = self.format().planes().nth(plane);
        let (Some(samples), Some(extent)) = (self.planes.get(plane), extent) else {
            return;
        };
        let start = row.min(extent.rows.saturating_sub(1)) * extent.row;
        let bytes = samples.get(start..).unwrap_or_default();
        match self.depth {
            Depth::Eight => {
                for (to, from) in into.iter_mut().zip(bytes) {
                    *to = f32::from(*from);
                }
            }
            Depth::Ten | Depth::Twelve => {
                let (pairs, _) = bytes.as_chunks::<2>();
                for (to, from) in into.iter_mut().zip(pairs) {
                    *to = f32::from(u16::from_ne_bytes(*from));
                }
            }
        }
    }
}
