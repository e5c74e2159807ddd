//! Too many requests at once: those that wait, those that are refused, and the places that become free.
//!
//! A service without workers keeps every request waiting, so that nothing depends on how long pixels take.

use std::time::Duration;

use safelight_images::Limits;
use safelight_protocol::form;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{Alone, client::Client, form::Form, pictures::png, service};

fn without_workers(queue: usize) -> Alone {
    service(Limits {
        workers: 0,
        queue,
        ..Limits::default()
    })
}

fn request() -> Vec<u8> {
    Form::steps(&png(1, 1, [0, 0, 0]), "[]").chunked(8192)
}

async fn send(service: &Alone) -> Client {
    let mut client = service.connect().await;
    client.send(&request()).await;
    client
}

/// Whether the service has nothing to say, though nobody is busy any more.
async fn waits(client: &mut Client) -> bool {
    timeout(Duration::from_secs(30), client.answer())
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn beyond_the_queue_a_request_is_refused_at_once() {
    let service = without_workers(1);
    let mut first = send(&service).await;
    assert!(waits(&mut first).await);
    let mut second = send(&service).await;
    second.answer().await.assert_error(503, 9522, "busy");
    // The connection is as good as before.
    second.send(&request()).await;
    second.answer().await.assert_error(503, 9522, "busy");
    assert!(waits(&mut first).await, "who waits keeps its place");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_leaves_the_queue() {
    let service = without_workers(1);
    let mut first = send(&service).await;
    assert!(waits(&mut first).await);
    drop(first);
    // The service may read the second request before the end of the first connection.
    for _attempt in 0..100 {
        let mut second = send(&service).await;
        if waits(&mut second).await {
            return;
        }
    }
    panic!("the place is not free");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_finished_writing_stays_in_the_queue() {
    let service = without_workers(1);
    let mut first = send(&service).await;
    first.stream.shutdown().await.unwrap();
    assert!(waits(&mut first).await);
    send(&service)
        .await
        .answer()
        .await
        .assert_error(503, 9522, "busy");
}

#[tokio::test(start_paused = true)]
async fn the_forms_of_all_requests_take_no_more_memory_than_they_may() {
    let picture = vec![0; 60_000];
    let form = Form::info().file(form::IMAGE, &picture).end();
    // One form and its copy fit, and two forms do not. The buffer of a form doubles.
    let service = service(Limits {
        held_bytes: 130_000,
        ..Limits::default()
    });
    let whole = form.chunked(8192);
    let mut first = service.connect().await;
    first.send(&whole[..whole.len() - 5]).await;
    assert!(
        timeout(Duration::from_secs(1), first.answer())
            .await
            .is_err()
    );

    let mut second = service.connect().await;
    second.send(&whole).await;
    second
        .answer()
        .await
        .assert_error(503, 9522, "forms and fonts of all requests");

    first.send(&whole[whole.len() - 5..]).await;
    first
        .answer()
        .await
        .assert_error(503, 9522, "did not start");
    second.send(&whole).await;
    second
        .answer()
        .await
        .assert_error(503, 9522, "did not start");
}
