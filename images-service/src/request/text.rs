//! The JSON of a text: its characters, its font, its size and its colour.

use std::{collections::HashMap, fmt};

use bytes::Bytes;
use safelight_outgoing::target::Target;
use safelight_protocol::{ErrorCode, form};
use serde_json::{Map, Value};

use super::{color, warnings::Warnings};
use crate::{
    error::ServiceError,
    options::{Color, FontUrl, ImageSource, Text},
};

/// Parses the JSON of a text, image number `image` of the form.
pub(super) fn parse(
    image: usize,
    json: &[u8],
    max_characters: usize,
    warnings: &mut Warnings,
) -> Result<Text<FontUrl>, ServiceError> {
    let part = Part { image };
    let keys: Map<String, Value> =
        serde_json::from_slice(json).map_err(|error| part.malformed(error))?;
    let (mut content, mut font) = (None, None);
    let mut size = DEFAULT_SIZE;
    let mut ink = Color::BLACK;
    for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
        match key.as_str() {
            "text" => content = Some(part.content(value, max_characters)?),
            "font" => font = Some(part.font(value, warnings)?),
            "size" => size = part.size(value)?,
            "color" => ink = part.color(value)?,
            unknown => warnings.ignored_option("text()", unknown),
        }
    }
    Ok(Text {
        content: content.ok_or_else(|| part.error("text is missing"))?,
        font: font.ok_or_else(|| part.error("font is missing"))?,
        size,
        color: ink,
    })
}

/// Returns the URL of an image's font, if the image is a text.
pub(super) fn font_url(image: &ImageSource<FontUrl>) -> Option<&FontUrl> {
    match image {
        ImageSource::Encoded(_) => None,
        ImageSource::Text(text) => Some(&text.font),
    }
}

/// Returns the same image with the bytes of its font.
///
/// # Errors
/// When the font is not among `fonts`.
pub(super) fn with_font(
    image: ImageSource<FontUrl>,
    fonts: &HashMap<FontUrl, Bytes>,
) -> Result<ImageSource, ServiceError> {
    let text = match image {
        ImageSource::Encoded(bytes) => return Ok(ImageSource::Encoded(bytes)),
        ImageSource::Text(text) => text,
    };
    let Some(font) = fonts.get(&text.font).cloned() else {
        let lost = format!("the font at {} was not fetched", text.font);
        return Err(ServiceError::new(ErrorCode::Internal, lost));
    };
    Ok(ImageSource::Text(Text {
        content: text.content,
        font,
        size: text.size,
        color: text.color,
    }))
}

/// The platform's default size in pixels.
const DEFAULT_SIZE: f32 = 12.0;

/// The part of the form that has the text, for messages.
#[derive(Clone, Copy)]
struct Part {
    image: usize,
}

impl Part {
    fn content(self, value: &Value, max_characters: usize) -> Result<String, ServiceError> {
        let content = self.string("text", value)?;
        if content.is_empty() {
            return Err(self.error("text must not be empty"));
        }
        if content.chars().nth(max_characters).is_some() {
            let text = format_args!("text has more than {max_characters} characters");
            return Err(self.error(text));
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
        Ok(FontUrl::new(url))
    }

    fn size(self, value: &Value) -> Result<f32, ServiceError> {
        let size = value
            .as_f64()
            .ok_or_else(|| self.error("size must be a number"))?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a number beyond f32 becomes 0 or infinite, and is refused"
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

    fn error(self, problem: impl fmt::Display) -> ServiceError {
        ServiceError::new(ErrorCode::BadRequest, format!("{self}: {problem}"))
    }

    fn malformed(self, problem: impl fmt::Display) -> ServiceError {
        let text = format!("{self} is not a JSON object: {problem}");
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
