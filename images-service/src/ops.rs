//! The operations on pictures: a closed set, each in a file of its own, and drawing.

mod background;
mod bands;
mod blur;
mod color_adjustments;
mod composite;
mod crop;
mod draw;
mod flip;
mod pad;
mod resize;
mod rotate;
mod segment;
mod sharpen;

use safelight_protocol::{ErrorCode, Flip};

use crate::{
    error::ServiceError,
    geometry::Padding,
    image::Image,
    models::Models,
    options::{Color, ColorAdjustments, Rect, Rotation, Size},
};

pub use background::background;
pub(crate) use bands::set_processors;
pub use draw::draw;
pub(crate) use draw::draw_needs_copy;
pub(crate) use flip::flip;
pub(crate) use resize::wide_pixels;
pub(crate) use rotate::rotate;

/// One operation with all parameters computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// Mirror.
    Flip(Flip),
    /// Turn clockwise.
    Rotate(Rotation),
    /// Cut out a box.
    Crop(Rect),
    /// Scale to a size, and keep a part of the result.
    Resize {
        /// The size of the whole picture after scaling.
        scaled: Size,
        /// The part of it that is kept.
        part: Rect,
    },
    /// Put on a larger canvas.
    Pad {
        /// The canvas, and the place of the picture on it.
        padding: Padding,
        /// The colour of the added pixels.
        fill: Color,
    },
    /// Put a colour under the picture.
    Background(Color),
    /// Make everything but the subject transparent.
    Segment,
    /// Change brightness, contrast, gamma and saturation.
    AdjustColors(ColorAdjustments),
    /// Sharpen by an unsharp mask of this strength.
    Sharpen(f64),
    /// Blur with this radius in pixels, at least 1.
    Blur(u32),
}

impl Op {
    /// Returns the size of the result for a picture of this size.
    #[must_use]
    pub const fn resulting(self, size: Size) -> Size {
        match self {
            Self::Flip(_)
            | Self::Rotate(Rotation::None | Rotation::Half)
            | Self::Background(_)
            | Self::Segment
            | Self::AdjustColors(_)
            | Self::Sharpen(_)
            | Self::Blur(_) => size,
            Self::Rotate(Rotation::Quarter | Rotation::ThreeQuarters) => size.transposed(),
            Self::Crop(part) | Self::Resize { part, .. } => part.size,
            Self::Pad { padding, .. } => padding.canvas,
        }
    }

    /// Whether the op interpolates new pixels between those of a picture of this size.
    #[must_use]
    pub(crate) fn enlarges(self, size: Size) -> bool {
        matches!(self, Self::Resize { scaled, .. } if scaled.width > size.width || scaled.height > size.height)
    }

    /// Applies the op to a picture. An op is not interrupted: the caller checks its deadline between ops.
    ///
    /// # Errors
    /// [`ErrorCode::Internal`] when the library refuses to resize, or the mask of a model has not one byte a pixel.
    pub fn apply(self, image: Image, models: Models) -> Result<Image, ServiceError> {
        match self {
            Self::Flip(axes) => Ok(flip(image, axes)),
            Self::Rotate(rotation) => Ok(rotate(image, rotation)),
            Self::Crop(part) => Ok(crop::crop(&image, part)),
            Self::Resize { scaled, part } => resize::resize(&image, scaled, part)
                .map_err(|error| ServiceError::new(ErrorCode::Internal, error.to_string())),
            Self::Pad { padding, fill } => Ok(pad::pad(&image, padding, fill)),
            Self::Background(color) => Ok(background(image, color)),
            Self::Segment => segment::segment(image, models.foreground),
            Self::AdjustColors(adjustments) => {
                Ok(color_adjustments::adjust_colors(image, adjustments))
            }
            Self::Sharpen(strength) => Ok(sharpen::sharpen(image, strength)),
            Self::Blur(radius) => Ok(blur::blur(&image, radius)),
        }
    }
}

/// Returns an opaque picture whose red values count from 1, row by row.
#[cfg(test)]
pub(crate) fn numbered(width: u32, height: u32) -> Image {
    let size = Size::new(width, height);
    let data = (1..=size.pixels())
        .flat_map(|number| {
            let [low, high, ..] = number.to_le_bytes();
            [low, high, 0]
        })
        .collect();
    Image::new(size, crate::image::Channels::Rgb, data).expect("three bytes a pixel")
}
