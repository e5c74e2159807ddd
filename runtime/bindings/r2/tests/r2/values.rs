//! Values that are not what their request says, and limits.

use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Method, Request};
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use tokio::sync::Notify;

use crate::bucket::{TestBucket, broken};
use crate::client::{full, reply, with_version};
use crate::on_both_stores;

on_both_stores! {
    a_value_that_breaks_off_stores_nothing
    a_dropped_put_stores_nothing
    a_put_that_is_dropped_at_any_step_is_complete_or_leaves_nothing
    limits_are_checked_and_the_upload_is_read_to_its_end
    the_largest_metadata_is_read_by_a_client
}

async fn a_value_that_breaks_off_stores_nothing(bucket: TestBucket) {
    bucket.put("k", "old").await;
    let json = with_version(json!({ "method": "put", "object": "k" }));
    let mut random = fastrand::Rng::with_seed(3);
    for round in 0..8 {
        let sent = random.usize(0..3 << 20);
        let head = Request::put("http://fake-host/")
            .header("cf-r2-metadata-size", json.len())
            .header("content-length", json.len() + (3 << 20));
        let pieces = vec![Bytes::from(json.clone()), vec![7; sent].into()];
        // The body ends in an error, or too early without one.
        let body = match round % 2 {
            0 => broken(pieces),
            _ => full(pieces.concat()),
        };
        let answer = reply(&Method::PUT, bucket.send(head.body(body).unwrap()).await).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, 10013));
        assert_eq!(bucket.get("k").await.text(), "old");
    }
    let longer = Request::put("http://fake-host/")
        .header("cf-r2-metadata-size", json.len())
        .header("content-length", json.len() + 1)
        .body(full(format!("{json}12")))
        .unwrap();
    let answer = reply(&Method::PUT, bucket.send(longer).await).await;
    assert_eq!(answer.code(), 10029);
    assert_eq!(bucket.blobs().await, 1);
}

async fn a_dropped_put_stores_nothing(bucket: TestBucket) {
    bucket.put("k", "old").await;
    let json = with_version(json!({ "method": "put", "object": "k" }));
    // The body has more than one blob of a store, and never ends.
    let pieces = [Bytes::from(json.clone()), vec![7; 9 << 20].into()];
    let taken = Arc::new(Notify::new());
    let all = taken.clone();
    let frames = pieces
        .into_iter()
        .map(|piece| Ok(http_body::Frame::data(piece)));
    let frames =
        futures_util::stream::iter(frames).chain(futures_util::stream::poll_fn(move |_| {
            all.notify_one();
            Poll::Pending
        }));
    let request = Request::put("http://fake-host/")
        .header("cf-r2-metadata-size", json.len())
        .header("content-length", json.len() + (10 << 20))
        .body(StreamBody::new(frames).boxed_unsync())
        .unwrap();
    tokio::select! {
        answer = bucket.send(request) => panic!("{answer:?}"),
        () = taken.notified() => {}
    }
    assert_eq!(bucket.blobs().await, 1);
}

async fn a_put_that_is_dropped_at_any_step_is_complete_or_leaves_nothing(bucket: TestBucket) {
    let json = with_version(json!({ "method": "put", "object": "k" }));
    // More than a folder takes at once; and so little that all of it is written at the end.
    for value in [vec![7; 1_300_000], vec![7; 10]] {
        for steps in (0..28).map(|round| round % 7) {
            bucket.put("k", "old").await;
            let body = Bytes::from([json.as_bytes(), &value].concat());
            let request = Request::put("http://fake-host/")
                .header("cf-r2-metadata-size", json.len())
                .header("content-length", body.len());
            // The first step of every put is the wait for its body.
            let frames = futures_util::stream::once(async {
                tokio::task::yield_now().await;
                Ok(http_body::Frame::data(body))
            });
            let body = StreamBody::new(frames).boxed_unsync();
            let put = bucket.send(request.body(body).unwrap());
            let put = dropped_after(steps, put).await;
            assert!(put.is_none() || steps > 0, "it did not wait");
            // A put that continues without its caller leaves no blob behind.
            assert_eq!(bucket.blobs().await, 1, "after {steps} steps");
            let found = bucket.get("k").await;
            let is_done = found.value == value;
            assert!(
                is_done || put.is_none() && found.text() == "old",
                "it is neither"
            );
        }
    }
}

/// Polls a future until it has been pending `steps` times, and then drops it unless it is ready.
async fn dropped_after<F: Future>(steps: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = steps;
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn limits_are_checked_and_the_upload_is_read_to_its_end(bucket: TestBucket) {
    let metadata = |length: usize| json!([{ "k": "", "v": "x".repeat(length) }]);
    let value = vec![0; 4 << 20];
    for (put, code) in [
        (json!({ "object": "k".repeat(1025) }), 10020),
        // In bytes, not in characters.
        (json!({ "object": "é".repeat(513) }), 10020),
        (
            json!({ "object": "k", "customFields": metadata(8193) }),
            10012,
        ),
        (
            json!({ "object": "k", "httpFields": { "contentType": "x".repeat(8193) } }),
            10012,
        ),
        (json!({ "object": "k", "storageClass": "Cold" }), 10029),
        (
            json!({ "object": "k", "ssec": { "key": "0".repeat(64) } }),
            10029,
        ),
        (json!({ "object": "k", "unheardOf": 1 }), 10029),
    ] {
        let mut put = put;
        put["method"] = "put".into();
        let json = with_version(put);
        let (body, unread) = crate::bucket::counted(&[json.as_bytes(), &value].concat());
        let request = Request::put("http://fake-host/")
            .header("cf-r2-metadata-size", json.len())
            .header("content-length", json.len() + value.len())
            .body(body)
            .unwrap();
        let answer = reply(&Method::PUT, bucket.send(request).await).await;
        assert_eq!(answer.code(), code, "{answer:?}");
        assert_eq!(unread(), 0, "bytes are unread when the answer comes");
    }
    let most =
        json!({ "method": "put", "object": "é".repeat(512), "customFields": metadata(8192) });
    bucket.write(most, "").await.good();
    let too_large = Request::put("http://fake-host/")
        .header("cf-r2-metadata-size", 41)
        .header("content-length", 41_u64 + 5_363_466_241)
        .body(full(r#"{"version":1,"method":"put","object":"k"}"#))
        .unwrap();
    let answer = reply(&Method::PUT, bucket.send(too_large).await).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, 100_100));
}

async fn the_largest_metadata_is_read_by_a_client(bucket: TestBucket) {
    // Each character has six on the wire.
    let most = json!({
        "method": "put", "object": "\u{1}".repeat(1024),
        "httpFields": { "contentType": "\u{1}".repeat(8192) },
        "customFields": [{ "k": "\u{1}", "v": "\u{1}".repeat(8191) }]
    });
    bucket.write(most, "").await.good();
    let most = bucket.get(&"\u{1}".repeat(1024)).await;
    assert!(
        most.headers["cf-r2-metadata-size"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            < 1_048_576
    );
    assert_eq!(
        most.good()["httpFields"]["contentType"],
        "\u{1}".repeat(8192)
    );
}
