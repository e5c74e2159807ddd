//! Parses the options of `cf.image` into steps, overlays and output options.
//!
//! The options that change pixels are passed on unread: the images process checks them, as for the binding.

use std::str::FromStr;

use safelight_protocol::extension::{HEIGHT_SHARE, WIDTH_SHARE};
use safelight_protocol::steps::{DRAW_IMAGE_INDEX, IMAGE_INDEX, TARGET_IMAGE_INDEX};
use safelight_protocol::{Compression, NamedQuality, OriginAuth, Quality, UnknownWordError};
use serde_json::{Map, Value};

use crate::error::{DeliveryError, ErrorKind};
use crate::output::{Format, Output};

/// Maximum number of entries in `draw`.
const MAX_OVERLAYS: usize = 32;

/// The keys of a `transform()` of the binding.
const TRANSFORM: &[&str] = &[
    "width",
    "height",
    "fit",
    "gravity",
    "zoom",
    "dpr",
    "upscale",
    "trim",
    "flip",
    "rotate",
    "background",
    "border",
    "brightness",
    "contrast",
    "gamma",
    "saturation",
    "sharpen",
    "blur",
    "segment",
];

/// The keys of a `draw()` of the binding.
const DRAW: &[&str] = &[
    "opacity",
    "repeat",
    "composite",
    "top",
    "left",
    "bottom",
    "right",
];

/// The sizes of an overlay, each with the key for a fraction of the base's size.
const SHARES: [(&str, &str); 2] = [("width", WIDTH_SHARE), ("height", HEIGHT_SHARE)];

/// The options of `cf.image`.
#[derive(Debug, PartialEq)]
pub(super) struct Options {
    pub(super) transforms: Vec<Value>,
    pub(super) overlays: Vec<OverlaySource>,
    pub(super) output: Output,
    /// Whether the request's credentials are sent to the source.
    pub(super) share_credentials: bool,
    pub(super) warnings: Vec<String>,
}

/// The source of an overlay.
#[derive(Debug, PartialEq)]
pub(super) enum OverlaySource {
    /// The picture at this URL.
    Url(String),
    /// A text, as JSON of the binding.
    Text(String),
}

impl Options {
    pub(super) fn parse(options: &Map<String, Value>) -> Result<Self, DeliveryError> {
        let mut rest = RemainingKeys::new(options);
        let mut transforms = Vec::new();
        if let Some(transform) = rest.step(TRANSFORM, IMAGE_INDEX, 0) {
            transforms.push(transform);
        }
        let output = output(&mut rest)?;
        let auth: Option<OriginAuth> = rest.word("origin-auth")?;
        let entries = match rest.take("draw") {
            None => &[][..],
            Some(Value::Array(entries)) if entries.len() <= MAX_OVERLAYS => entries,
            Some(Value::Array(_)) => {
                return Err(bad(
                    "draw",
                    &format!("has more than {MAX_OVERLAYS} entries"),
                ));
            }
            Some(_) => return Err(bad("draw", "must be an array")),
        };
        let mut warnings = rest.unknown("");
        let mut overlays = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("draw[{index}]");
            let entry = entry
                .as_object()
                .ok_or_else(|| bad(&place, "must be an object"))?;
            let mut rest = RemainingKeys::new(entry);
            overlays.push(overlay_source(&mut rest, &place)?);
            let number = overlays.len();
            let shares = SHARES.map(|(side, share)| Some((share, rest.fraction(side)?)));
            let mut transform = rest.step(TRANSFORM, IMAGE_INDEX, number);
            for (share, fraction) in shares.into_iter().flatten() {
                let alone = || serde_json::json!({IMAGE_INDEX: number});
                transform.get_or_insert_with(alone)[share] = fraction.clone();
            }
            transforms.extend(transform);
            let mut draw = rest.step(DRAW, DRAW_IMAGE_INDEX, number);
            let draw = draw.get_or_insert_with(|| serde_json::json!({DRAW_IMAGE_INDEX: number}));
            draw[TARGET_IMAGE_INDEX] = 0.into();
            transforms.push(draw.take());
            warnings.extend(rest.unknown(&format!("{place}.")));
        }
        Ok(Self {
            transforms,
            overlays,
            output,
            share_credentials: auth == Some(OriginAuth::SharePublicly),
            warnings,
        })
    }
}

/// The keys of an object that have not been taken yet. A key with the value `null` counts as absent.
struct RemainingKeys<'a>(Vec<(&'a str, &'a Value)>);

impl<'a> RemainingKeys<'a> {
    fn new(object: &'a Map<String, Value>) -> Self {
        let given = object.iter().filter(|(_, value)| !value.is_null());
        Self(given.map(|(key, value)| (key.as_str(), value)).collect())
    }

    fn take(&mut self, key: &str) -> Option<&'a Value> {
        let at = self.0.iter().position(|(known, _)| *known == key)?;
        Some(self.0.remove(at).1)
    }

    /// Takes a number between 0 and 1, and leaves every other value.
    fn fraction(&mut self, key: &str) -> Option<&'a Value> {
        let (_, value) = self.0.iter().find(|(known, _)| *known == key)?;
        let is_one = value.as_f64().is_some_and(|part| part > 0.0 && part < 1.0);
        is_one.then(|| self.take(key)).flatten()
    }

    fn text(&mut self, key: &str) -> Result<Option<&'a str>, DeliveryError> {
        let text = self
            .take(key)
            .map(|value| value.as_str().ok_or_else(|| bad(key, "must be a string")));
        text.transpose()
    }

    fn word<T: FromStr<Err = UnknownWordError>>(
        &mut self,
        key: &str,
    ) -> Result<Option<T>, DeliveryError> {
        let word = self.text(key)?.map(str::parse);
        word.transpose()
            .map_err(|error: UnknownWordError| bad(key, &error.to_string()))
    }

    /// Takes all of `keys` as one element of the `transforms` array, for the image of this number.
    fn step(&mut self, keys: &[&str], index: &str, number: usize) -> Option<Value> {
        let mut step = Map::new();
        for key in keys {
            if let Some(value) = self.take(key) {
                step.insert((*key).to_owned(), value.clone());
            }
        }
        if step.is_empty() {
            return None;
        }
        step.insert(index.to_owned(), number.into());
        Some(Value::Object(step))
    }

    fn unknown(self, place: &str) -> Vec<String> {
        let warning = |(key, _): (&str, &Value)| {
            let key: String = key.chars().take(32).collect();
            format!("the option {place}{key} is unknown and was ignored")
        };
        self.0.into_iter().map(warning).collect()
    }
}

fn output(rest: &mut RemainingKeys<'_>) -> Result<Output, DeliveryError> {
    let format = match rest.text("format")? {
        Some(name) => Format::from_name(name)
            .ok_or_else(|| bad("format", &format!("must be one of {}", Format::NAMES)))?,
        None => Format::Source,
    };
    let quality = match rest.take("quality") {
        None => None,
        Some(Value::Number(number)) => number.as_f64().map(Quality::Number),
        Some(Value::String(name)) => {
            let name: NamedQuality = name
                .parse()
                .map_err(|error: UnknownWordError| bad("quality", &error.to_string()))?;
            Some(Quality::Named(name))
        }
        Some(_) => return Err(bad("quality", "must be a number or a name")),
    };
    let anim = match rest.take("anim") {
        None => None,
        Some(Value::Bool(anim)) => Some(*anim),
        Some(_) => return Err(bad("anim", "must be true or false")),
    };
    Ok(Output {
        quality,
        anim,
        metadata: rest.word("metadata")?,
        fast: rest.word("compression")? == Some(Compression::Fast),
        ..Output::new(format)
    })
}

/// Takes `url` or `text`; both together are an error.
fn overlay_source(
    rest: &mut RemainingKeys<'_>,
    place: &str,
) -> Result<OverlaySource, DeliveryError> {
    match (rest.take("url"), rest.take("text")) {
        (Some(Value::String(url)), None) => Ok(OverlaySource::Url(url.clone())),
        (None, Some(Value::Object(text))) => {
            let mut text = text.clone();
            if let Some(content) = text.remove("content") {
                text.entry("text").or_insert(content);
            }
            Ok(OverlaySource::Text(Value::Object(text).to_string()))
        }
        (Some(_), None) => Err(bad(&format!("{place}.url"), "must be a string")),
        (None, Some(_)) => Err(bad(&format!("{place}.text"), "must be an object")),
        (_, _) => Err(bad(place, "must have either url or text")),
    }
}

fn bad(key: &str, rule: &str) -> DeliveryError {
    DeliveryError::new(ErrorKind::BadOptions, format!("cf.image.{key} {rule}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Options, OverlaySource};
    use crate::error::DeliveryError;

    fn read(options: &Value) -> Result<Options, DeliveryError> {
        Options::parse(options.as_object().unwrap())
    }

    #[test]
    fn overlays_are_changed_and_then_drawn_in_their_order() {
        let options = read(&json!({
            "width": 800,
            "format": "webp",
            "quality": 40,
            "draw": [
                {"url": "https://a.test/1", "width": 40, "opacity": 0.5, "bottom": 3},
                {"url": "https://a.test/2"},
                {"text": {"content": "hi", "font": {"url": "https://a.test/f"}}, "rotate": 90},
            ],
        }))
        .unwrap();
        assert_eq!(
            Value::Array(options.transforms),
            json!([
                {"width": 800, "imageIndex": 0},
                {"width": 40, "imageIndex": 1},
                {"opacity": 0.5, "bottom": 3, "drawImageIndex": 1, "targetImageIndex": 0},
                {"drawImageIndex": 2, "targetImageIndex": 0},
                {"rotate": 90, "imageIndex": 3},
                {"drawImageIndex": 3, "targetImageIndex": 0},
            ])
        );
        let text = r#"{"font":{"url":"https://a.test/f"},"text":"hi"}"#;
        assert_eq!(
            options.overlays,
            [
                OverlaySource::Url("https://a.test/1".into()),
                OverlaySource::Url("https://a.test/2".into()),
                OverlaySource::Text(text.into())
            ]
        );
        let parts = options.output.parts();
        let parts: Vec<_> = parts
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(parts, ["output_format=image/webp", "output_quality=40"]);
    }

    #[test]
    fn a_size_below_one_is_a_fraction_of_the_base() {
        let draw = json!([{"url": "a", "width": 0.5, "height": 7}, {"url": "b", "height": 0.25}]);
        let options = read(&json!({"draw": draw})).unwrap();
        assert_eq!(
            Value::Array(options.transforms),
            json!([
                {"height": 7, "safelight_width": 0.5, "imageIndex": 1},
                {"drawImageIndex": 1, "targetImageIndex": 0},
                {"safelight_height": 0.25, "imageIndex": 2},
                {"drawImageIndex": 2, "targetImageIndex": 0},
            ])
        );
    }

    #[test]
    fn an_impossible_option_is_9401_and_is_named() {
        for (options, named) in [
            (json!({"format": "jpg"}), "format"),
            (json!({"format": 7}), "format"),
            (json!({"quality": "best"}), "quality"),
            (json!({"quality": []}), "quality"),
            (json!({"anim": "yes"}), "anim"),
            (json!({"metadata": "all"}), "metadata"),
            (json!({"compression": "slow"}), "compression"),
            (json!({"origin-auth": "yes"}), "origin-auth"),
            (json!({"draw": {}}), "draw"),
            (json!({"draw": [7]}), "draw[0]"),
            (json!({"draw": [{}]}), "draw[0]"),
            (json!({"draw": [{"url": 7}]}), "draw[0].url"),
            (json!({"draw": [{"url": "a", "text": {}}]}), "draw[0]"),
            (json!({"draw": [{"text": "a"}]}), "draw[0].text"),
            (json!({"draw": vec![json!({"url": "a"}); 33]}), "draw"),
        ] {
            let error = read(&options).unwrap_err();
            assert_eq!(error.kind.number(), 9401, "{options}");
            assert!(
                error.text.contains(&format!("cf.image.{named} ")),
                "{}",
                error.text
            );
        }
    }

    #[test]
    fn an_unknown_option_is_ignored_with_a_warning_and_null_without() {
        let options = read(&json!({
            "onerror": "redirect",
            "width": null,
            "draw": [{"url": "a", "shadow": 1}],
        }))
        .unwrap();
        assert_eq!(
            options.warnings,
            [
                "the option onerror is unknown and was ignored",
                "the option draw[0].shadow is unknown and was ignored"
            ]
        );
        assert_eq!(options.transforms.len(), 1);
        assert!(!options.share_credentials);
        let shared = read(&json!({"origin-auth": "share-publicly"})).unwrap();
        assert!(shared.share_credentials);
    }
}
