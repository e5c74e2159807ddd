//! A client that trusts its server: one request on a connection of its own, and its answer as far as it arrives.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{MissedTickBehavior, interval};

use crate::form::Form;

const HEAD_END: &[u8] = b"\r\n\r\n";

/// The answer, as far as it arrived.
pub(crate) struct Answer {
    pub(crate) head: String,
    /// The `Content-Length`.
    pub(crate) promised: usize,
    pub(crate) body: Vec<u8>,
}

/// The pace at which a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    AtOnce,
    /// One piece every millisecond, like a client whose own work takes time.
    Slowly,
}

/// Sends a form in one write, and reads up to the promised length or the end of the connection.
pub(crate) async fn send(socket: &Path, form: &Form, reads: Reads) -> io::Result<Answer> {
    const PIECE: u64 = 64 * 1024;
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(&form.request()).await?;
    let mut clock = interval(Duration::from_millis(1));
    // Missed ticks are not made up for, or the reader would not be slow.
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut answer = Vec::new();
    let mut whole = None;
    while whole.is_none_or(|whole| answer.len() < whole) {
        if reads == Reads::Slowly {
            clock.tick().await;
        }
        if (&mut stream).take(PIECE).read_buf(&mut answer).await? == 0 {
            break;
        }
        whole = whole.or_else(|| head_of(&answer).map(|(body, promised)| body + promised));
    }
    let (body, promised) =
        head_of(&answer).ok_or_else(|| io::Error::other("there is no answer"))?;
    let content = answer.split_off(body);
    Ok(Answer {
        head: String::from_utf8_lossy(&answer).into_owned(),
        promised,
        body: content,
    })
}

/// Returns the offset of the body and its promised length, or `None` before the head is complete.
fn head_of(answer: &[u8]) -> Option<(usize, usize)> {
    let end = answer
        .windows(HEAD_END.len())
        .position(|bytes| bytes == HEAD_END)?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let length = field(&head, "content-length")?.parse().ok()?;
    Some((end + HEAD_END.len(), length))
}

/// The value of a header field.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(field, _)| field.eq_ignore_ascii_case(name))?;
    Some(value.trim())
}
