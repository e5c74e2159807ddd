//! `fetch` with `cf.image`: pictures that a worker has changed on their way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use image::ImageFormat;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{Answer, get};
use crate::dev_server::DevServer;
use crate::guests;
use crate::image_urls::{picture, size};

/// A host on loopback: `/base.png` is 80 by 60 pixels, `/mark.png` 10 by 10, `/text` is none, the rest is not there.
struct Host {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
                let (status, body) = match head.split(' ').nth(1) {
                    Some("/base.png") => (200, picture(80, 60, ImageFormat::Png)),
                    Some("/mark.png") => (200, picture(10, 10, ImageFormat::Png)),
                    Some("/text") => (200, b"hello".to_vec()),
                    _ => (404, Vec::new()),
                };
                kept.lock().unwrap().push(head);
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                stream
                    .write_all(&[head.as_bytes(), &body].concat())
                    .await
                    .unwrap();
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Has the worker fetch a URL with these options.
async fn fetch(server: &DevServer, url: &str, options: &Value) -> Answer {
    let hex = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    let path = format!(
        "/fetch-cf?url={}&cf={}",
        hex(url),
        hex(&options.to_string())
    );
    get(server.address, &path).await
}

#[tokio::test]
async fn a_picture_is_changed_on_its_way_and_the_options_stay_here() {
    let host = Host::start().await;
    let server = DevServer::start(guests::misbehaving(), "").await;
    let path = format!("/fetch-image?url={}&width=40", host.url("/base.png"));
    let answer = get(server.address, &path).await;
    assert_eq!(size(&answer), (40, 30));
    assert_eq!(answer.header("content-type"), "image/webp");
    assert!(answer.header("cf-resized").starts_with("internal=ok/m"));
    let asked = host.asked();
    assert!(asked[0].contains("via: image-resizing"), "{asked:?}");
    for mine in ["safelight-cf-image", "cookie", "width"] {
        assert!(!asked[0].contains(mine), "{asked:?}");
    }
}

#[tokio::test]
async fn overlays_are_fetched_and_drawn() {
    let host = Host::start().await;
    let server = DevServer::start(guests::misbehaving(), "").await;
    let draw = json!([{"url": host.url("/mark.png"), "width": 6, "top": 0, "left": 0}]);
    let options = json!({"width": 40, "format": "png-force", "draw": draw});
    let answer = fetch(&server, &host.url("/base.png"), &options).await;
    assert_eq!(size(&answer), (40, 30));
    assert_eq!(host.asked().len(), 2);
    let missing = json!({"width": 40, "draw": [{"url": host.url("/gone.png")}]});
    let answer = fetch(&server, &host.url("/base.png"), &missing).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("cf-resized")),
        (404, "err=9410")
    );
    assert!(answer.text().contains("overlay 1"), "{}", answer.text());
}

#[tokio::test]
async fn a_failure_has_its_number_or_opens_if_the_config_says_so() {
    let host = Host::start().await;
    let server = DevServer::start(guests::misbehaving(), "").await;
    for (path, options, expected) in [
        ("/gone.png", json!({"width": 8}), (404, "err=9404")),
        ("/text", json!({"width": 8}), (415, "err=9412")),
        ("/base.png", json!({"width": -8}), (400, "err=9401")),
        ("/base.png", json!({"format": "jpg"}), (400, "err=9401")),
        ("/base.png", json!([]), (400, "err=9401")),
        (
            "/cdn-cgi/image/w=8/base.png",
            json!({"width": 8}),
            (508, "err=9403"),
        ),
    ] {
        let answer = fetch(&server, &host.url(path), &options).await;
        let found = (answer.status.as_u16(), answer.header("cf-resized"));
        assert_eq!(found, expected, "{path} {options}: {}", answer.text());
    }
    let plain = fetch(&server, &host.url("/text"), &json!({})).await;
    assert_eq!((plain.status.as_u16(), plain.text()), (200, "hello"));
    let extra = "[safelight]\ncf_image_fail_open = true\n";
    let open = DevServer::start(guests::misbehaving(), extra).await;
    let answer = fetch(&open, &host.url("/text"), &json!({"width": 8})).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "hello"));
    assert_eq!(answer.header("cf-resized"), "");
}

#[tokio::test]
async fn an_overlay_may_be_a_fraction_of_the_result() {
    let host = Host::start().await;
    let server = DevServer::start(guests::misbehaving(), "").await;
    let draw =
        json!([{"url": host.url("/mark.png"), "width": 0.5, "height": 0.5, "fit": "squeeze"}]);
    let options = json!({"width": 40, "format": "png-force", "draw": draw});
    let answer = fetch(&server, &host.url("/base.png"), &options).await;
    assert_eq!(size(&answer), (40, 30));
}
