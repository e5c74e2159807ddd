//! Pixels: 8 bits a channel, sRGB, straight alpha, rows from the top without padding.

use crate::options::Size;

/// The channels of a pixel. A picture without alpha is opaque everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, straight alpha.
    Rgba,
}

impl Channels {
    /// Returns the bytes of one pixel.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// Returns the bytes of a picture of this size.
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
    /// Creates a picture from its bytes; `None` if they are more or fewer than the size requires.
    #[must_use]
    pub fn new(size: Size, channels: Channels, data: Vec<u8>) -> Option<Self> {
        (data.len() == channels.bytes(size)).then_some(Self {
            size,
            channels,
            data,
        })
    }

    /// Creates a picture of one colour, given as the bytes of one pixel.
    #[must_use]
    pub fn filled(size: Size, channels: Channels, pixel: [u8; 4]) -> Self {
        Self {
            size,
            channels,
            data: pixel[..channels.count()].repeat(size.pixels()),
        }
    }

    /// Returns the width and the height.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Returns the channels of a pixel.
    #[must_use]
    pub const fn channels(&self) -> Channels {
        self.channels
    }

    /// Returns the bytes of all pixels, row by row.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the bytes of all pixels, for changes in place.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// Returns the bytes of all pixels, and drops the rest.
    #[must_use]
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// Returns the bytes of one row.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.size.width as usize * self.channels.count()
    }

    /// Whether the alpha of every pixel is 255.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        match self.channels {
            Channels::Rgb => true,
            // The compiler vectorises this fold over many pixels.
            Channels::Rgba => self.data.chunks(4 * 1024).all(|many| {
                let alphas = many.as_chunks::<4>().0.iter().map(|pixel| pixel[3]);
                alphas.fold(255, |all, alpha| all & alpha) == 255
            }),
        }
    }

    /// Takes the picture, and leaves one without pixels.
    pub(crate) fn take(&mut self) -> Self {
        let empty = self.empty();
        std::mem::replace(self, empty)
    }

    /// Returns a picture of the same channels without pixels.
    pub(crate) const fn empty(&self) -> Self {
        Self {
            size: Size::new(0, 0),
            channels: self.channels,
            data: Vec::new(),
        }
    }

    /// Returns the same picture with an alpha channel.
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

    /// Returns the colours without the alpha.
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

// The pixels would make every message of a failed test unreadable.
impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} picture", self.size, self.channels)
    }
}
