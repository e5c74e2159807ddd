//! `onlyIf`, of `get` and of `put`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::bucket::TestBucket;
use crate::on_both_stores;

on_both_stores! {
    a_get_whose_condition_fails_returns_the_metadata
    a_put_that_is_refused_changes_nothing
    a_star_is_any_object_however_it_is_written
    one_of_racing_puts_that_create_wins
}

const HELLO: &str = "5d41402abc4b2a76b9719d911017c592";

fn matches(etag: &str) -> Value {
    json!({ "etagMatches": [{ "value": etag, "type": "strong" }] })
}

async fn a_get_whose_condition_fails_returns_the_metadata(bucket: TestBucket) {
    bucket.put("k", "hello").await;
    let get = |condition| {
        bucket.read(json!({
            "method": "get", "object": "k", "onlyIf": condition, "range": { "offset": "1" }
        }))
    };
    assert_eq!(get(matches(HELLO)).await.text(), "ello");
    let refused = get(matches("x")).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (412, 10031));
    assert_eq!(refused.json["etag"], HELLO);
    assert_eq!(refused.json["range"], json!({ "offset": 0, "length": 5 }));
    assert_eq!(refused.value, b"");
    let wildcard = get(json!({ "etagDoesNotMatch": [{ "type": "wildcard" }] })).await;
    assert_eq!(wildcard.code(), 10031);
    let early = get(json!({ "uploadedBefore": "1000", "secondsGranularity": true })).await;
    assert_eq!(early.code(), 10031);
}

async fn a_put_that_is_refused_changes_nothing(bucket: TestBucket) {
    let put = |condition: Value, value: &'static str| {
        bucket.write(
            json!({ "method": "put", "object": "k", "onlyIf": condition }),
            value,
        )
    };
    let any = json!({ "etagMatches": [{ "type": "wildcard" }] });
    let none = json!({ "etagDoesNotMatch": [{ "type": "wildcard" }] });
    assert_eq!(put(any.clone(), "hello").await.code(), 10031);
    assert_eq!(bucket.get("k").await.code(), 10007);
    put(none.clone(), "hello").await.good();
    let refused = put(none, "other").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (412, 10031));
    assert_eq!(put(matches("x"), "other").await.code(), 10031);
    assert_eq!(bucket.get("k").await.text(), "hello");
    put(any, "new").await.good();
    assert_eq!(put(matches(HELLO), "other").await.code(), 10031);
    assert_eq!(bucket.get("k").await.text(), "new");
    // Nothing is left of what was refused.
    assert_eq!(bucket.blobs().await, 1);
}

async fn a_star_is_any_object_however_it_is_written(bucket: TestBucket) {
    let tag = json!([{ "value": "*", "type": "strong" }]);
    let put = |key: &'static str, name: &str, value: &'static str| {
        let condition = json!({ name: tag.clone() });
        bucket.write(
            json!({ "method": "put", "object": key, "onlyIf": condition }),
            value,
        )
    };
    assert_eq!(put("k", "etagMatches", "none").await.code(), 10031);
    put("k", "etagDoesNotMatch", "first").await.good();
    assert_eq!(put("k", "etagDoesNotMatch", "second").await.code(), 10031);
    assert_eq!(bucket.get("k").await.text(), "first");
    put("k", "etagMatches", "third").await.good();
    assert_eq!(bucket.get("k").await.text(), "third");
}

async fn one_of_racing_puts_that_create_wins(bucket: TestBucket) {
    let bucket = Arc::new(bucket);
    let puts: Vec<_> = (0..10)
        .map(|number| {
            let bucket = bucket.clone();
            tokio::spawn(async move {
                let put = json!({
                    "method": "put", "object": "k",
                    "onlyIf": { "etagDoesNotMatch": [{ "type": "wildcard" }] }
                });
                (number, bucket.write(put, number.to_string()).await.code())
            })
        })
        .collect();
    let mut winners = Vec::new();
    for put in puts {
        match put.await.unwrap() {
            (number, 0) => winners.push(number.to_string()),
            (_, code) => assert_eq!(code, 10031),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(bucket.get("k").await.text(), winners[0]);
}
