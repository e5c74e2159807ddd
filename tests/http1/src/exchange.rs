//! One request and its answer, with a reader that pauses until the server cannot write the rest.

use std::future::Future;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{oneshot, watch};

use crate::row::{Meanwhile, Row};
use crate::stack::{Job, Seen, Stack};
use crate::watched::{Watched, Writes};

pub(crate) struct Exchange {
    pub(crate) stack: Stack,
    pub(crate) row: &'static Row,
    pub(crate) writes: Writes,
    pub(crate) answer: Bytes,
}

/// The outcome of an exchange.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The server's state when the reader began to read.
    pub(crate) paused: Seen,
    /// The server's state at the end.
    pub(crate) ended: Seen,
    /// The `Content-Length` of the answer.
    pub(crate) promised: usize,
    /// The bytes of the body that arrived, all equal to those that were sent.
    pub(crate) received: usize,
}

impl Exchange {
    /// Plays the row. The reader begins when the row's event has been handled and `pause` has ended.
    pub(crate) async fn play<T>(
        self,
        (mut client, server): (T, T),
        pause: impl Future<Output = ()>,
    ) -> Outcome
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        let (report, mut seen) = watch::channel(Seen::default());
        let stream = Watched {
            stream: server,
            writes: self.writes,
            notes: std::sync::Arc::default(),
        };
        let job = Job {
            row: self.row,
            answer: self.answer.clone(),
            stop: stopped,
            seen: report,
        };
        let server = tokio::spawn(self.stack.serve(stream, job));

        let opening = self.row.opening();
        client.write_all(opening.as_bytes()).await.unwrap();
        until(&mut seen, |seen| seen.answered && seen.notes.written > 0).await;

        let closing = self.row.closing();
        match self.row.meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Terminator => {
                client.write_all(closing.as_bytes()).await.unwrap();
                let sent = opening.len() + closing.len();
                until(&mut seen, |seen| seen.notes.read == sent).await;
            }
            Meanwhile::GracefulShutdown => {
                // A connection that has ended needs no shutdown.
                let _taken = stop.send(());
                until(&mut seen, |seen| seen.stopping).await;
            }
        }
        pause.await;

        let paused = *seen.borrow();
        let (promised, received) = read_answer(&mut client, &self.answer).await;
        drop(client);
        server.await.unwrap();
        let ended = *seen.borrow();
        Outcome {
            paused,
            ended,
            promised,
            received,
        }
    }
}

async fn until(seen: &mut watch::Receiver<Seen>, is_so: impl Fn(&Seen) -> bool) {
    seen.wait_for(|seen| is_so(seen) || seen.end.is_some())
        .await
        .expect("the server reports its end before it goes");
}

/// Reads an answer to its promised length or to the end of the stream, whichever comes first.
async fn read_answer<T: AsyncRead + Unpin>(client: &mut T, expected: &[u8]) -> (usize, usize) {
    const HEAD_END: &[u8] = b"\r\n\r\n";
    let mut buffer = Vec::new();
    let body = loop {
        let found = buffer.windows(4).position(|bytes| bytes == HEAD_END);
        if let Some(at) = found {
            break at + HEAD_END.len();
        }
        let count = client.read_buf(&mut buffer).await.unwrap();
        assert_ne!(count, 0, "the connection ended within the head");
    };
    let head = String::from_utf8(buffer[..body].to_vec()).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let promised = content_length(&head);
    assert_eq!(promised, expected.len());

    buffer.drain(..body);
    let mut received = 0;
    loop {
        // Compared in place, byte for byte: stronger than a hash, and 15 MB need no second copy.
        assert!(
            expected[received..].starts_with(&buffer),
            "the body is altered within {} bytes after {received}",
            buffer.len()
        );
        received += buffer.len();
        buffer.clear();
        buffer.reserve(256 * 1024);
        if received == promised || client.read_buf(&mut buffer).await.unwrap() == 0 {
            return (promised, received);
        }
    }
}

fn content_length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map(|(_, value)| value.trim().parse().unwrap())
        .expect("the answer promises a length")
}

/// Makes a body in which all parts differ.
pub(crate) fn body(size: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(size)
    .collect()
}
