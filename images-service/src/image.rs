//! Pixels: 8 bits a channel, sRGB, straight alpha, rows from the top without padding.

use crate::options::Size;

/// The channels of a picture. Without alpha it is opaque everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, straight alpha.
    Rgba,
}

impl Channels {
    /// Bytes of one pixel.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Bytes of a picture of a size.
    #[must_use]
    pub const fn bytes(self, size: Size) -> usize {
        size.pixels().saturating_mul(self.count())
    }
}

/// One picture, or one frame of an animation.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    size: Size,
    channels: Channels,
    data: Vec<u8>,
}

impl Image {
    /// A picture from its bytes; `None` unless there are exactly as many as the size asks for.
    #[must_use]
    pub fn new(size: Size, channels: Channels, data: Vec<u8>) -> Option<Self> {
        (data.len() == channels.bytes(size)).then_some(Self {
            size,
            channels,
            data,
        })
    }

    /// A picture of one colour, given as one pixel's bytes.
    #[must_use]
    pub fn filled(size: Size, channels: Channels, pixel: [u8; 4]) -> Self {
        Self {
            size,
            channels,
            data: pixel[..channels.count()].repeat(size.pixels()),
        }
    }

    /// Width and height.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Which channels a pixel has.
    #[must_use]
    pub const fn channels(&self) -> Channels {
        self.channels
    }

    /// All pixels, row by row.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// All pixels, to be changed in place.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// The pixels alone.
    #[must_use]
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// Bytes of one row.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.size.width as usize * self.channels.count()
    }

    /// Whether no pixel lets anything through.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        match self.channels {
            Channels::Rgb => true,
            // Many pixels at a time, which the compiler does all at once.
            Channels::Rgba => self.data.chunks(4 * 1024).all(|many| {
                let alphas = many.as_chunks::<4>().0.iter().map(|pixel| pixel[3]);
                alphas.fold(255, |all, alpha| all & alpha) == 255
            }),
        }
    }

    /// Moves the picture out and leaves one without pixels.
    pub(crate) fn take(&mut self) -> Self {
        let empty = self.empty();
        std::mem::replace(self, empty)
    }

    /// A picture of the same kind without pixels.
    pub(crate) const fn empty(&self) -> Self {
        Self {
            size: Size::new(0, 0),
            channels: self.channels,
            data: Vec::new(),
        }
    }

    /// The same picture with an alpha channel.
    #[must_use]
    pub fn into_rgba(self) -> Self {
        let data = match self.channels {
            Channels::Rgba => self.data,
            Channels::Rgb => {
                let mut data = vec![255; Channels::Rgba.bytes(self.size)];
                let pixels = data.as_chunks_mut::<4>().0.iter_mut();
                for (rgba, rgb) in pixels.zip(self.data.as_chunks::<3>().0) {
                    rgba[..3].copy_from_slice(rgb);
                }
                data
            }
        };
        Self {
            size: self.size,
            channels: Channels::Rgba,
            data,
        }
    }

    /// The colours alone, whatever the alpha.
    #[must_use]
    pub fn into_rgb(self) -> Self {
        let data = match self.channels {
            Channels::Rgb => self.data,
            Channels::Rgba => self
                .data
                .chunks_exact(4)
                .flat_map(|rgba| [rgba[0], rgba[1], rgba[2]])
                .collect(),
        };
        Self {
            size: self.size,
            channels: Channels::Rgb,
            data,
        }
    }
}

// The pixels themselves would drown every message of a failed test.
impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} picture", self.size, self.channels)
    }
}
