//! Text that becomes a picture.

use serde_json::{Map, Value, json};

/// Text and how it is set.
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
    /// Text of at most 1,000 characters, in the font (TTF, OTF, WOFF or WOFF2) at an absolute URL, which the
    /// service fetches.
    pub fn new(content: impl Into<String>, font_url: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            font: font_url.into(),
            size: None,
            color: None,
        }
    }

    /// Sets the size in pixels; the service's default is 12.
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
