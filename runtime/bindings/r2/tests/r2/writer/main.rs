//! A second program that uses the bucket of a test, which may kill it: `r2-writer MODE FOLDER [ENDPOINT]`.
//!
//! | mode | does |
//! |---|---|
//! | `commands` | `get`, `put VALUE` and `put many` of the object `k`, a line of standard input each |
//! | `put` | stores one numbered object after the other |
//! | `fill` | stores objects until the disk is full, fills the rest of it, and deletes all objects |
//! | `complete` | completes one numbered upload after the other |
//!
//! The line `FIRST HOLD` of standard input gives `put` and `complete` the first number, and the event at which they wait to be
//! killed. Each event is a line of standard output. `Program` in the tests is the other side.

#![expect(
    clippy::unwrap_used,
    reason = "a program of tests stops at the first surprise"
)]

#[path = "../client.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod client;
#[path = "../content.rs"]
mod content;

use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, StreamBody};
use safelight_config::Storage;
use serde_json::{Value, json};

use client::{Client, with_version};
use content::{put_content, put_key, upload_key, upload_parts};

/// Bytes of a value that are sent at once.
const PIECE_BYTES: usize = 64 * 1024;

/// The number of the event at which the program holds. Of answers, the next event takes the place.
static HOLD: AtomicUsize = AtomicUsize::new(usize::MAX);

static EVENTS: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mode, folder, endpoint) = match arguments.as_slice() {
        [mode, folder] => (mode, folder, None),
        [mode, folder, endpoint] => (mode, folder, Some(endpoint)),
        _ => panic!("usage: r2-writer MODE FOLDER [ENDPOINT]"),
    };
    let storage = Storage {
        s3: endpoint.map(|endpoint| client::s3(endpoint.clone())),
        ..Storage::default()
    };
    let client = Client::open(folder.as_ref(), storage).await;
    match mode.as_str() {
        "commands" => serve_commands(&client).await,
        "fill" => fill_and_delete(&client, folder.as_ref()).await,
        "put" => put_numbered(&client).await,
        "complete" => complete_numbered(&client).await,
        mode => panic!("unknown mode {mode}"),
    }
    client.close().await;
}

/// Puts and gets the object `k` by the commands on standard input.
async fn serve_commands(client: &Client) {
    for line in std::io::stdin().lines() {
        match line.unwrap().as_str() {
            "get" => say(client.get("k").await.text()),
            "put many" => {
                for number in 100..120 {
                    client.put("k", number.to_string()).await;
                }
                say("done");
            }
            line => {
                client.put("k", line.strip_prefix("put ").unwrap()).await;
                say("done");
            }
        }
    }
}

/// Stores one object after the other until it is killed.
async fn put_numbered(client: &Client) {
    for number in first_number().. {
        say(&format!("begun {number}"));
        let json = with_version(json!({ "method": "put", "object": put_key(number) }));
        let content = put_content(number);
        let length = json.len() + content.len();
        let json_size = json.len();
        let pieces: Vec<_> = std::iter::once(Bytes::from(json))
            .chain(content.chunks(PIECE_BYTES).map(Bytes::copy_from_slice))
            .collect();
        let frames = pieces.into_iter().map(|piece| {
            say("piece");
            Ok(http_body::Frame::data(piece))
        });
        let request = Request::put("http://fake-host/")
            .header("cf-r2-metadata-size", json_size)
            .header("content-length", length)
            .body(StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync())
            .unwrap();
        assert_eq!(client.send(request).await.status(), 200);
        say(&format!("answered {number}"));
    }
}

/// Fills the disk of the bucket, and deletes all objects. Says what became of each step.
async fn fill_and_delete(client: &Client, folder: &Path) {
    let mut count = 0;
    loop {
        let put = json!({ "method": "put", "object": count.to_string() });
        let reply = client.write(put, vec![7; 50_000]).await;
        if reply.status != 200 {
            say(&format!("full {}", reply.error["v4code"]));
            break;
        }
        count += 1;
    }
    let mut rest = std::fs::File::create(folder.join("rest")).unwrap();
    while rest.write_all(&[7]).is_ok() {}
    let mut deleted = 0;
    for number in 0..count {
        let delete = json!({ "method": "delete", "object": number.to_string() });
        deleted += usize::from(client.write(delete, "").await.status == 200);
    }
    say(&format!("deleted {deleted} of {count}"));
    let list = client.read(json!({ "method": "list" })).await.good();
    say(&format!(
        "left {}",
        list["objects"].as_array().unwrap().len()
    ));
}

/// Completes one upload after the other until it is killed.
async fn complete_numbered(client: &Client) {
    for number in first_number().. {
        let key = upload_key(number);
        let create = json!({ "method": "createMultipartUpload", "object": key });
        let id = client.write(create, "").await.good()["uploadId"].clone();
        let mut uploaded: Vec<Value> = Vec::new();
        for (place, part) in (1..).zip(upload_parts(number)) {
            let json = json!({ "method": "uploadPart", "object": key, "uploadId": id, "partNumber": place });
            let etag = client.write(json, part).await.good()["etag"].clone();
            uploaded.push(json!({ "part": place, "etag": etag }));
        }
        let parts = json!(uploaded);
        say(&format!("begun {number} {} {parts}", id.as_str().unwrap()));
        let complete = json!({
            "method": "completeMultipartUpload", "object": key, "uploadId": id, "parts": parts
        });
        client.write(complete, "").await.good();
        say(&format!("answered {number}"));
    }
}

/// Reads the line `FIRST HOLD`.
fn first_number() -> u64 {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let (first, hold) = line.trim().split_once(' ').unwrap();
    HOLD.store(hold.parse().unwrap(), Ordering::Relaxed);
    first.parse().unwrap()
}

fn say(event: &str) {
    // One write: a kill leaves no half of a line.
    let mut output = std::io::stdout();
    output.write_all(format!("{event}\n").as_bytes()).unwrap();
    output.flush().unwrap();
    let events = EVENTS.fetch_add(1, Ordering::Relaxed) + 1;
    if events >= HOLD.load(Ordering::Relaxed) && !event.starts_with("answered ") {
        // Nothing more comes, but the end of the test.
        let _end = std::io::stdin().read_line(&mut String::new());
    }
}
