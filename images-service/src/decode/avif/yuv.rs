//! Converts YUV to 8-bit RGB by the matrix and range of CICP (ITU-T H.273), with linear chroma upsampling.

use heic_rs::{Nclx, Range};

use super::{
    super::error::DecodeError,
    av1::{ChromaSubsampling, CodedImage, Depth, Range as SampleRange},
};
use crate::image::Channels;

/// The matrix and the range of the samples.
#[derive(Clone, Copy)]
pub(super) struct ColorDescription {
    matrix: Matrix,
    scale: Scale,
}

#[derive(Clone, Copy)]
enum Matrix {
    /// The planes are green, blue and red.
    Identity,
    /// The weights of red and blue in luma (KR and KB).
    Luma { red: f32, blue: f32 },
    /// The planes are luma, green chroma and orange chroma.
    YCgCo,
}

/// The offset and the factor that map luma to 0..1 and chroma to -0.5..0.5.
#[derive(Clone, Copy)]
struct Scale {
    luma: (f32, f32),
    chroma: (f32, f32),
}

impl Scale {
    fn new(depth: Depth, range: SampleRange) -> Self {
        let step = f32::from(1_u16 << (depth.bits() - 8));
        let middle = 128.0 * step;
        match range {
            SampleRange::Full => {
                let largest = 256.0 * step - 1.0;
                Self {
                    luma: (0.0, 1.0 / largest),
                    chroma: (middle, 1.0 / largest),
                }
            }
            SampleRange::Limited => Self {
                luma: (16.0 * step, 1.0 / (219.0 * step)),
                chroma: (middle, 1.0 / (224.0 * step)),
            },
        }
    }

    fn luma(self, sample: f32) -> f32 {
        (sample - self.luma.0) * self.luma.1
    }

    fn chroma(self, sample: f32) -> f32 {
        (sample - self.chroma.0) * self.chroma.1
    }
}

impl ColorDescription {
    /// Takes matrix and range from the container's nclx if there is one, else from the coded picture. An unspecified
    /// matrix is that of BT.601.
    pub(super) fn new(coded: &CodedImage, nclx: Option<&Nclx>) -> Result<Self, DecodeError> {
        const UNSPECIFIED: u16 = 2;
        let code = match nclx.map(|nclx| nclx.matrix_code) {
            None | Some(UNSPECIFIED) => coded.matrix.into(),
            Some(code) => code,
        };
        let luma = |red, blue| Ok(Matrix::Luma { red, blue });
        let matrix = match code {
            0 if coded.subsampling == ChromaSubsampling::Yuv444 => Ok(Matrix::Identity),
            1 => luma(0.2126, 0.0722),
            UNSPECIFIED | 5 | 6 => luma(0.299, 0.114),
            4 => luma(0.30, 0.11),
            7 => luma(0.212, 0.087),
            8 => Ok(Matrix::YCgCo),
            9 => luma(0.2627, 0.0593),
            _ => Err(DecodeError::Unsupported("an unusual matrix of colours")),
        }?;
        let range = match nclx.map(|nclx| nclx.range) {
            None => coded.range,
            Some(Range::Full) => SampleRange::Full,
            Some(Range::Limited) => SampleRange::Limited,
        };
        Ok(Self {
            matrix,
            scale: Scale::new(coded.depth, range),
        })
    }

    fn rgb(self, y: f32, u: f32, v: f32) -> [f32; 3] {
        let scale = self.scale;
        match self.matrix {
            Matrix::Identity => [scale.luma(v), scale.luma(y), scale.luma(u)],
            Matrix::Luma { red, blue } => {
                let (y, cb, cr) = (scale.luma(y), scale.chroma(u), scale.chroma(v));
                let r = y + 2.0 * (1.0 - red) * cr;
                let b = y + 2.0 * (1.0 - blue) * cb;
                [r, (y - red * r - blue * b) / (1.0 - red - blue), b]
            }
            Matrix::YCgCo => {
                let (y, cg, co) = (scale.luma(y), scale.chroma(u), scale.chroma(v));
                [y - cg + co, y + cg, y - cg - co]
            }
        }
    }
}

/// Writes the colours of every pixel.
pub(super) fn write_rgb(
    coded: &CodedImage,
    description: ColorDescription,
    channels: Channels,
    out: &mut [u8],
) {
    let width = coded.size.width as usize;
    let pixel = channels.count();
    let mut luma = vec![0.0; width];
    let mut chroma = [Chroma::new(coded), Chroma::new(coded)];
    for (y, row) in out.chunks_exact_mut((width * pixel).max(1)).enumerate() {
        coded.row(0, y, &mut luma);
        let [u, v] = &mut chroma;
        u.read(coded, 1, y);
        v.read(coded, 2, y);
        let samples = luma.iter().zip(&u.samples).zip(&v.samples);
        for (to, ((y, u), v)) in row.chunks_exact_mut(pixel).zip(samples) {
            let rgb = description.rgb(*y, *u, *v).map(to_byte);
            to[..3].copy_from_slice(&rgb);
        }
    }
}

/// Writes the alpha of every pixel.
pub(super) fn write_alpha(coded: &CodedImage, out: &mut [u8]) {
    let width = coded.size.width as usize;
    let scale = Scale::new(coded.depth, coded.range);
    let mut luma = vec![0.0; width];
    for (y, row) in out.chunks_exact_mut((width * 4).max(1)).enumerate() {
        coded.row(0, y, &mut luma);
        for (to, sample) in row.chunks_exact_mut(4).zip(&luma) {
            to[3] = to_byte(scale.luma(*sample));
        }
    }
}

/// One row of a chroma plane, upsampled to the width of the picture.
struct Chroma {
    samples: Vec<f32>,
    near: Vec<f32>,
    far: Vec<f32>,
}

impl Chroma {
    /// Creates a row of neutral chroma. It stays neutral in a picture without chroma.
    fn new(coded: &CodedImage) -> Self {
        let width = coded.size.width as usize;
        let stored = match coded.subsampling {
            ChromaSubsampling::Monochrome | ChromaSubsampling::Yuv444 => 0,
            ChromaSubsampling::Yuv420 | ChromaSubsampling::Yuv422 => width.div_ceil(2),
        };
        let middle = f32::from(1_u16 << (coded.depth.bits() - 1));
        Self {
            samples: vec![middle; width],
            near: vec![0.0; stored],
            far: vec![0.0; stored],
        }
    }

    fn read(&mut self, coded: &CodedImage, plane: usize, y: usize) {
        match coded.subsampling {
            ChromaSubsampling::Monochrome => {}
            ChromaSubsampling::Yuv444 => coded.row(plane, y, &mut self.samples),
            ChromaSubsampling::Yuv422 => {
                coded.row(plane, y, &mut self.near);
                self.upsample_row();
            }
            ChromaSubsampling::Yuv420 => {
                coded.row(plane, y / 2, &mut self.near);
                let neighbour = if y.is_multiple_of(2) {
                    (y / 2).saturating_sub(1)
                } else {
                    y / 2 + 1
                };
                coded.row(plane, neighbour, &mut self.far);
                for (near, far) in self.near.iter_mut().zip(&self.far) {
                    *near = 0.75 * *near + 0.25 * far;
                }
                self.upsample_row();
            }
        }
    }

    /// Doubles the width by linear interpolation. A pixel lies a quarter of a sample from the nearer chroma sample,
    /// which weighs 3/4.
    fn upsample_row(&mut self) {
        let last = self.near.len().saturating_sub(1);
        for (x, sample) in self.samples.iter_mut().enumerate() {
            let neighbour = if x % 2 == 0 {
                (x / 2).saturating_sub(1)
            } else {
                (x / 2 + 1).min(last)
            };
            *sample = 0.75 * self.near[x / 2] + 0.25 * self.near[neighbour];
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
fn to_byte(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}
