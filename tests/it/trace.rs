//! Traces record every hop, on both sides of the socket, of a bounded number of requests.

use safelight_hop::log::masked_times;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{get, post};
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;

/// A picture that becomes an answer of some KB.
fn picture() -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(64, 64, |x, y| {
        let [red, green, blue, ..] = u64::from(x * 64 + y)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .to_be_bytes();
        image::Rgb([red, green, blue])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

async fn traced(arguments: &[&str]) -> DevServer {
    let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
    DevServer::start_by(guests::misbehaving(), "", &arguments).await
}

async fn json(server: &DevServer, path: &str) -> Value {
    let answer = get(server.address, path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(answer.text()).unwrap()
}

/// The list of traces, newest first.
async fn list(server: &DevServer) -> Vec<Value> {
    let list = json(server, "/cdn-cgi/safelight/trace").await;
    list.as_array().unwrap().clone()
}

/// The whole trace of the newest request whose target begins so, once the request has ended.
pub(crate) async fn trace_of(server: &DevServer, target: &str) -> Value {
    let ended = async {
        loop {
            let found = list(server).await.into_iter().find(|trace| {
                trace["target"].as_str().unwrap().starts_with(target)
                    && trace["client"]["end"] != "open"
            });
            if let Some(trace) = found {
                return trace["id"].as_u64().unwrap();
            }
        }
    };
    let id = tokio::time::timeout(TEST_TIMEOUT, ended)
        .await
        .expect("the request does not end");
    json(server, &format!("/cdn-cgi/safelight/trace/{id}")).await
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

#[tokio::test]
async fn two_calls_are_two_hops_whose_sides_agree() {
    let server = traced(&["--trace-keep=10"]).await;
    let upload = picture();
    let sent = upload.len() as u64;
    let answer = post(server.address, "/info-then-image", upload).await;
    assert_eq!((answer.status.as_u16(), &answer.broken), (200, &None));
    let body = answer.body.len() as u64;

    let trace = trace_of(&server, "/info-then-image").await;
    let client = &trace["client"];
    assert_eq!(
        (
            number(&client["upload_bytes"]),
            number(&client["body_bytes"])
        ),
        (sent, body)
    );
    assert_eq!(
        (number(&client["status"]), &client["end"]),
        (200, &"whole".into())
    );
    assert!(number(&trace["worker"]["answered_us"]) <= number(&client["end_us"]));

    let calls = trace["calls"].as_array().unwrap();
    let paths: Vec<_> = calls
        .iter()
        .map(|call| call["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["/info", "/transform"]);
    assert_eq!(number(&calls[1]["received_bytes"]), body);
    for call in calls {
        assert_eq!(call["end"], "whole", "{trace:#}");
        assert_eq!(call["expected_bytes"], call["received_bytes"]);
        let transport = &call["transport"];
        assert_eq!(transport["end"], "kept", "{trace:#}");
        // Both directions have a head, and the form is sent in chunks.
        assert!(number(&transport["read_bytes"]) > number(&call["sent_bytes"]));
        let written = number(&transport["written_bytes"]);
        assert!(written > number(&call["received_bytes"]));
        let writes = transport["events"].as_array().unwrap().iter();
        let writes = writes.filter(|event| event["what"] == "write");
        assert_eq!(
            writes.map(|event| number(&event["bytes"])).sum::<u64>(),
            written
        );
    }
}

#[tokio::test]
async fn both_sides_agree_on_which_connection_was_reused() {
    let server = traced(&["--trace-keep=10"]).await;
    // A connection is free again a moment after its answer, so it may take several requests until one is reused.
    for _ in 0..50 {
        post(server.address, "/info-then-image", picture()).await;
        let trace = trace_of(&server, "/info-then-image").await;
        let calls = trace["calls"].as_array().unwrap();
        for call in calls {
            let position = number(&call["transport"]["request_on_connection"]);
            assert_eq!(call["connection"]["reused"], position > 1, "{trace:#}");
        }
        if calls
            .iter()
            .any(|call| call["connection"]["reused"] == true)
        {
            return;
        }
    }
    panic!("no connection was ever used again");
}

#[tokio::test]
async fn the_images_process_records_nothing_unless_asked() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    post(server.address, "/info", picture()).await;
    let trace = trace_of(&server, "/info").await;
    let call = &trace["calls"][0];
    assert_eq!(
        (&call["end"], &call["transport"]),
        (&"whole".into(), &Value::Null)
    );
    let why = call["transport_missing"].as_str().unwrap();
    assert!(why.contains("--trace"), "{why}");
}

#[tokio::test]
async fn a_broken_transfer_shows_its_hop_and_its_end() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let short = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = short.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = short.accept().await.unwrap();
        let mut head = [0; 1_000];
        let _ = stream.read(&mut head).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this";
        stream.write_all(answer).await.unwrap();
    });
    let answer = get(server.address, &format!("/fetch?url=http://{address}/")).await;
    assert!(answer.broken.is_some(), "{answer:?}");

    let trace = trace_of(&server, "/fetch").await;
    let call = &trace["calls"][0];
    assert_eq!(call["end"], "broken", "{trace:#}");
    assert_eq!(
        (
            number(&call["received_bytes"]),
            number(&call["expected_bytes"])
        ),
        (9, 100)
    );
    let fault = call["fault"].as_str().unwrap();
    assert!(fault.contains("100 bytes expected, 9 received"), "{fault}");
    assert_eq!(trace["worker"]["failure"], Value::Null);
    assert_eq!(trace["client"]["end"], "broken");
}

#[tokio::test]
async fn a_fault_shows_at_the_call_that_it_applied_to() {
    let server = traced(&["--fault=IMAGES:truncate=100,nth=2"]).await;
    post(server.address, "/info-then-image", picture()).await;
    let trace = trace_of(&server, "/info-then-image").await;
    let [plain, faulty] = trace["calls"].as_array().unwrap().as_slice() else {
        panic!("{trace:#}");
    };
    let facts = |call: &Value| (call["end"].clone(), call["faults"].clone());
    assert_eq!(facts(plain), ("whole".into(), serde_json::json!([])));
    let fault = serde_json::json!(["IMAGES:truncate=100,nth=2"]);
    assert_eq!(facts(faulty), ("broken".into(), fault), "{trace:#}");
}

#[tokio::test]
async fn a_client_that_leaves_shows_as_the_hop_that_was_dropped() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let head = b"GET /slow-stream?pieces=100000&ms=1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut some = [0; 200];
    client.read_exact(&mut some).await.unwrap();
    drop(client);
    let trace = trace_of(&server, "/slow-stream").await;
    assert_eq!(trace["client"]["end"], "dropped", "{trace:#}");
}

#[tokio::test]
async fn a_client_that_leaves_while_the_worker_waits_is_seen_to_leave() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let head = b"GET /sleep?ms=3600000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(head).await.unwrap();
    // The server reads the connections in the order of their requests.
    assert_eq!(get(server.address, "/host").await.status, 200);
    drop(client);
    let line = server.line(|line| line.contains("GET /sleep")).await;
    assert!(line.contains(" 499 "), "{line}");
    assert!(line.contains("(the client left before the end)"), "{line}");
    let trace = trace_of(&server, "/sleep").await;
    assert_eq!(trace["client"]["end"], "dropped", "{trace:#}");
}

#[tokio::test]
async fn a_client_that_leaves_while_its_answer_waits_is_seen_to_leave() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let head = b"GET /slow-stream?pieces=2&ms=3600000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(head).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"piece 1\n\r\n") {
        assert_ne!(client.read_buf(&mut answer).await.unwrap(), 0);
    }
    drop(client);
    let line = server.line(|line| line.contains("GET /slow-stream")).await;
    assert!(line.contains("(the client left before the end)"), "{line}");
}

#[tokio::test]
async fn a_client_that_only_stops_sending_gets_its_answer() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let head = b"GET /sleep?ms=1000 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(head).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn no_log_and_no_trace_shows_a_redacted_parameter() {
    let redact = "[safelight]\nredact_query = [\"token\"]\n";
    let server = DevServer::start(guests::misbehaving(), redact).await;
    get(server.address, "/host?token=s3cret&x=1").await;
    let line = server.line(|line| line.contains("GET /host")).await;
    assert!(line.contains("GET /host?token=***&x=1 200"), "{line}");
    let trace = trace_of(&server, "/host").await;
    assert_eq!(trace["target"], "/host?token=***&x=1");
    let all = list(&server).await;
    assert!(!format!("{all:?}{:?}", server.lines()).contains("s3cret"));
}

#[tokio::test]
async fn the_last_requests_are_kept_and_no_more() {
    let server = traced(&["--trace-keep=3"]).await;
    for number in 1..=5 {
        get(server.address, &format!("/host?{number}")).await;
    }
    let targets: Vec<_> = list(&server)
        .await
        .iter()
        .map(|trace| trace["target"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(targets, ["/host?5", "/host?4", "/host?3"]);
    let gone = get(server.address, "/cdn-cgi/safelight/trace/1").await;
    assert_eq!(gone.status, 404);
    assert_eq!(gone.text(), "no trace of request 1: the last 3 are kept\n");
}

#[tokio::test]
async fn a_request_is_shown_as_a_tree_under_its_line() {
    let server = traced(&["--trace"]).await;
    get(server.address, "/binding-get?name=IMAGES&path=/health").await;
    server.line(|line| line == "  [1] └").await;
    let lines = server.lines();
    let from = lines
        .iter()
        .position(|line| line.starts_with("[1] GET "))
        .unwrap();
    let shown: Vec<_> = lines[from..].iter().map(|line| masked(line)).collect();
    let expected = [
        "[#] GET /binding-get?name=IMAGES&path=/health # # B in T",
        "  [#] ├ client: connection # request # HTTP/#, # B up, # at T, # B down, whole at T",
        "  [#] ├ worker: called at T, answered at T",
        "  [#] ├ call # IMAGES /health: called at T, connection # new, # B up, # at T, # B down, whole at T",
        "  [#] │ └ images: connection # request #, read # B in #, wrote # B in #, # pending, whole, connection kept",
        "  [#] │   read # +T, head whole +T, answered +T, write # +T, flush +T",
        "  [#] └",
    ];
    assert_eq!(shown, expected, "{lines:#?}");
}

/// The text with `#` for every number and `T` for every time.
pub(crate) fn masked(line: &str) -> String {
    let mut text = String::new();
    for c in masked_times(line).chars() {
        match c {
            '0'..='9' if text.ends_with('#') => {}
            '.' if text.ends_with('#') => {}
            '0'..='9' => text.push('#'),
            _ => text.push(c),
        }
    }
    text
}
