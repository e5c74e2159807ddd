//! The body of a request to a bucket, read to exactly the length that it declares.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use safelight_hop::Body;

use super::error::{Code, R2Error};
use super::limits::MAX_DRAIN_BYTES;

/// Longest time spent on reading what nobody wants.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// What is still to come of a request's body.
pub(super) struct RequestBody {
    body: Body,
    left: u64,
    /// Read already, and not yet handed out.
    rest: Bytes,
    ended: bool,
}

impl RequestBody {
    pub(super) fn new(body: Body, length: u64) -> Self {
        Self {
            body,
            left: length,
            rest: Bytes::new(),
            ended: false,
        }
    }

    /// Bytes that are still to come.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// When the body has another length than it declares, or breaks off.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, R2Error> {
        let piece = match self.rest.is_empty() {
            true => self.read().await?,
            false => Some(std::mem::take(&mut self.rest)),
        };
        let Some(piece) = piece else {
            return match self.left {
                0 => Ok(None),
                left => Err(cut_short(format_args!("{left} bytes are missing"))),
            };
        };
        self.left = self
            .left
            .checked_sub(piece.len() as u64)
            .ok_or_else(|| R2Error::invalid("the body is longer than its Content-Length"))?;
        Ok(Some(piece))
    }

    /// Exactly the next `count` bytes, of at most what is left.
    pub(super) async fn read_exact(&mut self, count: usize) -> Result<Bytes, R2Error> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let Some(mut piece) = self.next().await? else {
                return Err(cut_short("the request ends early"));
            };
            let wanted = count - bytes.len();
            if piece.len() > wanted {
                self.rest = piece.split_off(wanted);
                self.left += self.rest.len() as u64;
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.into())
    }

    /// Reads what is left to nowhere, within bounds: a client that is answered before it has sent everything may
    /// miss the answer.
    pub(super) async fn drain(&mut self) {
        let drained = async {
            let mut bytes = 0;
            while let Ok(Some(piece)) = self.read().await {
                bytes += piece.len() as u64;
                if bytes > MAX_DRAIN_BYTES {
                    break;
                }
            }
        };
        // A client that takes longer is answered anyway.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, drained).await;
    }

    async fn read(&mut self) -> Result<Option<Bytes>, R2Error> {
        while !self.ended {
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Ok(Some(data));
                    }
                }
                Some(Err(error)) => {
                    self.ended = true;
                    return Err(cut_short(error));
                }
                None => self.ended = true,
            }
        }
        Ok(None)
    }
}

fn cut_short(why: impl std::fmt::Display) -> R2Error {
    R2Error::new(
        Code::BodyCutShort,
        format!("the request's body was cut short: {why}"),
    )
}
