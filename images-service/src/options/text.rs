//! Where an image comes from: an encoded file, or a text with its font, size and colour.

use std::fmt;

use bytes::Bytes;

use super::Color;

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
    /// A URL whose text has been checked.
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self(url.into())
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
