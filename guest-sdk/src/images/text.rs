//! Text that becomes a picture.

use serde_json::{Map, Value, json};

/// Text and how it is set.
///
/// Every `\n` begins a line; nothing else breaks one. Kerning and ligatures of the font apply, and a right-to-left script is
/// set from right to left. A character that the font lacks is rendered as the font's `.notdef` glyph. The picture is as
/// large as the text, at most 4096x4096 pixels, and transparent around the glyphs.
///
/// [`output`](crate::ImageTransformer::output) fails with code 9410 when the font could not be fetched, and with 9432 when it cannot
/// be used or an option is wrong.
///
/// ```
/// use safelight_sdk::Text;
///
/// let text = Text::new("Hi", "https://fonts.example.com/serif.woff2").size(24).color("#333");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Text {
    content: String,
    font: String,
    size: Option<f64>,
    color: Option<String>,
}

impl Text {
    /// Text of 1 to 1,000 characters, in the font (TTF, OTF, WOFF or WOFF2, of at most 20 MB) at an absolute URL, which the
    /// service fetches. Addresses that are not public have to be listed in the config: `[safelight] allowed_addresses`.
    pub fn new(content: impl Into<String>, font_url: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            font: font_url.into(),
            size: None,
            color: None,
        }
    }

    /// Sets the pixels of the em, above 0; the service's default is 12.
    pub fn size(mut self, pixels: impl Into<f64>) -> Self {
        self.size = Some(pixels.into());
        self
    }

    /// Sets the CSS colour; the service's default is black.
    pub fn color(mut self, color: impl Into<String>) -> Self {
        self.color = Some(color.into());
        self
    }

    /// The content of its part in the form.
    pub(super) fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("text".to_owned(), json!(self.content));
        object.insert("font".to_owned(), json!({ "url": self.font }));
        object.extend(self.size.map(|size| ("size".to_owned(), json!(size))));
        object.extend(
            self.color
                .as_ref()
                .map(|color| ("color".to_owned(), json!(color))),
        );
        Value::Object(object).to_string()
    }
}
