//! The options by which a worker's `fetch` requests the transformation of a picture: `cf.image` on the platform.
//!
//! The wire has them as one line of JSON in the header [`CF_IMAGE_HEADER`](crate::extension::CF_IMAGE_HEADER).

use serde::{Serialize, Serializer};

use crate::extension::Metadata;
use crate::{
    Border, Fit, Flip, Gravity, ImageDrawOptions, ImageTransform, Quality, Segment, Trim, Upscale,
    words,
};

/// The transformation of a fetched picture. Fields that are `None` are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImageOptions {
    /// The options that change its pixels.
    #[serde(flatten)]
    pub transform: ImageTransform,
    /// The format of the result; default the one of the source, or the nearest that every reader knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<FetchFormat>,
    /// Encoder quality; default 85.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "quality")]
    pub quality: Option<Quality>,
    /// `false` keeps only the first frame of an animation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anim: Option<bool>,
    /// The part of the source's metadata that is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// Quick encoding instead of a small result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// The rule by which the request's credentials go to the source; default never.
    #[serde(rename = "origin-auth", skip_serializing_if = "Option::is_none")]
    pub origin_auth: Option<OriginAuth>,
    /// Overlays, the last on top.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub draw: Vec<Overlay>,
}

/// A picture that is drawn onto another.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Overlay {
    /// The absolute URL of its source.
    pub url: String,
    /// The transformation before it is drawn.
    #[serde(flatten)]
    pub transform: ImageTransform,
    /// Its position and appearance.
    #[serde(flatten)]
    pub draw: ImageDrawOptions,
}

words! {
    /// The format of a picture that is fetched.
    pub enum FetchFormat {
        /// The best that the request's `Accept` names.
        Auto = "auto",
        /// AVIF.
        Avif = "avif",
        /// WebP.
        Webp = "webp",
        /// JPEG, progressive.
        Jpeg = "jpeg",
        /// JPEG, sequential.
        BaselineJpeg = "baseline-jpeg",
        /// PNG, or JPEG where nothing is lost by it.
        Png = "png",
        /// PNG.
        PngForce = "png-force",
        /// No picture: its sizes.
        Json = "json",
    }
}

words! {
    /// The aim of encoding.
    pub enum Compression {
        /// Speed.
        Fast = "fast",
    }
}

words! {
    /// The rule by which credentials go to the source.
    pub enum OriginAuth {
        /// Credentials are sent, and everyone who has the result's URL sees the picture that they open.
        SharePublicly = "share-publicly",
    }
}

fn quality<S: Serializer>(quality: &Option<Quality>, serializer: S) -> Result<S::Ok, S::Error> {
    match quality {
        Some(Quality::Number(number)) => serializer.serialize_f64(*number),
        Some(Quality::Named(name)) => name.serialize(serializer),
        None => serializer.serialize_none(),
    }
}

/// Passes setters on to the transform.
macro_rules! setters {
    ($($field:ident: $from:ty,)+) => {
        impl ImageOptions {
            $(
                #[doc = concat!("Sets [`ImageTransform::", stringify!($field), "`].")]
                #[must_use]
                pub fn $field(mut self, value: $from) -> Self {
                    self.transform = self.transform.$field(value);
                    self
                }
            )+
        }
    };
}

setters! {
    width: impl Into<f64>,
    height: impl Into<f64>,
    fit: Fit,
    gravity: impl Into<Gravity>,
    zoom: impl Into<f64>,
    dpr: impl Into<f64>,
    upscale: Upscale,
    trim: Trim,
    flip: Flip,
    rotate: u16,
    background: impl Into<String>,
    border: Border,
    brightness: impl Into<f64>,
    contrast: impl Into<f64>,
    gamma: impl Into<f64>,
    saturation: impl Into<f64>,
    sharpen: impl Into<f64>,
    blur: impl Into<f64>,
    segment: Segment,
}

impl ImageOptions {
    /// No options: the picture stays as it is.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the format of the result.
    #[must_use]
    pub fn format(mut self, format: FetchFormat) -> Self {
        self.format = Some(format);
        self
    }

    /// Sets the quality: 1 to 100, or a named level.
    #[must_use]
    pub fn quality(mut self, quality: impl Into<Quality>) -> Self {
        self.quality = Some(quality.into());
        self
    }

    /// Sets the part of the source's metadata that is kept.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Adds an overlay on top of the earlier ones.
    #[must_use]
    pub fn draw(mut self, overlay: Overlay) -> Self {
        self.draw.push(overlay);
        self
    }
}

impl Overlay {
    /// The picture at an absolute URL, in the middle.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }

    /// Sets the transformation before it is drawn.
    #[must_use]
    pub fn transform(mut self, transform: ImageTransform) -> Self {
        self.transform = transform;
        self
    }

    /// Sets its position and appearance.
    #[must_use]
    pub fn at(mut self, draw: ImageDrawOptions) -> Self {
        self.draw = draw;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{FetchFormat, ImageOptions, Overlay};
    use crate::{Fit, ImageDrawOptions, ImageTransform, NamedQuality};

    #[test]
    fn options_are_written_as_the_platform_reads_them() {
        let options = ImageOptions::new()
            .width(800)
            .fit(Fit::Cover)
            .format(FetchFormat::Webp)
            .quality(NamedQuality::High)
            .draw(
                Overlay::new("https://example.com/logo.png")
                    .transform(ImageTransform::new().width(40))
                    .at(ImageDrawOptions::new().bottom(4).opacity(0.5)),
            );
        assert_eq!(
            serde_json::to_string(&options).unwrap(),
            concat!(
                r#"{"width":800.0,"fit":"cover","format":"webp","quality":"high","#,
                r#""draw":[{"url":"https://example.com/logo.png","width":40.0,"opacity":0.5,"bottom":4.0}]}"#
            )
        );
        assert_eq!(serde_json::to_string(&ImageOptions::new()).unwrap(), "{}");
    }
}
