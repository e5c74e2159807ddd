//! Pairs to checked values: what a URL may ask for.

mod transform;
mod trim;

use std::str::FromStr;

use safelight_protocol::{Fit, Flip, NamedQuality, Quality, Segment, UnknownWordError, Upscale};
use serde_json::{Map, Value};

use super::hints::AutoWidth;
use super::pairs::{Pairs, number};
use crate::failure::{Code, Failure};
use crate::output::{Format, Output};

/// Everything that a URL may say.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// One `transform()` as the binding has it; what it says of colours is left to the images process to check.
    pub transform: Map<String, Value>,
    pub output: Output,
    /// `width=auto`.
    pub auto_width: Option<AutoWidth>,
    /// The quality for slow connections.
    pub slow_quality: Option<Quality>,
    /// What was ignored, or done otherwise than asked.
    pub warnings: Vec<String>,
}

impl Options {
    /// Reads the options of a URL.
    ///
    /// # Errors
    /// When one of them cannot be.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let mut pairs = Pairs::read(text)?;
        let auto_width = auto_width(&mut pairs)?;
        let mut transform = transform::read(&mut pairs)?;
        words(&mut pairs, &mut transform)?;
        if let Some(trim) = trim::read(&mut pairs)? {
            transform.insert("trim".into(), trim);
        }
        if let Some(onerror) = pairs.take("onerror")
            && onerror != "redirect"
        {
            return Err(refused("onerror", "must be redirect"));
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

/// Whether an error is to be answered with the way to the source, even if the other options are wrong.
pub fn redirects_on_error(text: &str) -> bool {
    let first = text
        .split(',')
        .filter_map(|option| option.split_once('='))
        .find(|(key, _)| *key == "onerror");
    first.is_some_and(|(_, value)| value == "redirect")
}

fn refused(key: &str, fault: &str) -> Failure {
    Failure::new(Code::BadOptions, format!("{key} {fault}"))
}

/// One word of a closed set.
fn word<T: FromStr<Err = UnknownWordError>>(
    pairs: &mut Pairs,
    key: &str,
) -> Result<Option<T>, Failure> {
    let word = pairs.take(key).map(|word| word.parse());
    word.transpose()
        .map_err(|error: UnknownWordError| refused(key, &error.to_string()))
}

fn words(pairs: &mut Pairs, transform: &mut Map<String, Value>) -> Result<(), Failure> {
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

fn auto_width(pairs: &mut Pairs) -> Result<Option<AutoWidth>, Failure> {
    let is_auto = pairs.take_if("width", |value| value == "auto");
    for key in ["wbreakpoints", "wmobile", "wdesktop"] {
        if !is_auto && pairs.take(key).is_some() {
            pairs.warn(format!("{key} is for width=auto and was ignored"));
        }
    }
    let mut auto = AutoWidth::default();
    if let Some(list) = pairs.take("wbreakpoints") {
        let widths: Option<Vec<u32>> = list.split(';').map(whole).collect();
        auto.breakpoints = widths
            .filter(|widths| widths.len() <= AutoWidth::MOST_BREAKPOINTS)
            .ok_or_else(|| {
                refused(
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
            *width = whole(&pixels.round().to_string())
                .ok_or_else(|| refused(key, "must be a width in pixels"))?;
        }
    }
    Ok(is_auto.then_some(auto))
}

/// A width in whole pixels, at least 1.
fn whole(text: &str) -> Option<u32> {
    text.parse().ok().filter(|width| *width >= 1)
}

fn output(pairs: &mut Pairs) -> Result<Output, Failure> {
    let format = match pairs.take("format") {
        Some(name) => Format::named(&name)
            .ok_or_else(|| refused("format", &format!("must be one of {}", Format::NAMES)))?,
        None => Format::Source,
    };
    let anim = match pairs.take("anim").as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(refused("anim", "must be true or false")),
        None => None,
    };
    let fast = match pairs.take("compression").as_deref() {
        Some("fast") => true,
        Some(_) => return Err(refused("compression", "must be fast")),
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

/// A number, which the images process rounds and moves into 1 to 100, or a level by name.
fn quality(pairs: &mut Pairs, key: &str) -> Result<Option<Quality>, Failure> {
    let Some(text) = pairs.take(key) else {
        return Ok(None);
    };
    if let Some(number) = number(&text) {
        return Ok(Some(Quality::Number(number)));
    }
    let name: NamedQuality = text
        .parse()
        .map_err(|error| refused(key, &format!("must be a number from 1 to 100 or {error}")))?;
    Ok(Some(Quality::Named(name)))
}

#[cfg(test)]
mod tests;
