//! The format of a result whose caller leaves it open.

use safelight_protocol::{Format, extension::Choose};

use super::LOSSLESS;
use crate::{
    options::{Accepted, Extension, Frames, Output},
    picture::Picture,
};

/// Longest side of an AVIF that is chosen: a larger one takes too long.
const AVIF_SIDE: u32 = 640;
/// Longest side of a WebP that is chosen.
const WEBP_SIDE: u32 = 2_560;
/// The same without loss.
const LOSSLESS_WEBP_SIDE: u32 = 1_920;

/// The format for a picture whose source had this MIME type, and a text for a `Warning` header.
pub(crate) fn choose(
    extension: &Extension,
    output: &Output,
    source: &str,
    picture: &Picture,
) -> (Format, Option<&'static str>) {
    let classic = || match picture.first().is_opaque() {
        _ if picture.is_animated() => Format::Gif,
        true => Format::Jpeg,
        false => Format::Png,
    };
    match extension.choose {
        None => (output.format, None),
        Some(Choose::Source | Choose::Json | Choose::Svg) => match source {
            "image/jpeg" => (Format::Jpeg, None),
            "image/png" => (Format::Png, None),
            "image/gif" => (Format::Gif, None),
            _ => (classic(), None),
        },
        Some(Choose::Auto) => {
            let format = modern(extension.accepted, output, picture);
            (format.unwrap_or_else(classic), None)
        }
        Some(Choose::Fast) => (classic(), None),
        Some(Choose::Png) => match (source, classic()) {
            ("image/png" | "image/gif", _) | (_, Format::Png) => (Format::Png, None),
            _ => (Format::Jpeg, Some("JPEG vs PNG selection is automatic")),
        },
    }
}

/// How much of an animation the format needs that may be chosen.
pub(crate) const fn wanted_frames(extension: &Extension, output: &Output) -> Frames {
    match extension.choose {
        None => super::frames(output),
        Some(Choose::Source | Choose::Auto | Choose::Json | Choose::Svg) => output.frames,
        Some(Choose::Png | Choose::Fast) => Frames::First,
    }
}

/// The best of the accepted formats that is written in good time.
fn modern(accepted: Accepted, output: &Output, picture: &Picture) -> Option<Format> {
    let longest = picture.size().width.max(picture.size().height);
    let still = !picture.is_animated();
    let lossless = output.quality == Some(LOSSLESS);
    let webp_side = if lossless {
        LOSSLESS_WEBP_SIDE
    } else {
        WEBP_SIDE
    };
    let fits = [
        (accepted.avif && still && longest <= AVIF_SIDE, Format::Avif),
        (accepted.webp && longest <= webp_side, Format::Webp),
    ];
    fits.into_iter()
        .find_map(|(fits, format)| fits.then_some(format))
}

#[cfg(test)]
mod tests {
    use safelight_protocol::{Format, extension::Choose};

    use super::choose;
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
        choose(&extension, &output(None), source, &Picture::from(image)).0
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
        let (_, warning) = choose(
            &extension,
            &output(None),
            "image/jpeg",
            &Picture::from(image),
        );
        assert_eq!(warning, Some("JPEG vs PNG selection is automatic"));
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
            let (format, _) = choose(
                &extension,
                &output(quality),
                "image/png",
                &Picture::from(image),
            );
            assert_eq!(format, expected, "{width} {quality:?}");
        }
    }
}
