//! Parts of objects.

use serde_json::{Value, json};

use crate::bucket::TestBucket;
use crate::objects::noise;
use crate::on_both_stores;
use crate::uploads::Upload;

on_both_stores! {
    a_range_returns_its_bytes_and_its_offset
    a_range_without_bytes_is_10039
    every_range_has_a_digest
}

async fn a_range_returns_its_bytes_and_its_offset(bucket: TestBucket) {
    bucket.put("v", "value").await;
    for (asked, text, offset) in [
        (json!({ "range": {} }), "value", 0),
        (json!({ "range": { "offset": "3" } }), "ue", 3),
        (json!({ "range": { "length": 3 } }), "val", 0),
        (json!({ "range": { "length": "42" } }), "value", 0),
        (json!({ "range": { "offset": 1, "length": "3" } }), "alu", 1),
        (json!({ "range": { "suffix": "3" } }), "lue", 2),
        (json!({ "range": { "suffix": 42 } }), "value", 0),
        (json!({ "rangeHeader": "bytes=1-2" }), "al", 1),
        (json!({ "rangeHeader": "bytes=nonsense" }), "value", 0),
    ] {
        let reply = bucket.read(get_request("v", &asked)).await;
        assert_eq!(reply.text(), text, "{asked}");
        let range = json!({ "offset": offset, "length": text.len() });
        assert_eq!(reply.json["range"], range, "{asked}");
        assert!(reply.has_right_digest(), "{asked}");
        assert_eq!(reply.json["size"], 5);
    }
}

async fn a_range_without_bytes_is_10039(bucket: TestBucket) {
    bucket.put("v", "value").await;
    bucket.put("empty", "").await;
    for (key, asked) in [
        ("v", json!({ "range": { "offset": "42" } })),
        ("v", json!({ "range": { "length": "0" } })),
        ("v", json!({ "range": { "suffix": "0" } })),
        ("v", json!({ "rangeHeader": "bytes=5-" })),
        ("empty", json!({ "range": {} })),
        ("empty", json!({ "range": { "suffix": "1" } })),
    ] {
        let reply = bucket.read(get_request(key, &asked)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (416, 10039),
            "{asked}"
        );
    }
    assert_eq!(bucket.get("empty").await.text(), "");
}

async fn every_range_has_a_digest(bucket: TestBucket) {
    // Several blobs of a store, and several blocks of each; and several blobs of a folder.
    let large = noise((9 << 20) + 7);
    bucket.put("large", &large).await;
    let upload = Upload::create(&bucket, "parts").await;
    let text = "x".repeat(300_000);
    let mut parts = Vec::new();
    for number in 1..=3 {
        parts.push(upload.good_part(number, &text).await);
    }
    upload.complete(&parts).await.good();
    let parts = text.repeat(3).into_bytes();
    let mut random = fastrand::Rng::with_seed(10);
    for (key, value) in [("large", &large), ("parts", &parts)] {
        let block = 256 * 1024;
        let mut ranges = vec![
            0..value.len(),
            0..block,
            0..block + 1,
            block - 1..2 * block,
            299_999..300_001,
        ];
        ranges.extend((0..20).map(|_| {
            let start = random.usize(0..value.len());
            start..random.usize(start + 1..=value.len())
        }));
        for range in ranges {
            let asked = json!({ "range": { "offset": range.start, "length": range.len() } });
            let reply = bucket.read(get_request(key, &asked)).await;
            assert!(reply.value == value[range.clone()], "{key} {range:?}");
            assert!(reply.has_right_digest(), "{key} {range:?}");
        }
    }
}

#[tokio::test]
async fn a_part_of_an_altered_blob_is_refused_or_belies_its_digest() {
    let bucket = TestBucket::in_a_folder().await;
    let mut value = noise(1_000_000);
    bucket.put("k", &value).await;
    value[500_000] ^= 1;
    std::fs::write(bucket.only_blob(), &value).unwrap();
    let get = async |offset: u32, length: u32| {
        let asked = json!({ "range": { "offset": offset, "length": length } });
        bucket.read(get_request("k", &asked)).await
    };
    assert_eq!(get(499_000, 2_000).await.code(), 10001);
    assert_eq!(get(0, 499_000).await.code(), 10001);
    assert!(!get(100_000, 800_000).await.has_right_digest());
    assert!(get(0, 200_000).await.has_right_digest());
    assert!(get(600_000, 400_000).await.has_right_digest());
}

fn get_request(key: &str, asked: &Value) -> Value {
    let mut json = json!({ "method": "get", "object": key });
    let fields = asked.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(fields);
    json
}
