//! Parses the options of a URL into checked values.

mod transform;
mod trim;

use std::str::FromStr;

use safelight_protocol::{Fit, Flip, NamedQuality, Quality, Segment, UnknownWordError, Upscale};
use serde_json::{Map, Value};

use super::client_hints::AutoWidth;
use super::pairs::{OptionPairs, number};
use crate::error::{DeliveryError, ErrorKind};
use crate::output::{Format, Output};

/// The options of a URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// One `transform()` of the binding. The images process checks its colours.
    pub transform: Map<String, Value>,
    pub output: Output,
    /// `width=auto`.
    pub auto_width: Option<AutoWidth>,
    /// `slow-connection-quality`.
    pub slow_quality: Option<Quality>,
    /// Warnings about options that were ignored or changed.
    pub warnings: Vec<String>,
}

impl Options {
    /// Parses the options of a URL.
    ///
    /// # Errors
    /// When an option has an invalid value.
    pub fn parse(text: &str) -> Result<Self, DeliveryError> {
        let mut pairs = OptionPairs::parse(text)?;
        let auto_width = auto_width(&mut pairs)?;
        let mut transform = transform::read(&mut pairs)?;
        words(&mut pairs, &mut transform)?;
        if let Some(trim) = trim::read(&mut pairs)? {
            transform.insert("trim".into(), trim);
        }
        if let Some(onerror) = pairs.take("onerror")
            && onerror != "redirect"
        {
            return Err(invalid("onerror", "must be redirect"));
        }
        let slow_quality = quality(&mut pairs, "slow-connection-quality")?;
        let output = output(&mut pairs)?;
        if pairs.take("border").is_some() {
            pairs.warn("border is not available in URLs and was ignored".into());
        }
        Ok(Self {
            transform,
            output,
            auto_width,
            slow_quality,
            warnings: pairs.finish(),
        })
    }
}

/// Whether an error is answered with a redirect to the source. The other options may be invalid.
pub fn redirects_on_error(text: &str) -> bool {
    let first = text
        .split(',')
        .filter_map(|option| option.split_once('='))
        .find(|(key, _)| *key == "onerror");
    first.is_some_and(|(_, value)| value == "redirect")
}

fn invalid(key: &str, rule: &str) -> DeliveryError {
    DeliveryError::new(ErrorKind::BadOptions, format!("{key} {rule}"))
}

/// Takes a word of a closed set.
fn word<T: FromStr<Err = UnknownWordError>>(
    pairs: &mut OptionPairs,
    key: &str,
) -> Result<Option<T>, DeliveryError> {
    let word = pairs.take(key).map(|word| word.parse());
    word.transpose()
        .map_err(|error: UnknownWordError| invalid(key, &error.to_string()))
}

fn words(pairs: &mut OptionPairs, transform: &mut Map<String, Value>) -> Result<(), DeliveryError> {
    let words = [
        ("fit", word::<Fit>(pairs, "fit")?.map(Fit::as_str)),
        ("flip", word::<Flip>(pairs, "flip")?.map(Flip::as_str)),
        (
            "segment",
            word::<Segment>(pairs, "segment")?.map(Segment::as_str),
        ),
        (
            "upscale",
            word::<Upscale>(pairs, "upscale")?.map(Upscale::as_str),
        ),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            transform.insert(key.into(), word.into());
        }
    }
    Ok(())
}

fn auto_width(pairs: &mut OptionPairs) -> Result<Option<AutoWidth>, DeliveryError> {
    let is_auto = pairs.take_if("width", |value| value == "auto");
    for key in ["wbreakpoints", "wmobile", "wdesktop"] {
        if !is_auto && pairs.take(key).is_some() {
            pairs.warn(format!("{key} is for width=auto and was ignored"));
        }
    }
    let mut auto = AutoWidth::default();
    if let Some(list) = pairs.take("wbreakpoints") {
        let widths: Option<Vec<u32>> = list.split(';').map(whole_pixels).collect();
        auto.breakpoints = widths
            .filter(|widths| widths.len() <= AutoWidth::MAX_BREAKPOINTS)
            .ok_or_else(|| {
                invalid(
                    "wbreakpoints",
                    "must be widths with semicolons between them",
                )
            })?;
    }
    for (key, width) in [
        ("wmobile", &mut auto.mobile),
        ("wdesktop", &mut auto.desktop),
    ] {
        if let Some(pixels) = pairs.number(key) {
            *width = whole_pixels(&pixels.round().to_string())
                .ok_or_else(|| invalid(key, "must be a width in pixels"))?;
        }
    }
    Ok(is_auto.then_some(auto))
}

/// Returns a width in whole pixels, at least 1.
fn whole_pixels(text: &str) -> Option<u32> {
    text.parse().ok().filter(|width| *width >= 1)
}

fn output(pairs: &mut OptionPairs) -> Result<Output, DeliveryError> {
    let format = match pairs.take("format") {
        Some(name) => Format::from_name(&name)
            .ok_or_else(|| invalid("format", &format!("must be one of {}", Format::NAMES)))?,
        None => Format::Source,
    };
    let anim = match pairs.take("anim").as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(invalid("anim", "must be true or false")),
        None => None,
    };
    let fast = match pairs.take("compression").as_deref() {
        Some("fast") => true,
        Some(_) => return Err(invalid("compression", "must be fast")),
        None => false,
    };
    Ok(Output {
        quality: quality(pairs, "quality")?,
        anim,
        metadata: word(pairs, "metadata")?,
        fast,
        ..Output::new(format)
    })
}

/// Takes a number, which the images process rounds and clamps to 1 to 100, or a named level.
fn quality(pairs: &mut OptionPairs, key: &str) -> Result<Option<Quality>, DeliveryError> {
    let Some(text) = pairs.take(key) else {
        return Ok(None);
    };
    if let Some(number) = number(&text) {
        return Ok(Some(Quality::Number(number)));
    }
    let name: NamedQuality = text
        .parse()
        .map_err(|error| invalid(key, &format!("must be a number from 1 to 100 or {error}")))?;
    Ok(Some(Quality::Named(name)))
}

#[cfg(test)]
mod tests;
