//! Connections: idle ones, clients that stop reading or writing, the end.

use std::{future::pending, io, time::Duration};

use safelight_images::Limits;
use safelight_protocol::form;
use tokio::{
    io::{AsyncWriteExt, Interest},
    time::timeout,
};

use crate::{
    client::Client,
    form::{Form, LAST_CHUNK, chunk},
    pictures::png,
    service,
};

/// A request that needs no pixel process.
const TRACE: &[u8] = b"GET /trace HTTP/1.1\r\nHost: x\r\n\r\n";

/// Advances the time, and runs every task that becomes ready.
async fn pass(time: Duration) {
    let _ = timeout(time, pending::<()>()).await;
}

fn info() -> Form {
    Form::info().file(form::IMAGE, &png(2, 2, [1, 2, 3])).end()
}

/// Waits until the service has closed the connection, without reading.
async fn hung_up(client: &Client) {
    let full = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
    loop {
        let ready = client.stream.ready(Interest::WRITABLE).await.unwrap();
        if ready.is_write_closed() {
            return;
        }
        let _ = client.stream.try_io(Interest::WRITABLE, full);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_outlives_the_clients_patience_but_not_for_ever() {
    let service = service(Limits::default());
    let mut client = service.connect().await;
    for idle in [5, 70, 74] {
        client.send(TRACE).await;
        client
            .answer()
            .await
            .assert_error(400, 9523, "not recorded");
        pass(Duration::from_secs(idle)).await;
    }
    client.send(TRACE).await;
    client
        .answer()
        .await
        .assert_error(400, 9523, "not recorded");
    let end = timeout(Duration::from_secs(76), client.rest()).await;
    assert!(end.expect("an end of its patience").is_empty());
}

/// Sends requests until neither end takes more, because their answers are not read.
async fn ask_a_lot(client: &mut Client) {
    let requests = TRACE.repeat(50_000);
    let sending = client.stream.write_all(&requests);
    let full = timeout(Duration::from_millis(100), sending).await;
    assert!(full.is_err(), "the service reads on and on");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let service = service(Limits::default());
    let mut client = service.connect().await;
    ask_a_lot(&mut client).await;
    let given_up = timeout(Limits::default().deadlines.write * 2, hung_up(&client)).await;
    given_up.expect("an end of the service's patience");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not_given_up() {
    let service = service(Limits::default());
    let mut client = service.connect().await;
    ask_a_lot(&mut client).await;
    let patience = Limits::default().deadlines.write - Duration::from_secs(1);
    for _ in 0..5 {
        pass(patience).await;
        for _ in 0..800 {
            client
                .answer()
                .await
                .assert_error(400, 9523, "not recorded");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_in_the_middle_of_its_form_is_told_so() {
    let service = service(Limits::default());
    let mut client = service.connect().await;
    let request = info().chunked(16);
    client.send(&request[..request.len() / 2]).await;
    let answer = timeout(Limits::default().deadlines.body_read * 2, client.answer()).await;
    let answer = answer.expect("an end of the service's patience");
    answer.assert_error(400, 9523, "no byte came for 30s");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_trickles_an_epilogue_is_cut_off() {
    let service = service(Limits::default());
    let mut client = service.connect().await;
    let whole = info().chunked(usize::MAX);
    client.send(whole.strip_suffix(LAST_CHUNK).unwrap()).await;
    let trickle = async {
        while client.stream.write_all(&chunk(b"x")).await.is_ok() {
            pass(Duration::from_secs(5)).await;
        }
    };
    let ended = timeout(Duration::from_secs(120), trickle).await;
    assert!(ended.is_ok(), "the service reads on and on");
    client.answer().await.assert_error(400, 9523, "goes on");
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_finish_when_the_service_ends() {
    let mut service = service(Limits::default());
    let mut idle = service.connect().await;
    idle.send(TRACE).await;
    idle.answer().await.assert_error(400, 9523, "not recorded");
    let mut busy = service.connect().await;
    let request = info().chunked(16);
    let (first, second) = request.split_at(request.len() / 2);
    busy.send(first).await;
    pass(Duration::from_secs(1)).await;

    service.stop();
    assert!(
        idle.rest().await.is_empty(),
        "an idle connection ends at once"
    );
    busy.send(second).await;
    busy.answer().await.assert_error(503, 9522, "did not start");
    assert!(busy.rest().await.is_empty());
    service.service.ended().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_finish_cannot_keep_the_service_from_ending() {
    let mut service = service(Limits::default());
    let mut client = service.connect().await;
    let request = info().chunked(16);
    client.send(&request[..request.len() / 2]).await;
    pass(Duration::from_secs(1)).await;
    service.stop();
    let ended = timeout(Limits::default().grace * 2, service.service.ended()).await;
    ended.expect("an end within the grace").unwrap();
    assert!(client.rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_limit_wait_until_another_ends() {
    let service = service(Limits {
        connections: 1,
        ..Limits::default()
    });
    let mut first = service.connect().await;
    first.send(TRACE).await;
    first.answer().await.assert_error(400, 9523, "not recorded");
    let mut second = service.connect().await;
    second.send(TRACE).await;
    let early = timeout(Duration::from_secs(30), second.answer()).await;
    assert!(early.is_err(), "the first still has its connection");
    drop(first);
    second
        .answer()
        .await
        .assert_error(400, 9523, "not recorded");
}
