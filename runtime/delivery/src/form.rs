//! The multipart form of a request to the images process, which streams the sources.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use safelight_hop::{Body, HopError};
use safelight_protocol::extension::{self, Caller};
use safelight_protocol::form as wire;

use crate::error::DeliveryError;
use crate::request::{Part, TransformRequest};

/// The body of a request to the images process. It ends in an error when a source does.
pub struct Form {
    pieces: VecDeque<Piece>,
    broken: BrokenPart,
}

enum Piece {
    Bytes(Bytes),
    /// The picture with this number.
    Picture(usize, Body),
}

/// The picture that was cut off, and the reason. The form sets it; its clones read it.
#[derive(Clone, Default)]
pub struct BrokenPart(Arc<OnceLock<(usize, String)>>);

impl BrokenPart {
    /// The number of the picture and the reason, if a picture was cut off.
    pub fn get(&self) -> Option<(usize, &str)> {
        self.0.get().map(|(part, why)| (*part, why.as_str()))
    }
}

impl Form {
    /// The form of `/transform`: the caller, then the parts in the order of the platform's own client.
    ///
    /// # Errors
    /// When the steps cannot be serialized.
    pub fn new(
        boundary: &str,
        source: Body,
        request: TransformRequest,
        broken: BrokenPart,
    ) -> Result<Self, DeliveryError> {
        let caller = wire::string_part(boundary, extension::CALLER, Caller::Url.as_str());
        let mut pieces = VecDeque::from([Piece::Bytes(caller.into())]);
        let parts = std::iter::once((wire::IMAGE, Part::Picture(source))).chain(
            request
                .overlays
                .into_iter()
                .map(|part| (wire::DRAW_IMAGE, part)),
        );
        for (number, (name, part)) in parts.enumerate() {
            match part {
                Part::Picture(body) => pieces.extend([
                    Piece::Bytes(wire::file_head(boundary, name).into()),
                    Piece::Picture(number, body),
                    Piece::Bytes(Bytes::from_static(wire::PART_END.as_bytes())),
                ]),
                Part::Text(text) => {
                    let part = wire::string_part(boundary, wire::DRAW_TEXT, &text);
                    pieces.push_back(Piece::Bytes(part.into()));
                }
            }
        }
        let transforms = serde_json::to_string(&request.transforms)
            .map_err(|error| DeliveryError::internal(error.to_string()))?;
        let mut rest = wire::string_part(boundary, wire::TRANSFORMS, &transforms);
        for (name, content) in request.output.parts() {
            rest.push_str(&wire::string_part(boundary, name, &content));
        }
        rest.push_str(&wire::tail(boundary));
        pieces.push_back(Piece::Bytes(rest.into()));
        Ok(Self { pieces, broken })
    }
}

impl http_body::Body for Form {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HopError>>> {
        loop {
            let this = &mut *self;
            let Some(piece) = this.pieces.front_mut() else {
                return Poll::Ready(None);
            };
            let (number, body) = match piece {
                Piece::Bytes(bytes) => {
                    let bytes = std::mem::take(bytes);
                    this.pieces.pop_front();
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Piece::Picture(number, body) => (*number, body),
            };
            match std::task::ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) if frame.is_data() => return Poll::Ready(Some(Ok(frame))),
                // A form has no place for the trailers of a source.
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let _ = this.broken.0.set((number, error.to_string()));
                    this.pieces.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.pieces.pop_front();
                }
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        let exact = self.pieces.iter().try_fold(0_u64, |sum, piece| {
            let bytes = match piece {
                Piece::Bytes(bytes) => bytes.len() as u64,
                Piece::Picture(_, body) => body.size_hint().exact()?,
            };
            sum.checked_add(bytes)
        });
        exact.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::{BodyExt, StreamBody};
    use safelight_hop::body::full;
    use safelight_hop::{Body, HopError};
    use serde_json::json;

    use super::{BrokenPart, Form};
    use crate::output::{Format, Output};
    use crate::request::{Part, TransformRequest};

    fn request(overlays: Vec<Part>) -> TransformRequest {
        TransformRequest {
            transforms: vec![json!({"imageIndex": 0, "width": 8})],
            overlays,
            output: Output::new(Format::Webp),
        }
    }

    #[tokio::test]
    async fn the_form_says_who_asks_and_is_the_one_of_the_platforms_client_otherwise() {
        let overlays = vec![Part::Text("{}".into()), Part::Picture(full("overlay"))];
        let form = Form::new("B", full("base"), request(overlays), BrokenPart::default()).unwrap();
        let length = form.size_hint().exact().unwrap();
        let bytes = form.collect().await.unwrap().to_bytes();
        assert_eq!(bytes.len() as u64, length);
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            concat!(
                "--B\r\ncontent-disposition: form-data; name=\"safelight_caller\"\r\n\r\nurl\r\n",
                "--B\r\ncontent-disposition: form-data; name=\"image\"; filename=\"image\"\r\n\r\nbase\r\n",
                "--B\r\ncontent-disposition: form-data; name=\"draw_text\"\r\n\r\n{}\r\n",
                "--B\r\ncontent-disposition: form-data; name=\"draw_image\"; filename=\"draw_image\"\r\n\r\noverlay\r\n",
                "--B\r\ncontent-disposition: form-data; name=\"transforms\"\r\n\r\n[{\"imageIndex\":0,\"width\":8}]\r\n",
                "--B\r\ncontent-disposition: form-data; name=\"output_format\"\r\n\r\nimage/webp\r\n",
                "--B--\r\n"
            )
        );
    }

    #[tokio::test]
    async fn a_source_that_breaks_off_breaks_the_form_and_is_named() {
        let broken_body: Body = StreamBody::new(futures_util::stream::iter([
            Ok(http_body::Frame::data(bytes::Bytes::from_static(b"half"))),
            Err(HopError::Service("gone".into())),
        ]))
        .boxed_unsync();
        let broken = BrokenPart::default();
        let overlays = vec![Part::Picture(broken_body)];
        let form = Form::new("B", full("base"), request(overlays), broken.clone()).unwrap();
        assert!(form.collect().await.is_err());
        assert_eq!(broken.get(), Some((1, "gone")));
    }
}
