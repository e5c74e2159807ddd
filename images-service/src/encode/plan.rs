//! Decides the format of a result, its frames, its largest side and the memory of its encoder.

use safelight_protocol::{Format, extension::Choose};

use super::{LOSSLESS, avif, webp};
use crate::{
    options::{Accepted, Extension, Frames, Output, Size},
    picture::Picture,
};

/// The longest side of an AVIF that `auto` chooses, in pixels. A larger one takes too long.
const MAX_AVIF_SIDE: u32 = 640;
/// The longest side of a WebP that `auto` chooses, in pixels.
const MAX_WEBP_SIDE: u32 = 2_560;
/// The longest side of a lossless WebP that `auto` chooses, in pixels.
const MAX_LOSSLESS_WEBP_SIDE: u32 = 1_920;

/// The format of a result, and the warnings about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) format: Format,
    /// The reasons why the format differs from the requested one: texts for `Warning` headers.
    pub(crate) warnings: Vec<&'static str>,
}

/// The format of a result, as far as it is known before the pixels are decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodePlan<'a> {
    extension: &'a Extension,
    output: &'a Output,
}

impl<'a> EncodePlan<'a> {
    pub(crate) const fn new(extension: &'a Extension, output: &'a Output) -> Self {
        Self { extension, output }
    }

    /// Returns the frames that the format, or any that may be chosen, can hold.
    pub(crate) const fn frames(&self) -> Frames {
        match self.extension.choose {
            None => match holds_frames(self.output.format) {
                true => self.output.frames,
                false => Frames::First,
            },
            Some(Choose::Source | Choose::Auto | Choose::Json | Choose::Svg) => self.output.frames,
            Some(Choose::Png | Choose::Fast) => Frames::First,
        }
    }

    /// Returns the largest side of a result in pixels.
    pub(crate) fn max_side(&self, max_dimension: u32) -> u32 {
        match self.output.format {
            // The format itself has 14 bits for each side.
            Format::Webp => webp::MAX_SIDE,
            Format::Jpeg
            | Format::Png
            | Format::Gif
            | Format::Avif
            | Format::Rgb
            | Format::Rgba => max_dimension,
        }
    }

    /// Returns the bytes that the encoder of the final format allocates besides a picture of this size; `None` if the
    /// pixels decide the format.
    pub(crate) fn memory(&self, size: Size) -> Option<u64> {
        match self.extension.choose {
            None => Some(self.memory_for(affordable(self.output.format, size).format, size)),
            Some(_) => None,
        }
    }

    /// Returns the bytes that the encoder of any format allocates at most besides a picture of this size.
    pub(crate) fn most_memory(&self, size: Size) -> u64 {
        let formats = Format::ALL.iter();
        let each = formats.map(|format| self.memory_for(*format, size));
        each.max().unwrap_or_default()
    }

    /// Returns the bytes that the encoder of a format allocates besides a picture of this size.
    pub(crate) fn memory_for(&self, format: Format, size: Size) -> u64 {
        memory(format, self.output.quality).saturating_mul(size.area())
    }

    /// Decides the final format of a picture whose source had this MIME type.
    pub(crate) fn decide(&self, source: &str, picture: &Picture) -> Decision {
        let (chosen, warning) = self.choose(source, picture);
        let Decision {
            format,
            mut warnings,
        } = affordable(chosen, picture.size());
        warnings.splice(..0, warning);
        Decision { format, warnings }
    }

    fn choose(&self, source: &str, picture: &Picture) -> (Format, Option<&'static str>) {
        let classic = || match picture.first().is_opaque() {
            _ if picture.is_animated() => Format::Gif,
            true => Format::Jpeg,
            false => Format::Png,
        };
        match self.extension.choose {
            None => (self.output.format, None),
            Some(Choose::Source | Choose::Json | Choose::Svg) => match source {
                "image/jpeg" => (Format::Jpeg, None),
                "image/png" => (Format::Png, None),
                "image/gif" => (Format::Gif, None),
                _ => (classic(), None),
            },
            Some(Choose::Auto) => {
                let format = modern(self.extension.accepted, self.output, picture);
                (format.unwrap_or_else(classic), None)
            }
            Some(Choose::Fast) => (classic(), None),
            Some(Choose::Png) => match (source, classic()) {
                ("image/png" | "image/gif", _) | (_, Format::Png) => (Format::Png, None),
                _ => (Format::Jpeg, Some("JPEG vs PNG selection is automatic")),
            },
        }
    }
}

/// Whether a format can hold an animation.
pub(super) const fn holds_frames(format: Format) -> bool {
    match format {
        Format::Gif | Format::Webp => true,
        Format::Jpeg | Format::Png | Format::Avif | Format::Rgb | Format::Rgba => false,
    }
}

/// The bytes that an encoder takes at its peak for every pixel of a frame, besides the picture: measured, and rounded
/// up.
const fn memory(format: Format, quality: Option<u8>) -> u64 {
    match (format, quality) {
        (Format::Rgb | Format::Rgba, _) => 4,
        // Noise is not compressed, and the buffers of the compressor and of the file double as they grow.
        (Format::Png, None | Some(LOSSLESS)) => 16,
        // The picture without alpha, the coefficients and their codes.
        (Format::Jpeg, _) => 16,
        (Format::Webp, Some(LOSSLESS)) => 44,
        (Format::Webp, _) => 18,
        (Format::Png | Format::Gif, _) => 20,
        (Format::Avif, _) => 24,
    }
}

/// Returns the requested format, or the one that replaces it because it would take too long.
fn affordable(requested: Format, size: Size) -> Decision {
    let longest = size.longest();
    if requested != Format::Avif || longest <= avif::MAX_SIDE {
        return Decision {
            format: requested,
            warnings: Vec::new(),
        };
    }
    Decision {
        format: match longest <= webp::MAX_SIDE {
            true => Format::Webp,
            false => Format::Jpeg,
        },
        warnings: vec!["image too large for AVIF"],
    }
}

/// Returns the best of the accepted formats that can be encoded in good time.
fn modern(accepted: Accepted, output: &Output, picture: &Picture) -> Option<Format> {
    let longest = picture.size().longest();
    let still = !picture.is_animated();
    let lossless = output.quality == Some(LOSSLESS);
    let webp_side = if lossless {
        MAX_LOSSLESS_WEBP_SIDE
    } else {
        MAX_WEBP_SIDE
    };
    let fits = [
        (
            accepted.avif && still && longest <= MAX_AVIF_SIDE,
            Format::Avif,
        ),
        (accepted.webp && longest <= webp_side, Format::Webp),
    ];
    fits.into_iter()
        .find_map(|(fits, format)| fits.then_some(format))
}

#[cfg(test)]
mod tests {
    use safelight_protocol::{Format, extension::Choose};

    use super::EncodePlan;
    use crate::{
        image::{Channels, Image},
        options::{Accepted, Extension, Frames, Output, Size},
        picture::Picture,
    };

    fn output(quality: Option<u8>) -> Output {
        Output {
            format: Format::Jpeg,
            quality,
            background: None,
            frames: Frames::All,
            scan: None,
        }
    }

    fn chosen(word: Choose, source: &str, alpha: u8) -> Format {
        let image = Image::filled(Size::new(2, 2), Channels::Rgba, [1, 2, 3, alpha]);
        let extension = Extension {
            choose: Some(word),
            ..Extension::default()
        };
        EncodePlan::new(&extension, &output(None))
            .decide(source, &Picture::from(image))
            .format
    }

    #[test]
    fn the_format_follows_the_source_or_the_pictures_alpha() {
        for (word, source, alpha, expected) in [
            (Choose::Source, "image/jpeg", 255, Format::Jpeg),
            (Choose::Source, "image/png", 255, Format::Png),
            (Choose::Source, "image/gif", 255, Format::Gif),
            (Choose::Source, "image/webp", 255, Format::Jpeg),
            (Choose::Source, "image/webp", 254, Format::Png),
            (Choose::Png, "image/png", 255, Format::Png),
            (Choose::Png, "image/gif", 255, Format::Png),
            (Choose::Png, "image/jpeg", 255, Format::Jpeg),
            (Choose::Png, "image/webp", 0, Format::Png),
            (Choose::Fast, "image/png", 255, Format::Jpeg),
            (Choose::Fast, "image/png", 9, Format::Png),
            (Choose::Auto, "image/png", 255, Format::Jpeg),
            (Choose::Auto, "image/png", 9, Format::Png),
        ] {
            assert_eq!(
                chosen(word, source, alpha),
                expected,
                "{word} {source} {alpha}"
            );
        }
    }

    #[test]
    fn a_hint_for_png_that_is_not_followed_is_said() {
        let image = Image::filled(Size::new(1, 1), Channels::Rgb, [0; 4]);
        let extension = Extension {
            choose: Some(Choose::Png),
            ..Extension::default()
        };
        let output = output(None);
        let plan = EncodePlan::new(&extension, &output);
        let decision = plan.decide("image/jpeg", &Picture::from(image));
        assert_eq!(decision.warnings, ["JPEG vs PNG selection is automatic"]);
    }

    #[test]
    fn webp_is_chosen_where_it_is_accepted_and_not_too_large() {
        let extension = Extension {
            choose: Some(Choose::Auto),
            accepted: Accepted {
                avif: false,
                webp: true,
            },
            ..Extension::default()
        };
        for (width, quality, expected) in [
            (2_560, None, Format::Webp),
            (2_561, None, Format::Jpeg),
            (1_920, Some(100), Format::Webp),
            (1_921, Some(100), Format::Jpeg),
        ] {
            let image = Image::filled(Size::new(width, 1), Channels::Rgb, [0; 4]);
            let output = output(quality);
            let plan = EncodePlan::new(&extension, &output);
            let decision = plan.decide("image/png", &Picture::from(image));
            assert_eq!(decision.format, expected, "{width} {quality:?}");
        }
    }

    #[test]
    fn memory_is_asked_for_the_format_that_stands_in() {
        let extension = Extension::default();
        let output = Output {
            format: Format::Avif,
            ..output(Some(100))
        };
        let plan = EncodePlan::new(&extension, &output);
        assert_eq!(plan.memory(Size::new(1_600, 1)), Some(24 * 1_600));
        assert_eq!(plan.memory(Size::new(1_601, 1)), Some(44 * 1_601));
        let wide = Image::filled(Size::new(1_601, 1), Channels::Rgb, [0; 4]);
        let decision = plan.decide("image/png", &wide.into());
        assert_eq!(decision.format, Format::Webp);
        assert_eq!(decision.warnings, ["image too large for AVIF"]);
    }
}
