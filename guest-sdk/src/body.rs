//! The body of a request or a response, streaming both ways.

mod from;
mod incoming;
mod outgoing;
mod stream;

use std::{collections::VecDeque, fmt};

use bytes::Bytes;

use crate::{BodyError, Result};

pub(crate) use incoming::{Incoming, Message};
pub(crate) use outgoing::{Outgoing, SendFailure};
pub use stream::BodyWriter;
use stream::Producer;

/// The maximum number of bytes of a chunk in which bodies move through the guest.
///
/// The host hands over at most about 400 KB at once, so that larger chunks gain nothing.
const MAX_CHUNK: usize = 256 * 1024;

/// The body of a request or a response.
///
/// A body is made from text or bytes, is a [stream](Self::stream), or came from outside. A body that came from outside
/// and is passed on unread never enters the worker: the host joins both ends. Only such a body keeps its trailers.
///
/// ```
/// use safelight_sdk::Body;
///
/// assert_eq!(Body::from("hello").length(), Some(5));
/// assert_eq!(Body::empty().length(), Some(0));
/// ```
pub struct Body {
    source: Source,
    /// The buffer that [`chunk`](Self::chunk) lends out, reused from chunk to chunk.
    chunk: Vec<u8>,
}

enum Source {
    Bytes(Bytes),
    Incoming(Incoming),
    Stream(Producer),
    /// Bodies one after the other.
    Joined(VecDeque<Body>),
}

impl Body {
    /// No bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(Source::Bytes(Bytes::new()))
    }

    /// A body that `write` makes chunk by chunk while it is sent. Its length is not known beforehand.
    ///
    /// An error of `write` breaks the body off visibly: it never ends as if it were whole. `write` is dropped at its next
    /// chunk after the receiver has left.
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
            chunk: Vec::new(),
        }
    }

    /// The number of bytes still to come, where that is known.
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

    /// Reads the next chunk, of at most 256 KiB. Returns `None` at the end.
    ///
    /// # Errors
    /// Fails when the body broke off or its stream failed; then every further call fails as well, so that a part is
    /// never taken for the whole.
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>> {
        let chunk = std::mem::take(&mut self.chunk);
        self.chunk = self.fill(chunk).await?;
        Ok((!self.chunk.is_empty()).then_some(&*self.chunk))
    }

    /// Reads the start of a body that came from outside without a length, and returns an empty body if it has no bytes.
    /// A request without a body need not declare that.
    pub(crate) async fn with_known_length(mut self) -> Result<Self> {
        if self.length().is_some() || !matches!(self.source, Source::Incoming(_)) {
            return Ok(self);
        }
        Ok(match self.chunk().await? {
            None => Self::empty(),
            Some(first) => {
                let first = first.to_vec();
                Self::join([first.into(), self])
            }
        })
    }

    /// Reads exactly the next `count` bytes and leaves the rest as it is.
    pub(crate) async fn read_exact(&mut self, count: usize) -> Result<Vec<u8>> {
        match &mut self.source {
            Source::Bytes(bytes) if bytes.len() >= count => Ok(bytes.split_to(count).to_vec()),
            Source::Incoming(incoming) => Ok(incoming.read_exact(count).await?),
            Source::Bytes(_) | Source::Stream(_) | Source::Joined(_) => Err(BodyError::Lost.into()),
        }
    }

    /// Notes that the bytes read so far were whole chunks of the host's stream.
    pub(crate) fn note_aligned(&mut self) {
        if let Source::Incoming(incoming) = &mut self.source {
            incoming.note_aligned();
        }
    }

    /// Reads the whole body, if it has no more than `limit` bytes.
    ///
    /// # Errors
    /// Fails with [`BodyError::TooLarge`] as soon as it turns out longer, before more is held, and as
    /// [`chunk`](Self::chunk) does.
    pub async fn collect(mut self, limit: usize) -> Result<Vec<u8>> {
        let too_large = BodyError::TooLarge { limit };
        if self.length().is_some_and(|length| length > limit as u64) {
            return Err(too_large.into());
        }
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if chunk.len() > limit - whole.len() {
                return Err(too_large.into());
            }
            whole.extend_from_slice(chunk);
        }
        Ok(whole)
    }

    /// Reads the whole body as text in UTF-8, if it has no more than `limit` bytes.
    ///
    /// # Errors
    /// Fails with [`BodyError::NotText`] when it is not UTF-8, and as [`collect`](Self::collect) does.
    pub async fn text(self, limit: usize) -> Result<String> {
        String::from_utf8(self.collect(limit).await?).map_err(|_| BodyError::NotText.into())
    }

    /// Reads the next chunk into `buffer`, whose memory is reused; an empty one at the end.
    async fn fill(&mut self, mut buffer: Vec<u8>) -> Result<Vec<u8>> {
        buffer.clear();
        match &mut self.source {
            Source::Bytes(bytes) => {
                buffer.extend_from_slice(&bytes.split_to(bytes.len().min(MAX_CHUNK)));
                Ok(buffer)
            }
            Source::Incoming(incoming) => Ok(incoming.fill(buffer).await?),
            Source::Stream(producer) => producer.fill(buffer).await,
            Source::Joined(parts) => {
                while let Some(first) = parts.front_mut() {
                    buffer = Box::pin(first.fill(buffer)).await?;
                    if !buffer.is_empty() {
                        break;
                    }
                    parts.pop_front();
                }
                Ok(buffer)
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

#[cfg(test)]
mod tests;
