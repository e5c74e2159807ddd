//! The body of a request or a response, streaming both ways.

mod incoming;
mod outgoing;
mod stream;

use std::{collections::VecDeque, fmt};

use bytes::Bytes;
use wasip3::http::types::ErrorCode;

use crate::{Result, error::describe};

pub(crate) use incoming::{Incoming, Message};
pub(crate) use outgoing::{Fault, Outgoing};
pub use stream::BodyWriter;
use stream::Producer;

/// The step in which bodies move through the guest, in bytes.
///
/// The host hands over at most about 400 KB at once, so that larger steps gain nothing.
const STEP: usize = 256 * 1024;

/// The body of a request or a response.
///
/// It is made from text or bytes, from a [stream](Self::stream), or it came from outside. A body that came
/// from outside and is passed on without being read never enters the worker: the host joins both ends.
///
/// ```
/// use safelight_sdk::Body;
///
/// assert_eq!(Body::from("hello").length(), Some(5));
/// assert_eq!(Body::empty().length(), Some(0));
/// ```
pub struct Body {
    source: Source,
    /// What [`chunk`](Self::chunk) lends out; reused from step to step.
    step: Vec<u8>,
}

enum Source {
    Bytes(Bytes),
    Incoming(Incoming),
    Stream(Producer),
    /// One after the other.
    Joined(VecDeque<Body>),
}

impl Body {
    /// No bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(Source::Bytes(Bytes::new()))
    }

    /// A body that `write` makes piece by piece while it is sent; its length is not known beforehand.
    ///
    /// When `write` returns an error, the body is broken off visibly, never ended as if it were whole. When the
    /// receiver leaves, `write` is dropped at its next piece.
    ///
    /// ```
    /// use safelight_sdk::Body;
    ///
    /// let body = Body::stream(async |body| {
    ///     for line in 1..=3 {
    ///         body.write(format!("line {line}\n")).await;
    ///     }
    ///     Ok(())
    /// });
    /// assert_eq!(body.length(), None);
    /// ```
    pub fn stream(write: impl AsyncFnOnce(&mut BodyWriter) -> Result<()> + 'static) -> Self {
        Self::new(Source::Stream(Producer::new(write)))
    }

    /// Bodies one after the other.
    pub(crate) fn join(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::new(Source::Joined(parts.into_iter().collect()))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            step: Vec::new(),
        }
    }

    /// How many bytes are still to come, where that is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        match &self.source {
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            Source::Incoming(incoming) => incoming.length(),
            Source::Stream(_) => None,
            Source::Joined(parts) => parts
                .iter()
                .try_fold(0_u64, |sum, part| sum.checked_add(part.length()?)),
        }
    }

    /// The next piece, at most 256 KB of a body that came from outside, or `None` at the good end.
    ///
    /// # Errors
    /// When the body broke off or its stream failed; then every further call fails as well, so that a part is
    /// never taken for the whole.
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>> {
        let step = std::mem::take(&mut self.step);
        self.step = self.fill(step).await?;
        Ok((!self.step.is_empty()).then_some(&*self.step))
    }

    /// The whole body, if it has no more than `limit` bytes.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] as soon as it turns out longer, before more is held; and as for
    /// [`chunk`](Self::chunk).
    pub async fn collect(mut self, limit: usize) -> Result<Vec<u8>> {
        let too_large = BodyError::TooLarge { limit };
        if self.length().is_some_and(|length| length > limit as u64) {
            return Err(too_large.into());
        }
        let mut whole = Vec::new();
        while let Some(piece) = self.chunk().await? {
            if piece.len() > limit - whole.len() {
                return Err(too_large.into());
            }
            whole.extend_from_slice(piece);
        }
        Ok(whole)
    }

    /// The whole body as text in UTF-8, if it has no more than `limit` bytes.
    ///
    /// # Errors
    /// [`BodyError::NotText`] when it is not UTF-8; and as for [`collect`](Self::collect).
    pub async fn text(self, limit: usize) -> Result<String> {
        String::from_utf8(self.collect(limit).await?).map_err(|_| BodyError::NotText.into())
    }

    /// Reads the next piece into `step`, whose memory is reused; nothing at the good end.
    async fn fill(&mut self, mut step: Vec<u8>) -> Result<Vec<u8>> {
        step.clear();
        match &mut self.source {
            Source::Bytes(bytes) => {
                step.extend_from_slice(&bytes.split_to(bytes.len().min(STEP)));
                Ok(step)
            }
            Source::Incoming(incoming) => Ok(incoming.fill(step).await?),
            Source::Stream(producer) => producer.fill(step).await,
            Source::Joined(parts) => {
                while let Some(first) = parts.front_mut() {
                    step = Box::pin(first.fill(step)).await?;
                    if !step.is_empty() {
                        break;
                    }
                    parts.pop_front();
                }
                Ok(step)
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::new(Source::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

/// For `include_bytes!`.
impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<Incoming> for Body {
    fn from(incoming: Incoming) -> Self {
        Self::new(Source::Incoming(incoming))
    }
}

/// Why a body could not be read to its end.
#[derive(Clone, Debug)]
pub enum BodyError {
    /// It broke off, for the reason that the host gives.
    Broken(ErrorCode),
    /// It has more bytes than the caller takes.
    TooLarge {
        /// The most that the caller takes, in bytes.
        limit: usize,
    },
    /// It is not text in UTF-8.
    NotText,
    /// An earlier read was dropped before it was done, and its bytes with it; or the stream has failed before.
    Lost,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(code) => write!(f, "the body broke off: {}", describe(code)),
            Self::TooLarge { limit } => write!(f, "the body has more than {limit} bytes"),
            Self::NotText => f.write_str("the body is not text in UTF-8"),
            Self::Lost => {
                f.write_str("a part of the body is lost: an earlier read failed or was dropped")
            }
        }
    }
}

impl std::error::Error for BodyError {}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::{Body, STEP};
    use crate::Error;

    /// Runs a future that has nothing to wait for.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("the future waits"),
        }
    }

    fn lines(count: usize) -> Body {
        Body::stream(async move |body| {
            for line in 0..count {
                body.write(format!("{line}\n")).await;
            }
            Ok(())
        })
    }

    #[test]
    fn known_lengths_add_up_and_one_unknown_length_hides_the_sum() {
        assert_eq!(
            Body::join(["ab".into(), Body::empty(), "cde".into()]).length(),
            Some(5)
        );
        assert_eq!(Body::join(["ab".into(), lines(1)]).length(), None);
    }

    #[test]
    fn joined_bodies_are_read_in_order_and_empty_ones_do_not_end_them() {
        let body = Body::join([
            Body::empty(),
            "ab".into(),
            lines(2),
            Body::empty(),
            "z".into(),
        ]);
        assert_eq!(now(body.text(100)).unwrap(), "ab0\n1\nz");
    }

    #[test]
    fn a_long_body_is_read_in_steps() {
        let mut body = Body::from(vec![7; STEP + 1]);
        assert_eq!(now(body.chunk()).unwrap().map(<[u8]>::len), Some(STEP));
        assert_eq!(now(body.chunk()).unwrap().map(<[u8]>::len), Some(1));
        assert_eq!(now(body.chunk()).unwrap(), None);
    }

    #[test]
    fn a_body_of_exactly_the_limit_is_collected_and_one_byte_more_is_not() {
        assert_eq!(now(lines(2).collect(4)).unwrap(), b"0\n1\n");
        for body in [lines(2), Body::from("0\n1\n")] {
            assert_eq!(
                now(body.collect(3)).unwrap_err().to_string(),
                "the body has more than 3 bytes"
            );
        }
    }

    #[test]
    fn an_empty_piece_does_not_end_a_stream() {
        let body = Body::stream(async |body| {
            body.write("a").await;
            body.write("").await;
            body.write("b").await;
            Ok(())
        });
        assert_eq!(now(body.text(9)).unwrap(), "ab");
    }

    #[test]
    fn a_stream_that_fails_never_ends_well() {
        let mut body = Body::stream(async |body| {
            body.write("half").await;
            Err(Error::from("no more"))
        });
        assert_eq!(now(body.chunk()).unwrap(), Some(&b"half"[..]));
        assert_eq!(now(body.chunk()).unwrap_err().to_string(), "no more");
        assert!(now(body.chunk()).is_err());
    }

    #[test]
    fn a_body_copied_into_a_stream_brings_its_failure_along() {
        let broken = Body::stream(async |_| Err(Error::from("gone")));
        let copy = Body::stream(async move |body| {
            body.copy(Body::from("start ")).await?;
            body.copy(broken).await
        });
        assert_eq!(now(copy.text(99)).unwrap_err().to_string(), "gone");
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        assert_eq!(
            now(Body::from(vec![0xFF]).text(9)).unwrap_err().to_string(),
            "the body is not text in UTF-8"
        );
    }
}
