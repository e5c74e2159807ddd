//! The rows on Unix sockets, in batches of 25 of which 8 run at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::exchange::{Exchange, Outcome, body};
use crate::row::{Fate, ROWS, Row};
use crate::stack::Stack;
use crate::watched::Writes;

const BATCH: usize = 25;
const AT_A_TIME: usize = 8;
/// Half of the buffer that the kernel then allocates: 212,992 bytes, Linux's default, whatever this machine's default is.
const SEND_BUFFER: usize = 106_496;
/// Fits into the send buffer with its head, so that no server can lose it.
const FITS: usize = 200_000;
const LARGER: [usize; 3] = [250_000, 3_300_000, 15_000_000];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hyper_delivers_every_byte_of_25_answers_of_25() {
    for size in LARGER {
        let answer = body(size);
        for row in ROWS {
            let cut = cut_answers(Stack::Current, row, &answer).await;
            assert_eq!(cut, 0, "of {BATCH} at {size} bytes: {}", row.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_hyper_cuts_25_of_25_in_the_rows_that_say_so_and_none_in_the_others() {
    for size in LARGER {
        let answer = body(size);
        for row in ROWS {
            let cut = cut_answers(Stack::Old, row, &answer).await;
            let expected = match row.old {
                Fate::Cut => BATCH,
                Fate::Whole => 0,
            };
            assert_eq!(cut, expected, "of {BATCH} at {size} bytes: {}", row.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_fits_the_send_buffer_is_whole_even_on_the_old_hyper() {
    let answer = body(FITS);
    for row in ROWS {
        let cut = cut_answers(Stack::Old, row, &answer).await;
        assert_eq!(cut, 0, "of {BATCH}: {}", row.name);
    }
}

/// Counts the answers of a batch that end before their promised length.
async fn cut_answers(stack: Stack, row: &'static Row, answer: &Bytes) -> usize {
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut batch = JoinSet::new();
    for _ in 0..BATCH {
        let (permits, answer) = (permits.clone(), answer.clone());
        batch.spawn(async move {
            let _permit = permits.acquire().await.unwrap();
            play(stack, row, answer).await
        });
    }
    let outcomes = batch.join_all().await;
    for outcome in &outcomes {
        let is_cut = outcome.received < outcome.promised;
        assert_eq!(is_cut, outcome.ended.notes.cut, "{}: {outcome:?}", row.name);
        assert_eq!(
            outcome.paused.notes.refused,
            answer.len() > FITS,
            "{}: {outcome:?}",
            row.name
        );
    }
    outcomes
        .iter()
        .filter(|outcome| outcome.ended.notes.cut)
        .count()
}

async fn play(stack: Stack, row: &'static Row, answer: Bytes) -> Outcome {
    let (client, server) = UnixStream::pair().unwrap();
    socket2::SockRef::from(&server)
        .set_send_buffer_size(SEND_BUFFER)
        .unwrap();
    let exchange = Exchange {
        stack,
        row,
        writes: Writes::Vectored,
        answer,
    };
    let played = exchange.play((client, server), std::future::ready(()));
    timeout(Duration::from_secs(60), played)
        .await
        .unwrap_or_else(|_| panic!("nothing moves any more: {}", row.name))
}
