//! The output options of a URL or of `cf.image`, and the form parts that carry them.

use http::HeaderMap;
use http::header::ACCEPT;
use safelight_protocol::extension::{self, Choose, JpegScan, Metadata};
use safelight_protocol::{Quality, form as wire};

/// An output format of URLs and `cf.image`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The format of the source; the default.
    #[default]
    Source,
    Auto,
    Avif,
    Webp,
    Jpeg,
    BaselineJpeg,
    /// The images process may choose a smaller format.
    Png,
    PngForce,
    Json,
    /// Only for a source that is SVG.
    Svg,
}

impl Format {
    /// All names, as messages list them.
    pub const NAMES: &str = "auto, avif, webp, jpeg, baseline-jpeg, png, png-force, json, svg";

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "avif" => Self::Avif,
            "webp" => Self::Webp,
            "jpeg" => Self::Jpeg,
            "baseline-jpeg" => Self::BaselineJpeg,
            "png" => Self::Png,
            "png-force" => Self::PngForce,
            "json" => Self::Json,
            "svg" => Self::Svg,
            _ => return None,
        })
    }

    /// The format of the binding, which is the fallback, and the rule by which the images process chooses another one.
    fn wire_format(self) -> (safelight_protocol::Format, Option<Choose>) {
        use safelight_protocol::Format as Wire;
        match self {
            Self::Source => (Wire::Jpeg, Some(Choose::Source)),
            Self::Auto => (Wire::Jpeg, Some(Choose::Auto)),
            Self::Avif => (Wire::Avif, None),
            Self::Webp => (Wire::Webp, None),
            Self::Jpeg | Self::BaselineJpeg => (Wire::Jpeg, None),
            Self::Png => (Wire::Png, Some(Choose::Png)),
            Self::PngForce => (Wire::Png, None),
            Self::Json => (Wire::Jpeg, Some(Choose::Json)),
            Self::Svg => (Wire::Jpeg, Some(Choose::Svg)),
        }
    }
}

/// The modern formats that a client's `Accept` header names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcceptedFormats {
    pub avif: bool,
    pub webp: bool,
}

impl AcceptedFormats {
    /// Reads a client's headers.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(ACCEPT).iter();
        let lists: Vec<_> = lists.filter_map(|list| list.to_str().ok()).collect();
        Self::parse(&lists.join(","))
    }

    /// Parses `Accept`. A wildcard does not count, since every browser sends one.
    fn parse(accept: &str) -> Self {
        let names = |name: &str| {
            accept.split(',').any(|range| {
                let mut parts = range.split(';').map(str::trim);
                let is_match = parts
                    .next()
                    .is_some_and(|kind| kind.eq_ignore_ascii_case(name));
                let refused = parts.any(|part| {
                    part.strip_prefix("q=")
                        .is_some_and(|weight| weight.parse() == Ok(0.0))
                });
                is_match && !refused
            })
        };
        Self {
            avif: names("image/avif"),
            webp: names("image/webp"),
        }
    }

    fn list(self) -> String {
        let words = [(self.avif, "avif"), (self.webp, "webp")];
        let words: Vec<_> = words
            .iter()
            .filter_map(|(accepted, word)| accepted.then_some(*word))
            .collect();
        words.join(",")
    }
}

/// The output options of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub format: Format,
    pub quality: Option<Quality>,
    pub anim: Option<bool>,
    pub metadata: Option<Metadata>,
    /// `compression=fast`.
    pub fast: bool,
    pub accepted: AcceptedFormats,
}

impl Output {
    /// The defaults with this format.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            quality: None,
            anim: None,
            metadata: None,
            fast: false,
            accepted: AcceptedFormats::default(),
        }
    }

    /// The form parts, in the order of the platform's own client.
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let (format, choose) = self.format.wire_format();
        let choose = match (self.fast, self.format) {
            (true, Format::Json | Format::Svg) | (false, _) => choose,
            (true, _) => Some(Choose::Fast),
        };
        let scan = (self.format == Format::BaselineJpeg).then_some(JpegScan::Baseline);
        let accepted = (choose == Some(Choose::Auto)).then(|| self.accepted.list());
        let parts = [
            (wire::OUTPUT_FORMAT, Some(format.to_string())),
            (
                wire::OUTPUT_QUALITY,
                self.quality.map(|quality| quality.to_string()),
            ),
            (wire::ANIM, self.anim.map(|anim| anim.to_string())),
            (extension::CHOOSE, choose.map(|choose| choose.to_string())),
            (extension::ACCEPT, accepted.filter(|list| !list.is_empty())),
            (
                extension::METADATA,
                self.metadata.map(|metadata| metadata.to_string()),
            ),
            (extension::JPEG, scan.map(|scan| scan.to_string())),
        ];
        let given = |(name, content): (_, Option<String>)| Some((name, content?));
        parts.into_iter().filter_map(given).collect()
    }
}

#[cfg(test)]
mod tests {
    use safelight_protocol::Quality;
    use safelight_protocol::extension::Metadata;

    use super::{AcceptedFormats, Format, Output};

    fn shown(output: &Output) -> String {
        let parts = output.parts();
        let parts: Vec<_> = parts
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        parts.join(" ")
    }

    #[test]
    fn each_format_has_its_parts() {
        for (name, expected) in [
            ("avif", "output_format=image/avif"),
            ("webp", "output_format=image/webp"),
            ("jpeg", "output_format=image/jpeg"),
            (
                "baseline-jpeg",
                "output_format=image/jpeg safelight_jpeg=baseline",
            ),
            ("png", "output_format=image/png safelight_choose=png"),
            ("png-force", "output_format=image/png"),
            ("json", "output_format=image/jpeg safelight_choose=json"),
            ("svg", "output_format=image/jpeg safelight_choose=svg"),
            ("auto", "output_format=image/jpeg safelight_choose=auto"),
        ] {
            let format = Format::from_name(name).unwrap();
            assert_eq!(shown(&Output::new(format)), expected);
            assert!(Format::NAMES.split(", ").any(|listed| listed == name));
        }
        assert_eq!(
            shown(&Output::new(Format::Source)),
            "output_format=image/jpeg safelight_choose=source"
        );
        assert_eq!(Format::from_name("jpg"), None);
        assert_eq!(Format::from_name("image/jpeg"), None);
    }

    #[test]
    fn everything_else_is_a_part_of_its_own() {
        let output = Output {
            quality: Some(Quality::Number(40.0)),
            anim: Some(false),
            metadata: Some(Metadata::None),
            fast: true,
            ..Output::new(Format::Webp)
        };
        assert_eq!(
            shown(&output),
            "output_format=image/webp output_quality=40 anim=false safelight_choose=fast safelight_metadata=none"
        );
    }

    #[test]
    fn only_a_format_that_is_named_is_accepted() {
        let accepted = |text| AcceptedFormats::parse(text).list();
        assert_eq!(
            accepted("image/avif,image/webp,image/*,*/*;q=0.8"),
            "avif,webp"
        );
        assert_eq!(accepted("image/webp;q=0.9, */*"), "webp");
        assert_eq!(accepted("image/*, */*"), "");
        assert_eq!(accepted("image/avif;q=0, IMAGE/WEBP"), "webp");
        assert_eq!(accepted(""), "");
    }
}
