//! The Images binding: describes a picture, or collects steps for a picture and runs them.

mod form;
mod result;
mod service;
mod text;

use safelight_protocol::{
    ImageDrawOptions, ImageInfo, ImageOutputOptions, ImageTransform, error::Call,
};

use crate::{Body, Result};

use form::Form;
pub use result::ImageTransformationResult;
use service::Service;
pub use text::Text;

/// An Images binding, handed out by [`Env::images`](crate::Env::images).
#[derive(Clone, Debug)]
pub struct Images {
    service: Service,
}

impl Images {
    pub(crate) fn new(address: String) -> Self {
        Self {
            service: Service::new(address),
        }
    }

    /// Describes a picture: its MIME type, and its size in bytes and its dimensions in pixels unless it is SVG.
    ///
    /// # Errors
    /// Fails with [`ImagesError`](crate::ImagesError) 9412 when `image` is not a picture, with 9502 when the service cannot be
    /// reached, and with the error of `image` when that breaks.
    pub async fn info(&self, image: impl Into<Body>) -> Result<ImageInfo> {
        let answer = self
            .service
            .call(Call::Info, Form::info(image.into()))
            .await?;
        self.service.info(answer).await
    }

    /// Starts from a picture, of at most 20 MB: a request's body, bytes, anything that is a [`Body`].
    ///
    /// Nothing is sent before [`output`](ImageTransformer::output).
    pub fn input(&self, image: impl Into<Body>) -> ImageTransformer {
        self.start(Source::Image(image.into()))
    }

    /// Starts from text, rendered as a picture of its own size with a transparent background.
    pub fn text(&self, text: Text) -> ImageTransformer {
        self.start(Source::Text(text))
    }

    fn start(&self, source: Source) -> ImageTransformer {
        ImageTransformer {
            service: self.service.clone(),
            drawing: Drawing {
                source,
                chain: Vec::new(),
            },
        }
    }
}

/// Collects the steps for a picture. [`output`](Self::output) sends all of them in one request.
///
/// The service checks the options, so that wrong ones fail in `output`.
///
/// # A transformer is used once
///
/// In JavaScript a transformer that has been output or drawn is *consumed*; using it again is error 9525 at run
/// time. Here `output` and `draw` take it by value, and each use that would be a 9525 does not compile.
///
/// Output twice:
///
/// ```compile_fail,E0382
/// # async fn example(t: safelight_sdk::ImageTransformer, o: safelight_sdk::ImageOutputOptions) -> safelight_sdk::Result<()> {
/// t.output(o.clone()).await?;
/// t.output(o).await?;
/// # Ok(())
/// # }
/// ```
///
/// Output after it was drawn, and drawn twice:
///
/// ```compile_fail,E0382
/// # use safelight_sdk::{ImageDrawOptions, ImageOutputOptions, ImageTransformer};
/// # async fn example(t: ImageTransformer, logo: ImageTransformer, o: ImageOutputOptions) -> safelight_sdk::Result<()> {
/// let t = t.draw(logo, ImageDrawOptions::new());
/// logo.output(o).await?;
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail,E0382
/// # use safelight_sdk::{ImageDrawOptions, ImageTransformer};
/// # fn example(t: ImageTransformer, logo: ImageTransformer) -> ImageTransformer {
/// t.draw(logo, ImageDrawOptions::new()).draw(logo, ImageDrawOptions::new())
/// # }
/// ```
///
/// Drawn onto itself:
///
/// ```compile_fail,E0382
/// # fn example(t: safelight_sdk::ImageTransformer) -> safelight_sdk::ImageTransformer {
/// t.draw(t, safelight_sdk::ImageDrawOptions::new())
/// # }
/// ```
///
/// Steps added to a consumed transformer, which JavaScript accepts without effect, do not compile either.
#[derive(Debug)]
#[must_use = "nothing happens before `output`"]
pub struct ImageTransformer {
    service: Service,
    drawing: Drawing,
}

impl ImageTransformer {
    /// Adds a transformation. The options of one call run in a fixed order, several calls in call order.
    pub fn transform(mut self, options: ImageTransform) -> Self {
        self.drawing.chain.push(Link::Transform(Box::new(options)));
        self
    }

    /// Draws a picture, or the result of another transformer, onto the result of the steps so far.
    pub fn draw(mut self, overlay: impl Into<Drawing>, options: ImageDrawOptions) -> Self {
        self.drawing.chain.push(Link::Draw(overlay.into(), options));
        self
    }

    /// Runs all steps in one request, and returns as soon as the head of the answer is there.
    ///
    /// Inputs are streamed: the worker never holds a whole request body that is an input.
    ///
    /// # Errors
    /// Fails with [`ImagesError`](crate::ImagesError), such as 9432 for a wrong option, 9412 for an input that is not a picture and
    /// 9502 when the service cannot be reached, and with the error of an input that breaks.
    pub async fn output(self, options: ImageOutputOptions) -> Result<ImageTransformationResult> {
        let form = Form::transform(self.drawing, &options)?;
        let answer = self.service.call(Call::Transform, form).await?;
        ImageTransformationResult::new(answer)
    }
}

/// An overlay: bytes, a [`Body`], or an [`ImageTransformer`] with all its steps.
#[derive(Debug)]
pub struct Drawing {
    source: Source,
    chain: Vec<Link>,
}

#[derive(Debug)]
enum Source {
    Image(Body),
    Text(Text),
}

/// One call on a transformer.
#[derive(Debug)]
enum Link {
    Transform(Box<ImageTransform>),
    Draw(Drawing, ImageDrawOptions),
}

impl From<ImageTransformer> for Drawing {
    fn from(transformer: ImageTransformer) -> Self {
        transformer.drawing
    }
}

impl<B: Into<Body>> From<B> for Drawing {
    fn from(image: B) -> Self {
        Self {
            source: Source::Image(image.into()),
            chain: Vec::new(),
        }
    }
}
