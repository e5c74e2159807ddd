//! Connections: reuse, pipelining, half-closed clients.

use safelight_protocol::form;
use tokio::io::AsyncWriteExt;

use crate::{form::Form, pictures::png, service::Service};

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

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
