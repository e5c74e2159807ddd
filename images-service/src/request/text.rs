//! Text as an image: its characters, its font, its size and its colour.

use std::{collections::HashMap, fmt};

use bytes::Bytes;
use safelight_outgoing::target::Target;
use safelight_protocol::{ErrorCode, form};
use serde_json::{Map, Value};

use super::{Color, color, warnings::Warnings};
use crate::{error::ServiceError, text::TextLimits};

/// Where an image comes from. A font is the bytes of its file, once these are there.
#[derive(Clone, Debug)]
pub enum ImageSource<F = Bytes> {
    /// An encoded image.
    Encoded(Bytes),
    /// A text to be drawn.
    Text(Text<F>),
}

/// A text and how it is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Text<F = Bytes> {
    /// What is written; never empty.
    pub content: String,
    /// The font.
    pub font: F,
    /// Pixels of the font's em, above 0.
    pub size: f32,
    /// Colour of the ink.
    pub color: Color,
}

/// The address of a font, which may be asked for as far as its text tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FontUrl(String);

impl FontUrl {
    #[cfg(test)]
    pub(crate) fn of_test(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// The URL as the caller wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FontUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(200) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(&self.0),
        }
    }
}

impl ImageSource<FontUrl> {
    /// The address of the font, if it is a text.
    pub(super) fn font_url(&self) -> Option<&FontUrl> {
        match self {
            Self::Encoded(_) => None,
            Self::Text(text) => Some(&text.font),
        }
    }

    /// The same with its font's bytes.
    ///
    /// # Errors
    /// When they are not among `fonts`.
    pub(super) fn with_font(
        self,
        fonts: &HashMap<FontUrl, Bytes>,
    ) -> Result<ImageSource, ServiceError> {
        let text = match self {
            Self::Encoded(bytes) => return Ok(ImageSource::Encoded(bytes)),
            Self::Text(text) => text,
        };
        let Some(font) = fonts.get(&text.font).cloned() else {
            let lost = format!("nobody fetched the font at {}", text.font);
            return Err(ServiceError::new(ErrorCode::Internal, lost));
        };
        Ok(ImageSource::Text(Text {
            content: text.content,
            font,
            size: text.size,
            color: text.color,
        }))
    }
}

impl Text<FontUrl> {
    /// Checks the JSON of a text, image number `image` of the form.
    pub(super) fn parse(
        image: usize,
        json: &[u8],
        limits: &TextLimits,
        warnings: &mut Warnings,
    ) -> Result<Self, ServiceError> {
        let part = Part { image };
        let keys: Map<String, Value> =
            serde_json::from_slice(json).map_err(|error| part.malformed(error))?;
        let (mut content, mut font) = (None, None);
        let mut size = DEFAULT_SIZE;
        let mut ink = BLACK;
        for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
            match key.as_str() {
                "text" => content = Some(part.content(value, limits)?),
                "font" => font = Some(part.font(value, warnings)?),
                "size" => size = part.size(value)?,
                "color" => ink = part.color(value)?,
                unknown => warnings.ignored_option("text()", unknown),
            }
        }
        Ok(Self {
            content: content.ok_or_else(|| part.error("text is missing"))?,
            font: font.ok_or_else(|| part.error("font is missing"))?,
            size,
            color: ink,
        })
    }
}

/// The platform's default, in pixels.
const DEFAULT_SIZE: f32 = 12.0;
/// The platform's default.
const BLACK: Color = Color {
    r: 0,
    g: 0,
    b: 0,
    a: 255,
};

/// The part of the form that the text stands in, for messages.
#[derive(Clone, Copy)]
struct Part {
    image: usize,
}

impl Part {
    fn content(self, value: &Value, limits: &TextLimits) -> Result<String, ServiceError> {
        let content = self.string("text", value)?;
        if content.is_empty() {
            return Err(self.error("text must not be empty"));
        }
        if content.chars().nth(limits.characters).is_some() {
            let most = limits.characters;
            return Err(self.error(format_args!("text has more than {most} characters")));
        }
        Ok(content.to_owned())
    }

    fn font(self, value: &Value, warnings: &mut Warnings) -> Result<FontUrl, ServiceError> {
        let keys = value
            .as_object()
            .ok_or_else(|| self.error("font must be an object with a url"))?;
        let mut url = None;
        for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
            match key.as_str() {
                "url" => url = Some(self.string("font.url", value)?),
                unknown => warnings.ignored_option("text()", &format!("font.{unknown}")),
            }
        }
        let url = url.ok_or_else(|| self.error("font.url is missing"))?;
        Target::parse(url).map_err(|error| self.error(format_args!("font.url: {error}")))?;
        Ok(FontUrl(url.to_owned()))
    }

    fn size(self, value: &Value) -> Result<f32, ServiceError> {
        let size = value
            .as_f64()
            .ok_or_else(|| self.error("size must be a number"))?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what no f32 holds is nothing or beyond every box, and refused as such"
        )]
        let size = size as f32;
        if size > 0.0 && size.is_finite() {
            Ok(size)
        } else {
            Err(self.error("size must be a number of pixels above 0"))
        }
    }

    fn color(self, value: &Value) -> Result<Color, ServiceError> {
        color::parse(self.string("color", value)?)
            .ok_or_else(|| self.error("color must be a CSS colour"))
    }

    fn string<'a>(self, key: &str, value: &'a Value) -> Result<&'a str, ServiceError> {
        value
            .as_str()
            .ok_or_else(|| self.error(format_args!("{key} must be a string")))
    }

    fn error(self, fault: impl fmt::Display) -> ServiceError {
        ServiceError::new(ErrorCode::BadRequest, format!("{self}: {fault}"))
    }

    fn malformed(self, fault: impl fmt::Display) -> ServiceError {
        let text = format!("{self} is not a JSON object: {fault}");
        ServiceError::new(ErrorCode::MalformedRequest, text)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.image {
            0 => f.write_str(form::TEXT_INPUT),
            image => write!(f, "{} of image {image}", form::DRAW_TEXT),
        }
    }
}
