//! Connections: reuse, pipelining, half-closed clients, clients that stop reading or writing, the end.
//!
//! Time is paused in tests that wait for a deadline: it advances only when no task can run.

use std::{future::pending, time::Duration};

use safelight_images::Limits;
use safelight_protocol::form;
use tokio::{io::AsyncWriteExt, time::timeout};

use crate::{
    client::Client,
    form::{Form, LAST_CHUNK, chunk},
    pictures::png,
    service::Service,
};

/// A request that needs no pixel process, which would not see that time is paused.
const NOTHING: &[u8] = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

/// Advances the time, and runs every task that becomes ready.
async fn pass(time: Duration) {
    let _ = timeout(time, pending::<()>()).await;
}

fn info() -> Form {
    Form::info().file(form::IMAGE, &png(2, 2, [1, 2, 3])).end()
}

#[tokio::test]
async fn health_tells_version_and_process() {
    let service = Service::start();
    let mut client = service.connect().await;
    client.send(HEALTH).await;
    let answer = client.answer().await;
    answer.assert_good("application/json");
    let health: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["pid"], std::process::id());
}

#[tokio::test]
async fn an_unknown_call_is_a_marked_error_and_leaves_the_connection_usable() {
    let service = Service::start();
    let mut client = service.connect().await;
    let body = "x".repeat(500_000);
    for (line, status, names) in [
        ("POST /hosted/list", 404, "/hosted/list"),
        ("GET /", 404, ""),
        ("GET /transform", 405, "POST"),
        ("PUT /info", 405, "POST"),
        ("POST /health", 405, "GET"),
    ] {
        let length = body.len();
        let request =
            format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}");
        client.send(request.as_bytes()).await;
        client.answer().await.assert_error(status, 9523, names);
    }
    client.send(HEALTH).await;
    client.answer().await.assert_good("application/json");
}

#[tokio::test]
async fn a_call_of_another_service_is_sent_away_and_never_says_that_there_is_no_such_key() {
    let service = Service::start();
    let mut client = service.connect().await;
    for line in ["GET /", "GET /key?urlencoded=true", "PUT /", "POST /info"] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: fake-host\r\nx-emulator-service: r2/photos\r\nContent-Length: 5\r\n\r\nhello"
        );
        client.send(request.as_bytes()).await;
        let answer = client.answer().await;
        answer.assert_error(421, 9523, "images alone");
        let told: serde_json::Value =
            serde_json::from_str(answer.header("cf-r2-error").unwrap()).unwrap();
        assert_eq!(
            (&told["version"], &told["v4code"]),
            (&1.into(), &10006.into())
        );
    }
    let named = String::from_utf8(HEALTH.to_vec()).unwrap();
    let named = named.replacen("\r\n", "\r\nx-emulator-service: images\r\n", 1);
    client.send(named.as_bytes()).await;
    client.answer().await.assert_good("application/json");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let service = Service::start();
    let mut client = service.connect().await;
    let broken = Form::info().end();
    client
        .send(
            &[
                info().chunked(7),
                broken.block(),
                HEALTH.to_vec(),
                info().block(),
            ]
            .concat(),
        )
        .await;
    client.answer().await.assert_good("application/json");
    client.answer().await.assert_error(400, 9523, form::IMAGE);
    assert!(client.answer().await.text().contains("pid"));
    assert!(client.answer().await.text().contains("image/png"));
}

#[tokio::test]
async fn a_client_that_has_finished_writing_gets_its_whole_answer() {
    let service = Service::start();
    // Far more than a socket buffer holds.
    let big = Form::transform()
        .file(form::IMAGE, &png(1000, 1000, [7, 8, 9]))
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "rgba")
        .end();
    let mut client = service.connect().await;
    client.send(&big.chunked(8192)).await;
    client.stream.shutdown().await.unwrap();
    let answer = client.answer().await;
    answer.assert_good("application/octet-stream");
    assert_eq!(answer.body.len(), 4_000_000);
    assert!(
        client.rest().await.is_empty(),
        "nothing follows, and the connection ends"
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_outlives_the_clients_patience_but_not_for_ever() {
    let service = Service::start();
    let mut client = service.connect().await;
    for idle in [5, 70, 74] {
        client.send(NOTHING).await;
        client.answer().await.assert_error(404, 9523, "/nothing");
        pass(Duration::from_secs(idle)).await;
    }
    client.send(NOTHING).await;
    client.answer().await.assert_error(404, 9523, "/nothing");
    let end = timeout(Duration::from_secs(76), client.rest()).await;
    assert!(end.expect("an end of its patience").is_empty());
}

/// Sends many requests at once, whose answers are more than a socket's buffer and hyper's own hold.
async fn ask_a_lot(client: &mut Client) {
    client.send(&NOTHING.repeat(4_000)).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let service = Service::start();
    let mut client = service.connect().await;
    ask_a_lot(&mut client).await;
    let given_up = timeout(Limits::default().deadlines.write * 2, client.hung_up()).await;
    given_up.expect("an end of the service's patience");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_is_not_given_up() {
    let service = Service::start();
    let mut client = service.connect().await;
    ask_a_lot(&mut client).await;
    let patience = Limits::default().deadlines.write - Duration::from_secs(1);
    for _ in 0..5 {
        pass(patience).await;
        for _ in 0..800 {
            client.answer().await.assert_error(404, 9523, "/nothing");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_in_the_middle_of_its_form_is_told_so() {
    let service = Service::start();
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
    let service = Service::start();
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
    let mut service = Service::start();
    let mut idle = service.connect().await;
    idle.send(NOTHING).await;
    idle.answer().await.assert_error(404, 9523, "/nothing");
    let mut busy = service.connect().await;
    let request = info().chunked(16);
    let (first, second) = request.split_at(request.len() / 2);
    busy.send(first).await;
    pass(Duration::from_secs(1)).await;

    // A picture's header is read by a process whose time does not stand still.
    tokio::time::resume();
    service.stop();
    assert!(
        idle.rest().await.is_empty(),
        "an idle connection ends at once"
    );
    busy.send(second).await;
    busy.answer().await.assert_good("application/json");
    assert!(busy.rest().await.is_empty());
    service.ended().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_finish_cannot_keep_the_service_from_ending() {
    let mut service = Service::start();
    let mut client = service.connect().await;
    let request = info().chunked(16);
    client.send(&request[..request.len() / 2]).await;
    pass(Duration::from_secs(1)).await;
    service.stop();
    let ended = timeout(Limits::default().grace * 2, service.ended()).await;
    ended.expect("an end within the grace").unwrap();
    assert!(client.rest().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn connections_beyond_the_limit_wait_until_another_ends() {
    let service = Service::with(Limits {
        connections: 1,
        ..Limits::default()
    });
    let mut first = service.connect().await;
    first.send(NOTHING).await;
    first.answer().await.assert_error(404, 9523, "/nothing");
    let mut second = service.connect().await;
    second.send(NOTHING).await;
    let early = timeout(Duration::from_secs(30), second.answer()).await;
    assert!(early.is_err(), "the first still has its connection");
    drop(first);
    second.answer().await.assert_error(404, 9523, "/nothing");
}
