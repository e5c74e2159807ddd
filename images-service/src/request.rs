//! Parses a form into one typed request, in which every option is checked.

mod border;
mod color;
mod draw;
mod extension;
mod gravity;
mod output;
mod steps;
mod text;
mod transform;
mod trim;
mod value;
mod warnings;

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::value::OptionValue;
pub(crate) use self::warnings::Warnings;
use crate::{
    error::ServiceError,
    form::{Source, TransformForm},
    options::{Extension, FontUrl, ImageSource, Output, Step},
};

/// The limits of the contents of a request.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RequestLimits {
    /// The number of elements of one `transforms` array.
    pub steps: usize,
    /// The number of Unicode scalar values of one text.
    pub characters: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            steps: 256,
            characters: 1_000,
        }
    }
}

/// A `/transform` request with checked options. Its pixels are unchecked, and its fonts are until they are fetched.
#[derive(Clone, Debug)]
pub struct TransformRequest<F = Bytes> {
    /// The images: the base is image 0, the overlays follow in the order of the form.
    pub images: Vec<ImageSource<F>>,
    /// The steps in the order in which they are done. Every index is in range of `images`.
    pub steps: Vec<Step>,
    /// The options of the result.
    pub output: Output,
    /// The options that the binding does not have.
    pub extension: Extension,
}

impl TransformRequest<FontUrl> {
    /// Parses a whole form, so that no pixel is decoded for a request that cannot be done.
    ///
    /// # Errors
    /// When an option is wrong or not supported; the error names it.
    pub(crate) fn parse(
        form: TransformForm,
        limits: &RequestLimits,
    ) -> Result<(Self, Warnings), ServiceError> {
        let mut warnings = Warnings::default();
        let output = output::parse(&form)?;
        let extension = extension::parse(&form.extension)?;
        let images = std::iter::once(form.base)
            .chain(form.overlays)
            .enumerate()
            .map(|(index, source)| match source {
                Source::Image(bytes) => Ok(ImageSource::Encoded(bytes)),
                Source::Text(json) => text::parse(index, &json, limits.characters, &mut warnings)
                    .map(ImageSource::Text),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let steps = steps::parse(&form.transforms, images.len(), limits.steps, &mut warnings)?;
        let request = Self {
            images,
            steps,
            output,
            extension,
        };
        Ok((request, warnings))
    }

    /// Returns the URLs of the fonts, each once.
    pub(crate) fn font_urls(&self) -> Vec<FontUrl> {
        let mut urls: Vec<FontUrl> = Vec::new();
        for url in self.images.iter().filter_map(text::font_url) {
            if !urls.contains(url) {
                urls.push(url.clone());
            }
        }
        urls
    }

    /// Returns the same request with its fonts.
    ///
    /// # Errors
    /// When one of them is not among `fonts`.
    pub(crate) fn with_fonts(
        self,
        fonts: &HashMap<FontUrl, Bytes>,
    ) -> Result<TransformRequest, ServiceError> {
        let images = self.images.into_iter();
        let images = images.map(|image| text::with_font(image, fonts));
        Ok(TransformRequest {
            images: images.collect::<Result<_, _>>()?,
            steps: self.steps,
            output: self.output,
            extension: self.extension,
        })
    }
}

/// Iterates over the options of one element of the array. Options that are `null`, and the indices of its kind, are
/// left out.
fn given_options<'a>(
    element: usize,
    keys: &'a Map<String, Value>,
    indices: &'static [&'static str],
) -> impl Iterator<Item = OptionValue<'a>> {
    keys.iter()
        .filter(move |(key, value)| !value.is_null() && !indices.contains(&key.as_str()))
        .map(move |(key, value)| OptionValue {
            element,
            key,
            value,
        })
}
