//! The body of a request to a bucket, read to the length that the request declares.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use safelight_hop::Body;
use safelight_net::drain::drain;

use super::error::{Code, R2Error};

/// The part of a request's body that has not been read.
pub(super) struct RequestBody {
    body: Body,
    left: u64,
    /// Bytes that were received and not yet returned.
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

    /// The number of bytes that have not been read.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// Fails when the body has another length than the request declares, or breaks off.
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

    /// Exactly the next `count` bytes. A body that ends earlier is an error.
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

    /// Reads and drops the rest, within bounds. A client that gets its answer before it has sent everything may miss
    /// the answer.
    pub(super) async fn drain(&mut self) {
        // A client that takes longer gets its answer too.
        if !self.ended {
            self.ended = drain(&mut self.body).await;
        }
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
