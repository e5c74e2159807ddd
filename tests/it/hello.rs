//! Workers answer: of both generations, with the host that they were reached by, over both versions of HTTP.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests;

#[tokio::test]
async fn a_worker_sees_the_host_and_path_that_the_client_asked_for() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/host?x=1").await;
    assert_eq!(
        answer.text().trim(),
        format!("http {} /host?x=1", server.address)
    );
}

#[tokio::test]
async fn a_worker_sees_the_host_over_http_2_too() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut sender, driver) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(driver);
    let request = http::Request::get(format!("http://{}/host", server.address))
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(
        String::from_utf8_lossy(&body).trim(),
        format!("http {} /host", server.address)
    );
}

#[tokio::test]
async fn an_instance_keeps_its_globals_between_requests() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    // The engine chooses the instance of a request. The rule is that one of them gets several.
    let mut highest = 0;
    for _ in 0..50 {
        let count: u32 = get(server.address, "/global")
            .await
            .text()
            .trim()
            .parse()
            .unwrap();
        highest = highest.max(count);
    }
    assert!(
        highest >= 3,
        "no instance was asked more than {highest} times"
    );
}

#[tokio::test]
async fn a_worker_for_wasi_0_2_is_served_too_with_one_request_per_instance() {
    let server = DevServer::start(guests::hello_p2(), "").await;
    let answer = get(server.address, "/").await;
    assert!(answer.text().to_lowercase().contains("hello"), "{answer:?}");
    for _ in 0..5 {
        assert_eq!(get(server.address, "/count").await.text().trim(), "1");
    }
}

#[tokio::test]
async fn vars_are_in_the_workers_environment() {
    let config = "[vars]\nGREETING = \"hello\"\nLIMITS = { max = 3 }\n";
    let server = DevServer::start(guests::misbehaving(), config).await;
    let answer = get(server.address, "/env").await;
    let text = answer.text();
    assert!(text.contains("GREETING=hello"), "{text}");
    assert!(text.contains(r#"LIMITS={"max":3}"#), "{text}");
    assert!(text.contains(r#"BINDINGS={"IMAGES":"images"}"#), "{text}");
}

#[tokio::test]
async fn output_without_a_line_end_comes_before_the_line_of_a_request_whose_client_leaves() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let head = b"GET /print-and-wait HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write_all(head).await.unwrap();
    let begun = "  [1] stderr | begun";
    server.line(|line| line == begun).await;
    drop(client);
    server
        .line(|line| line.contains("GET /print-and-wait"))
        .await;
    let log = server.lines();
    let own = log.iter().skip_while(|line| *line != begun);
    let own: Vec<_> = own.take(3).map(String::as_str).collect();
    assert_eq!(own[..2], [begun, "  [1] stderr | half"], "{log:#?}");
    assert!(own[2].starts_with("[1] GET /print-and-wait "), "{log:#?}");
}

#[tokio::test]
async fn guest_output_appears_with_its_request_even_among_others() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let requests = (0..12).map(|id| {
        let address = server.address;
        tokio::spawn(async move { get(address, &format!("/print?id={id}&ms=5")).await })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.unwrap().status, 200);
    }
    for id in 0..12 {
        let own = server
            .line(|line| line.contains(&format!("/print?id={id}&ms=5 200")))
            .await;
        let number = own
            .split(']')
            .next()
            .unwrap()
            .trim_start_matches('[')
            .to_owned();
        let printed: Vec<_> = server
            .lines()
            .into_iter()
            .filter_map(|line| Some(line.strip_prefix(&format!("  [{number}] "))?.to_owned()))
            .collect();
        let expected = [
            format!("stdout | out {id} line 1"),
            format!("stderr | err {id} line 1"),
            format!("stdout | out {id} line 2"),
            format!("stderr | err {id} line 2"),
            format!("stderr | err {id} open end"),
        ];
        assert_eq!(printed, expected);
    }
}
