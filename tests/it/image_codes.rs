//! Each number of the platform for sources on other hosts, as a client sees it.

use image::ImageFormat;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::cf_images::fetch;
use crate::client::get;
use crate::dev_server::DevServer;
use crate::guests;
use crate::hosts::{Host, answer, redirect};
use crate::image_urls::{error, picture};

/// A config that allows every origin, loopback, and an address that cannot be reached.
const OPEN: &str = "[safelight]\nallowed_origins = [\"*\"]\nallowed_addresses = [\"loopback\", \"255.255.255.255\"]\n";

/// Requests the picture at a URL by both interfaces, and asserts that both answer with the number.
async fn assert_both(server: &DevServer, url: &str, expected: (u16, &str)) {
    let by_url = get(server.address, &format!("/cdn-cgi/image/width=8/{url}")).await;
    let by_fetch = fetch(server, url, &json!({"width": 8})).await;
    for (how, answer) in [("by URL", by_url), ("by fetch", by_fetch)] {
        let (status, mark) = error(&answer);
        let text = answer.text();
        assert_eq!((status, mark.as_str()), expected, "{how} {url}: {text}");
        assert!(text.contains("image-source: "), "{how} {url}: {text}");
    }
}

#[tokio::test]
async fn each_answer_of_an_origin_has_its_number() {
    let png = picture(20, 20, ImageFormat::Png);
    let host = Host::start(move |path| match path.trim_start_matches('/') {
        "short" => {
            let whole = answer(200, "", &png);
            whole[..whole.len() - 10].to_vec()
        }
        "large" => b"HTTP/1.1 200 OK\r\ncontent-length: 100000001\r\n\r\n".to_vec(),
        "silent" => Vec::new(),
        "garbage" => b"who goes there?\r\n\r\n".to_vec(),
        "gzip" => answer(200, "content-encoding: gzip\r\n", &png),
        "nowhere" => answer(302, "", b""),
        "badly" => redirect("file:///etc/passwd"),
        "round" => redirect("/round"),
        status => answer(status.parse().unwrap(), "", b""),
    })
    .await;
    let server = DevServer::start(guests::misbehaving(), OPEN).await;
    for (path, status, mark) in [
        ("404", 404, "err=9404"),
        ("400", 400, "err=9408"),
        ("403", 403, "err=9408"),
        ("408", 408, "err=9408"),
        ("429", 429, "err=9408"),
        ("500", 502, "err=9509"),
        ("503", 502, "err=9509"),
        ("nowhere", 400, "err=9420"),
        ("badly", 400, "err=9420"),
        ("round", 400, "err=9421"),
        ("silent", 502, "err=9402"),
        ("garbage", 502, "err=9402"),
        ("large", 413, "err=9402"),
        ("gzip", 415, "err=9412"),
        ("short", 422, "err=9416"),
    ] {
        assert_both(&server, &host.url(&format!("/{path}")), (status, mark)).await;
    }
}

#[tokio::test]
async fn an_origin_that_cannot_be_reached_has_its_number() {
    // A socket that is bound and does not listen refuses connections, and keeps its port from others.
    let refusing = TcpSocket::new_v4().unwrap();
    refusing.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let refusing_address = refusing.local_addr().unwrap();
    let server = DevServer::start(guests::misbehaving(), OPEN).await;
    for (url, status, mark) in [
        ("http://nobody.invalid/a.png", 523, "err=9407"),
        (&format!("http://{refusing_address}/a.png"), 502, "err=9505"),
        ("http://255.255.255.255/a.png", 523, "err=9510"),
    ] {
        assert_both(&server, url, (status, mark)).await;
    }
}

#[tokio::test]
async fn an_origin_that_takes_too_long_has_its_number() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The backlog is full, and the system leaves further connections unanswered.
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let _first = TcpStream::connect(address).await.unwrap();
    let extra = format!("{OPEN}source_ms = 1000\nsource_connect_ms = 500\n");
    let server = DevServer::start(guests::misbehaving(), &extra).await;
    for (origin, status) in [(silent.local_addr().unwrap(), 524), (address, 522)] {
        let url = format!("http://{origin}/a.png");
        assert_both(&server, &url, (status, "err=9504")).await;
    }
}

#[tokio::test]
async fn a_url_that_cannot_be_one_of_a_picture_has_its_number() {
    let server = DevServer::start(guests::misbehaving(), OPEN).await;
    for (path, status, mark) in [
        (
            "/width=8/https%3A%2F%2Fexample.com%2Fa.png",
            403,
            "err=9419",
        ),
        ("/width=8/\u{e9}.png", 403, "err=9406"),
        ("/width=8/ftp://example.com/a.png", 403, "err=9406"),
        ("/width=8/http://user@example.com/a.png", 403, "err=9406"),
        ("/width=8", 400, "err=9401"),
        ("/", 400, "err=9401"),
        ("", 400, "err=9424"),
    ] {
        let answer = get(server.address, &format!("/cdn-cgi/image{path}")).await;
        let expected = (status, mark.to_owned());
        assert_eq!(error(&answer), expected, "{path}: {}", answer.text());
    }
}
