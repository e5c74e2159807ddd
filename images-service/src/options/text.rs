//! The source of an image: an encoded file, or a text with its font, size and colour.

use std::fmt;

use bytes::Bytes;

use super::Color;

/// The source of an image. A font is its URL until its file is fetched.
#[derive(Clone, Debug)]
pub enum ImageSource<F = Bytes> {
    /// An encoded image.
    Encoded(Bytes),
    /// A text to be drawn.
    Text(Text<F>),
}

/// A text, and the way it is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Text<F = Bytes> {
    /// The characters; never empty.
    pub content: String,
    /// The font.
    pub font: F,
    /// The size of the font's em in pixels, above 0.
    pub size: f32,
    /// The colour of the text.
    pub color: Color,
}

/// The URL of a font, of which the text alone has been checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FontUrl(String);

impl FontUrl {
    /// Creates a URL whose text has been checked.
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// Returns the URL as the caller wrote it.
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
