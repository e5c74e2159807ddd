//! A body that came from outside.

use std::mem;

use wasip3::{
    http::types::{ErrorCode, Request, Response, Trailers},
    wit_bindgen::{FutureReader, StreamReader, StreamResult},
    wit_future,
};

use super::MAX_CHUNK;
use crate::BodyError;

/// The future by which the host says how a body ended. Every reader of the body must await it: without it, a body that
/// was cut off looks whole.
pub(crate) type TrailersReader = FutureReader<Result<Option<Trailers>, ErrorCode>>;

/// A body that came from outside, read by the guest or handed back to the host untouched.
pub(crate) struct Incoming {
    state: State,
    /// Bytes still to come, by the sender's `content-length`.
    length: Option<u64>,
    /// The bytes read so far end where a chunk of the host's stream does, so that the host holds no half of one.
    is_aligned: bool,
}

/// The message that a body belongs to.
pub(crate) enum Message {
    Request(Request),
    Response(Response),
}

enum State {
    /// Not opened yet: opening costs calls of the host, which an unread body saves.
    Unopened(Message),
    Reading(StreamReader<u8>, TrailersReader),
    Ended,
    Broken(ErrorCode),
    /// A read has started and not returned. A dropped read may lose bytes.
    Lost,
}

impl Incoming {
    pub(crate) fn new(message: Message, length: Option<u64>) -> Self {
        Self {
            state: State::Unopened(message),
            length,
            is_aligned: false,
        }
    }

    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Returns the host's own stream, by which the host joins both ends, as long as nothing has been read of it.
    pub(super) fn into_stream(self) -> Result<(StreamReader<u8>, TrailersReader), Self> {
        match self.state {
            State::Unopened(message) => Ok(open(message)),
            State::Reading(stream, trailers) if self.is_aligned => Ok((stream, trailers)),
            state @ (State::Reading(..) | State::Ended | State::Broken(_) | State::Lost) => {
                Err(Self { state, ..self })
            }
        }
    }

    /// Reads exactly the next `count` bytes.
    pub(super) async fn read_exact(&mut self, count: usize) -> Result<Vec<u8>, BodyError> {
        let mut front = Vec::new();
        while front.len() < count {
            // A slice has no room to spare, and the host fills all the room there is.
            let mut room = vec![0; count - front.len()].into_boxed_slice().into_vec();
            room.clear();
            let chunk = self.read(room).await?;
            if chunk.is_empty() {
                return Err(BodyError::Lost);
            }
            front.extend_from_slice(&chunk);
        }
        Ok(front)
    }

    /// Notes that the bytes read so far were whole chunks of the host's stream. The host can then still join the rest with
    /// its destination, as if nothing had been read.
    pub(super) fn note_aligned(&mut self) {
        self.is_aligned = true;
    }

    /// Reads the next chunk into `buffer`, which is empty; leaves it empty at the end.
    pub(super) async fn fill(&mut self, mut buffer: Vec<u8>) -> Result<Vec<u8>, BodyError> {
        buffer.reserve(self.chunk_size());
        self.read(buffer).await
    }

    /// Reads at most as many bytes as `buffer` has room for.
    async fn read(&mut self, mut buffer: Vec<u8>) -> Result<Vec<u8>, BodyError> {
        self.is_aligned = false;
        let (mut stream, trailers) = match mem::replace(&mut self.state, State::Lost) {
            State::Unopened(message) => open(message),
            State::Reading(stream, trailers) => (stream, trailers),
            State::Ended => {
                self.state = State::Ended;
                return Ok(buffer);
            }
            State::Broken(code) => return Err(self.broken(code)),
            State::Lost => return Err(BodyError::Lost),
        };
        loop {
            let (result, read) = stream.read(buffer).await;
            buffer = read;
            match result {
                StreamResult::Complete(0) => {}
                StreamResult::Complete(count) => {
                    self.length = self
                        .length
                        .map(|length| length.saturating_sub(count as u64));
                    self.state = State::Reading(stream, trailers);
                    return Ok(buffer);
                }
                StreamResult::Cancelled => return Err(BodyError::Lost),
                StreamResult::Dropped => break,
            }
        }
        match trailers.await {
            Ok(_) => {
                self.state = State::Ended;
                Ok(buffer)
            }
            Err(code) => Err(self.broken(code)),
        }
    }

    fn broken(&mut self, code: ErrorCode) -> BodyError {
        self.state = State::Broken(code.clone());
        BodyError::Broken(code)
    }

    fn chunk_size(&self) -> usize {
        let length = self.length.and_then(|length| usize::try_from(length).ok());
        length.map_or(MAX_CHUNK, |length| length.clamp(1, MAX_CHUNK))
    }
}

fn open(message: Message) -> (StreamReader<u8>, TrailersReader) {
    // The sender is not told how the reading went: dropping the writer reports success.
    let (_, read_well) = wit_future::new(|| Ok(()));
    match message {
        Message::Request(request) => Request::consume_body(request, read_well),
        Message::Response(response) => Response::consume_body(response, read_well),
    }
}
