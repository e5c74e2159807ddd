//! The calls of a transformer as one form: the pictures in depth-first order, then the flat list of steps.

use safelight_protocol::{
    ImageOutputOptions, Step,
    form::{self, PART_END},
};

use super::{Drawing, Link, Source};
use crate::{Body, Error, Result};

/// The parts of one request, in order.
#[derive(Debug)]
pub(super) struct Form {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    File { name: &'static str, content: Body },
    Text { name: &'static str, content: String },
}

impl Form {
    /// The form of `/info`.
    pub(super) fn info(image: Body) -> Self {
        Self {
            parts: vec![Part::File {
                name: form::IMAGE,
                content: image,
            }],
        }
    }

    /// The form of `/transform`.
    pub(super) fn transform(base: Drawing, output: &ImageOutputOptions) -> Result<Self> {
        let mut walk = Walk {
            parts: vec![base.source.into_part(form::IMAGE, form::TEXT_INPUT)],
            steps: Vec::new(),
        };
        walk.chain(base.chain, 0);
        let Walk { mut parts, steps } = walk;
        let transforms = serde_json::to_string(&steps).map_err(Error::other)?;
        let ImageOutputOptions {
            format,
            quality,
            background,
            anim,
        } = output;
        let texts = [
            (form::TRANSFORMS, Some(transforms)),
            (form::OUTPUT_FORMAT, Some(format.to_string())),
            (
                form::OUTPUT_QUALITY,
                quality.map(|quality| quality.to_string()),
            ),
            (form::BACKGROUND, background.clone()),
            (form::ANIM, anim.map(|anim| anim.to_string())),
        ];
        let given = |(name, content): (_, Option<String>)| {
            Some(Part::Text {
                name,
                content: content?,
            })
        };
        parts.extend(texts.into_iter().filter_map(given));
        Ok(Self { parts })
    }

    /// Makes the body of the request. Pictures are streamed. A picture that breaks also breaks the form: the closing
    /// boundary comes only after the last part is whole.
    pub(super) fn into_body(self, boundary: &str) -> Body {
        let mut pieces = Vec::new();
        for part in self.parts {
            match part {
                Part::File { name, content } => {
                    pieces.extend([
                        form::file_head(boundary, name).into(),
                        content,
                        PART_END.into(),
                    ]);
                }
                Part::Text { name, content } => {
                    pieces.push(form::string_part(boundary, name, &content).into())
                }
            }
        }
        pieces.push(form::tail(boundary).into());
        Body::join(pieces)
    }
}

impl Source {
    fn into_part(self, image: &'static str, text: &'static str) -> Part {
        match self {
            Self::Image(content) => Part::File {
                name: image,
                content,
            },
            Self::Text(content) => Part::Text {
                name: text,
                content: content.to_json(),
            },
        }
    }
}

/// A walk over the tree of drawings. The index of a picture is its place among the parts.
struct Walk {
    parts: Vec<Part>,
    steps: Vec<Step>,
}

impl Walk {
    /// Appends the steps of the picture `target`. The steps of an overlay precede the step that draws it.
    fn chain(&mut self, chain: Vec<Link>, target: usize) {
        for link in chain {
            match link {
                Link::Transform(options) => self.steps.push(Step::Transform {
                    image: target,
                    options,
                }),
                Link::Draw(Drawing { source, chain }, options) => {
                    let overlay = self.parts.len();
                    self.parts
                        .push(source.into_part(form::DRAW_IMAGE, form::DRAW_TEXT));
                    self.chain(chain, overlay);
                    self.steps.push(Step::Draw {
                        overlay,
                        target,
                        options,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
