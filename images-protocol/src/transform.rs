//! The options of one `transform()`, as the client writes them.
//!
//! The client does not check values. The images process checks them for every client alike, and names the wrong one.

use serde::{Serialize, Serializer};

use crate::words;

/// The options of one `transform()` call. Fields that are `None` are left out on the wire.
///
/// Within one `ImageTransform` the order of operations is fixed (trim, flip, rotate, resize, …); separate
/// `transform()` calls run in call order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImageTransform {
    /// Width in pixels, at least 1, on the axes after rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// Height in pixels, at least 1, on the axes after rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<f64>,
    /// The way in which the picture meets `width` and `height`; default [`Fit::ScaleDown`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
    /// The part that a crop keeps; default the centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gravity: Option<Gravity>,
    /// The closeness with which a crop by `gravity: face` follows the face, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoom: Option<f64>,
    /// The device pixel ratio, above 0 to 10: multiplies `width`, `height` and every other length in pixels. A ratio above 3 is
    /// accepted with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpr: Option<f64>,
    /// The method of enlarging; default [`Upscale::Interpolate`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upscale: Option<Upscale>,
    /// The margins cut off before all other operations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<Trim>,
    /// Mirroring, before rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flip: Option<Flip>,
    /// Clockwise rotation in degrees: 0, 90, 180, 270 or 360.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate: Option<u16>,
    /// CSS colour put under the picture, and the colour of padding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<String>,
    /// A frame around the picture, which grows by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub border: Option<Border>,
    /// Factor, 0 to 255; 1 changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brightness: Option<f64>,
    /// Factor, 0 to 255; 1 changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contrast: Option<f64>,
    /// Exponent, 0 to 255; 1 changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
    /// Factor, 0 to 255; 0 gives grey, 1 changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturation: Option<f64>,
    /// Strength of the unsharp mask, 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharpen: Option<f64>,
    /// Blur radius in pixels, 1 to 250.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blur: Option<f64>,
    /// Separates the subject from what is behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
}

/// Writes one `field(value)` method per option, so that options read as a sentence.
macro_rules! setters {
    ($($(#[$meta:meta])* $field:ident: $from:ty,)+) => {
        impl ImageTransform {
            /// No options: the picture stays as it is.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$meta])*
            #[must_use]
            pub fn $field(mut self, value: $from) -> Self {
                self.$field = Some(value.into());
                self
            })+
        }
    };
}

setters! {
    /// Sets the width in pixels, at least 1.
    width: impl Into<f64>,
    /// Sets the height in pixels, at least 1.
    height: impl Into<f64>,
    /// Sets the way in which the picture meets `width` and `height`.
    fit: Fit,
    /// Sets the part that a crop keeps.
    gravity: impl Into<Gravity>,
    /// Sets the closeness of a face crop, 0 to 1.
    zoom: impl Into<f64>,
    /// Sets the device pixel ratio, above 0 to 10.
    dpr: impl Into<f64>,
    /// Sets the method of enlarging.
    upscale: Upscale,
    /// Sets the margins that are cut off first.
    trim: Trim,
    /// Mirrors the picture.
    flip: Flip,
    /// Rotates clockwise by 0, 90, 180, 270 or 360 degrees.
    rotate: u16,
    /// Sets the CSS colour under the picture.
    background: impl Into<String>,
    /// Sets the frame around the picture.
    border: Border,
    /// Sets the brightness factor, 0 to 255.
    brightness: impl Into<f64>,
    /// Sets the contrast factor, 0 to 255.
    contrast: impl Into<f64>,
    /// Sets the gamma exponent, 0 to 255.
    gamma: impl Into<f64>,
    /// Sets the saturation factor, 0 to 255.
    saturation: impl Into<f64>,
    /// Sets the strength of sharpening, 0 to 10.
    sharpen: impl Into<f64>,
    /// Sets the blur radius in pixels, 1 to 250.
    blur: impl Into<f64>,
    /// Separates the subject from what is behind it.
    segment: Segment,
}

words! {
    /// The way in which a picture meets the requested width and height.
    pub enum Fit {
        /// Shrinks to fit inside, never enlarges.
        ScaleDown = "scale-down",
        /// Enlarges to fit inside, never shrinks.
        ScaleUp = "scale-up",
        /// Shrinks or enlarges to fit inside.
        Contain = "contain",
        /// Fills the box exactly and crops the overhang.
        Cover = "cover",
        /// `cover` for a larger picture, `scale-down` for a smaller one.
        Crop = "crop",
        /// `cover`, but a smaller picture is cropped to the ratio instead of enlarged.
        AspectCrop = "aspect-crop",
        /// Fits inside, then fills the rest of the box with the background.
        Pad = "pad",
        /// Fills the box exactly and ignores the ratio.
        Squeeze = "squeeze",
    }
}

words! {
    /// Mirroring.
    pub enum Flip {
        /// Left to right.
        Horizontal = "h",
        /// Top to bottom.
        Vertical = "v",
        /// Both: a rotation by 180 degrees.
        Both = "hv",
    }
}

words! {
    /// The focus of a crop, by name.
    pub enum Side {
        /// The middle of the picture.
        Center = "center",
        /// The left edge is kept.
        Left = "left",
        /// The right edge is kept.
        Right = "right",
        /// The top edge is kept.
        Top = "top",
        /// The bottom edge is kept.
        Bottom = "bottom",
        /// The most salient region.
        Auto = "auto",
        /// The region with the most detail.
        Entropy = "entropy",
        /// The smallest box around all faces.
        Face = "face",
    }
}

words! {
    /// The meaning of a gravity's coordinates.
    pub enum GravityMode {
        /// The fraction divides what is cropped away: 0 and 1 are flush with the edges.
        Remainder = "remainder",
        /// The crop is centred on the point.
        BoxCenter = "box-center",
    }
}

words! {
    /// The method of enlarging.
    pub enum Upscale {
        /// Bicubic.
        Interpolate = "interpolate",
        /// A model that invents detail enlarges the image.
        Generate = "generate",
    }
}

words! {
    /// The part of a picture that is separated from the rest.
    pub enum Segment {
        /// Everything but the subject becomes transparent.
        Foreground = "foreground",
    }
}

/// The part of a picture that a crop keeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Gravity {
    /// A side, or a method, by its name.
    Side(Side),
    /// A point, by coordinates from 0 to 1. An axis that is `None` counts as 0.5.
    Point {
        /// 0 is the left edge, 1 the right.
        #[serde(skip_serializing_if = "Option::is_none")]
        x: Option<f64>,
        /// 0 is the top edge, 1 the bottom.
        #[serde(skip_serializing_if = "Option::is_none")]
        y: Option<f64>,
        /// The meaning of the coordinates; default [`GravityMode::Remainder`].
        #[serde(skip_serializing_if = "Option::is_none")]
        mode: Option<GravityMode>,
    },
}

impl From<Side> for Gravity {
    fn from(side: Side) -> Self {
        Self::Side(side)
    }
}

impl From<(f64, f64)> for Gravity {
    fn from((x, y): (f64, f64)) -> Self {
        Self::Point {
            x: Some(x),
            y: Some(y),
            mode: None,
        }
    }
}

/// The margins that `trim` cuts off before all other operations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Trim {
    /// The amounts to cut, by side and size. An integer is pixels; a value between 0 and 1 is a fraction of the dimension.
    Sides {
        /// Cut from the top.
        #[serde(skip_serializing_if = "Option::is_none")]
        top: Option<f64>,
        /// Cut from the right.
        #[serde(skip_serializing_if = "Option::is_none")]
        right: Option<f64>,
        /// Cut from the bottom.
        #[serde(skip_serializing_if = "Option::is_none")]
        bottom: Option<f64>,
        /// Cut from the left.
        #[serde(skip_serializing_if = "Option::is_none")]
        left: Option<f64>,
        /// Width that is kept.
        #[serde(skip_serializing_if = "Option::is_none")]
        width: Option<f64>,
        /// Height that is kept.
        #[serde(skip_serializing_if = "Option::is_none")]
        height: Option<f64>,
    },
    /// A uniform border, found by its colour.
    Border {
        /// The way to recognise the border.
        border: BorderTrim,
    },
}

impl Trim {
    /// Cuts off a uniform border, found by the colour of the corners.
    #[must_use]
    pub const fn border() -> Self {
        Self::Border {
            border: BorderTrim::Detect,
        }
    }

    /// Cuts so much off the top, the right, the bottom and the left.
    #[must_use]
    pub const fn sides([top, right, bottom, left]: [f64; 4]) -> Self {
        Self::Sides {
            top: Some(top),
            right: Some(right),
            bottom: Some(bottom),
            left: Some(left),
            width: None,
            height: None,
        }
    }
}

/// The way in which `trim: border` recognises the border.
#[derive(Clone, Debug, PartialEq)]
pub enum BorderTrim {
    /// The border is the area with the colour of the corners.
    Detect,
    /// The border has the given values; the rest is detected.
    By {
        /// CSS colour of the border.
        color: Option<String>,
        /// Largest difference of a channel that still matches, 0 to 255.
        tolerance: Option<f64>,
        /// Pixels of border left in place on every side.
        keep: Option<f64>,
    },
}

impl Serialize for BorderTrim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let Self::By {
            color,
            tolerance,
            keep,
        } = self
        else {
            return serializer.serialize_bool(true);
        };
        let mut map = serializer.serialize_map(None)?;
        if let Some(color) = color {
            map.serialize_entry("color", color)?;
        }
        if let Some(tolerance) = tolerance {
            map.serialize_entry("tolerance", tolerance)?;
        }
        if let Some(keep) = keep {
            map.serialize_entry("keep", keep)?;
        }
        map.end()
    }
}

/// A frame of one colour around a picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Border {
    /// CSS colour; default opaque black.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// The width in pixels, at least 0, of every side that is not given itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// The width of the top side in pixels, at least 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<f64>,
    /// The width of the right side in pixels, at least 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<f64>,
    /// The width of the bottom side in pixels, at least 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottom: Option<f64>,
    /// The width of the left side in pixels, at least 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<f64>,
}

impl Border {
    /// Makes a frame of the same width in pixels, at least 0, on every side.
    #[must_use]
    pub fn new(width: impl Into<f64>) -> Self {
        Self {
            width: Some(width.into()),
            ..Self::default()
        }
    }

    /// Sets the CSS colour.
    #[must_use]
    pub fn color(mut self, color: impl Into<String>) -> Self {
        self.color = Some(color.into());
        self
    }
}
