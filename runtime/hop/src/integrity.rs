//! The layer that verifies every answer: its length against Content-Length, its bytes against Repr-Digest.
//!
//! The last piece of a body is held back until the checksum of the whole is known to be right, because a client that
//! has received Content-Length bytes takes the body for complete, whatever happens next.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use crc_fast::{CrcAlgorithm, Digest};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, StatusCode};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use safelight_protocol::digest;

use crate::body::{Answer, Body};
use crate::call::Call;
use crate::error::{HopError, IntegrityError, IntegrityErrorKind};
use crate::head::{content_length, is_bodiless};

/// Makes a call and verifies its answer.
pub async fn verify<F: Future<Output = Answer>>(
    call: Call,
    next: impl FnOnce(Call) -> F,
) -> Answer {
    let hop = call.context.hop.clone();
    let method = call.request.method().clone();
    let response = next(call).await?;
    if is_bodiless(&method, response.status()) {
        return Ok(response);
    }
    let mut expected = Expected::read(response.headers(), &hop)?;
    if response.status() == StatusCode::PARTIAL_CONTENT {
        // The digest covers the whole representation, and this answer holds a part of it.
        expected.crc32c = None;
    }
    Ok(response.map(|body| VerifiedBody::new(body, expected, hop).boxed_unsync()))
}

/// The length and digest that the head of an answer promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Expected {
    length: Option<u64>,
    crc32c: Option<u32>,
}

impl Expected {
    fn read(headers: &HeaderMap, hop: &Arc<str>) -> Result<Self, HopError> {
        let malformed = |header| HopError::MalformedHead {
            hop: hop.clone(),
            header,
        };
        let length = content_length(headers).map_err(|_| malformed(CONTENT_LENGTH))?;
        let digest = headers.get(digest::REPR_DIGEST).map(|value| {
            value
                .to_str()
                .map_err(|_| digest::DigestError::Malformed)
                .and_then(digest::parse)
        });
        let crc32c = match digest {
            None | Some(Err(digest::DigestError::NoKnownAlgorithm)) => None,
            Some(Ok(crc32c)) => Some(crc32c),
            Some(Err(digest::DigestError::Malformed)) => {
                return Err(malformed(HeaderName::from_static(digest::REPR_DIGEST)));
            }
        };
        Ok(Self { length, crc32c })
    }
}

/// A body that is verified against its head.
struct VerifiedBody {
    inner: Body,
    hop: Arc<str>,
    expected: Expected,
    received: u64,
    /// The CRC-32C of the bytes so far, which the crate calls CRC-32/ISCSI.
    digest: Digest,
    failed: bool,
}

impl VerifiedBody {
    fn new(inner: Body, expected: Expected, hop: Arc<str>) -> Self {
        Self {
            inner,
            hop,
            expected,
            received: 0,
            digest: Digest::new(CrcAlgorithm::Crc32Iscsi),
            failed: false,
        }
    }

    /// Counts and digests a piece. Fails when the body is too long, or complete with another digest.
    fn take(&mut self, data: &Bytes) -> Result<(), HopError> {
        self.received += data.remaining() as u64;
        if self.expected.crc32c.is_some() {
            self.digest.update(data);
        }
        match self.expected.length {
            Some(length) if self.received > length => Err(self.error(IntegrityErrorKind::TooLong)),
            Some(length) if self.received == length => self.check_digest(),
            Some(_) | None => Ok(()),
        }
    }

    fn check_end(&mut self) -> Result<(), HopError> {
        match self.expected.length {
            Some(length) if self.received < length => Err(self.error(IntegrityErrorKind::CutShort)),
            Some(_) | None => self.check_digest(),
        }
    }

    fn check_digest(&mut self) -> Result<(), HopError> {
        match self.expected.crc32c {
            Some(crc32c) if u64::from(crc32c) != self.digest.finalize() => {
                Err(self.error(IntegrityErrorKind::Altered))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn error(&mut self, kind: IntegrityErrorKind) -> HopError {
        self.failed = true;
        HopError::Integrity(IntegrityError {
            hop: self.hop.clone(),
            kind,
            expected: self.expected.length,
            received: self.received,
        })
    }
}

impl http_body::Body for VerifiedBody {
    type Data = Bytes;
    type Error = HopError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HopError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let polled = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        Poll::Ready(match polled {
            Some(Ok(frame)) => match frame.data_ref().map(|data| self.take(data)) {
                Some(Err(error)) => Some(Err(error)),
                Some(Ok(())) | None => Some(Ok(frame)),
            },
            Some(Err(cause)) => {
                let kind = IntegrityErrorKind::BrokeOff(Box::new(cause));
                Some(Err(self.error(kind)))
            }
            None => self.check_end().err().map(Err),
        })
    }

    // `is_end_stream` stays false, so that the end is always checked.

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};
    use http_body::Frame;
    use http_body_util::{BodyExt as _, StreamBody};
    use safelight_protocol::digest;

    use super::{Expected, VerifiedBody};
    use crate::body::Body;

    fn pieces(pieces: &'static [&'static str]) -> Body {
        let frames = pieces
            .iter()
            .map(|piece| Ok(Frame::data(Bytes::from_static(piece.as_bytes()))));
        StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
    }

    fn promise(length: Option<u64>, content: Option<&str>) -> Expected {
        Expected {
            length,
            crc32c: content.map(|content| crc32c::crc32c(content.as_bytes())),
        }
    }

    /// The bytes that a reader gets, and the text of the error if the body ends in one.
    async fn read(body: Body, expected: Expected) -> (String, Option<String>) {
        let mut body = VerifiedBody::new(body, expected, "IMAGES".into());
        let mut text = String::new();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap())
                }
                Err(error) => return (text, Some(error.to_string())),
            }
        }
        (text, None)
    }

    #[tokio::test]
    async fn a_whole_body_passes() {
        let expected = promise(Some(6), Some("foobar"));
        assert_eq!(
            read(pieces(&["foo", "bar"]), expected).await,
            ("foobar".into(), None)
        );
    }

    #[tokio::test]
    async fn a_short_body_ends_in_an_error_with_both_numbers() {
        let (text, error) = read(pieces(&["foo"]), promise(Some(6), None)).await;
        assert_eq!(text, "foo");
        assert!(
            error
                .unwrap()
                .contains("the answer of IMAGES was cut short: 6 bytes expected, 3 received")
        );
    }

    #[tokio::test]
    async fn equal_counts_of_two_hops_are_reported_once() {
        for (length, expected) in [
            (
                Some(6),
                "the answer of image-source broke off: the answer of PHOTOS was cut short: 6 bytes expected, 3 received",
            ),
            (
                None,
                "the answer of image-source broke off: the answer of PHOTOS was cut short: 6 bytes expected, 3 received",
            ),
            (
                Some(7),
                "the answer of image-source broke off (the answer of PHOTOS was cut short: 6 bytes expected, 3 received): 7 bytes expected, 3 received",
            ),
        ] {
            let inner =
                VerifiedBody::new(pieces(&["foo"]), promise(Some(6), None), "PHOTOS".into());
            let inner = inner.boxed_unsync();
            let outer = VerifiedBody::new(inner, promise(length, None), "image-source".into());
            let error = outer.collect().await.map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[tokio::test]
    async fn an_altered_body_never_becomes_complete() {
        let (text, error) = read(pieces(&["foo", "baz"]), promise(Some(6), Some("foobar"))).await;
        assert_eq!(text, "foo", "the last piece must not arrive");
        assert_eq!(
            error.unwrap(),
            "the answer of IMAGES was altered on its way: its digest differs, and its length of 6 bytes is right"
        );
    }

    #[tokio::test]
    async fn an_altered_body_of_unknown_length_ends_in_an_error() {
        let (_, error) = read(pieces(&["foo", "baz"]), promise(None, Some("foobar"))).await;
        assert_eq!(
            error.unwrap(),
            "the answer of IMAGES was altered on its way: its digest differs; no length promised, 6 bytes received"
        );
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_ends_in_an_error() {
        let (text, error) = read(pieces(&["foo", "bar", "!"]), promise(Some(6), None)).await;
        assert_eq!(text, "foobar");
        assert!(error.unwrap().contains("is longer than promised"));
    }

    #[test]
    fn an_unreadable_promise_is_an_error_and_an_unknown_algorithm_is_none() {
        let head = |value| {
            HeaderMap::from_iter([(
                digest::REPR_DIGEST.parse().unwrap(),
                HeaderValue::from_static(value),
            )])
        };
        let hop = "IMAGES".into();
        let malformed = Expected::read(&head("crc32c=:A:"), &hop).unwrap_err();
        assert_eq!(
            malformed.to_string(),
            "the answer of IMAGES has a malformed repr-digest"
        );
        assert_eq!(
            Expected::read(&head("sha-256=:AA==:"), &hop).unwrap(),
            Expected::default()
        );
    }
}
