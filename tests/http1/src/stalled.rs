//! The rows on a transport that takes 8,192 bytes and then nothing until its reader reads, with the clock paused.
//!
//! With the clock paused, a timeout passes exactly when no task can run any more.

use std::time::Duration;

use tokio::time::timeout;

use crate::exchange::{Exchange, Outcome, body};
use crate::row::{Fate, ROWS, Row};
use crate::stack::Stack;
use crate::watched::Writes;

const TRANSPORT_TAKES: usize = 8_192;
const ANSWER: usize = 500_000;

#[tokio::test(start_paused = true)]
async fn hyper_never_shuts_a_stream_down_on_bytes_it_still_owes() {
    for row in ROWS {
        for writes in [Writes::Vectored, Writes::Flat] {
            let outcome = play(Stack::Current, row, writes).await;
            let case = format!("{} ({writes:?}): {outcome:?}", row.name);
            assert_eq!(outcome.paused.notes.written, TRANSPORT_TAKES, "{case}");
            assert!(outcome.paused.notes.owing, "{case}");
            assert_eq!(outcome.paused.end, None, "{case}");
            assert!(!outcome.ended.notes.cut, "{case}");
            assert_eq!(outcome.received, outcome.promised, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_rows_tell_when_the_old_hyper_does() {
    for row in ROWS {
        for writes in [Writes::Vectored, Writes::Flat] {
            let outcome = play(Stack::Old, row, writes).await;
            let case = format!("{} ({writes:?}): {outcome:?}", row.name);
            match row.old {
                Fate::Cut => {
                    assert!(outcome.paused.notes.cut, "{case}");
                    assert!(outcome.received < TRANSPORT_TAKES, "{case}");
                    assert_eq!(
                        outcome.ended.end,
                        Some(true),
                        "the old server does not know: {case}"
                    );
                }
                Fate::Whole => {
                    assert!(!outcome.ended.notes.cut, "{case}");
                    assert_eq!(outcome.received, outcome.promised, "{case}");
                }
            }
        }
    }
}

async fn play(stack: Stack, row: &'static Row, writes: Writes) -> Outcome {
    let exchange = Exchange {
        stack,
        row,
        writes,
        answer: body(ANSWER),
    };
    let played = exchange.play(tokio::io::duplex(TRANSPORT_TAKES), all_at_rest());
    timeout(Duration::from_secs(1), played)
        .await
        .unwrap_or_else(|_| panic!("nothing moves any more: {}", row.name))
}

/// Returns when every task waits for another one.
async fn all_at_rest() {
    let never = std::future::pending::<()>();
    let _elapsed = timeout(Duration::from_millis(1), never).await;
}
