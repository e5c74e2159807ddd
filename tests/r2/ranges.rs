//! Parts of objects.

use serde_json::{Value, json};

use crate::bucket::TestBucket;
use crate::on_both_stores;

on_both_stores! {
    a_range_is_cut_and_told
    what_has_no_bytes_is_10039
}

async fn a_range_is_cut_and_told(bucket: TestBucket) {
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
        let reply = bucket.read(of("v", &asked)).await;
        assert_eq!(reply.text(), text, "{asked}");
        let range = json!({ "offset": offset, "length": text.len() });
        assert_eq!(reply.json["range"], range, "{asked}");
        assert_eq!(reply.json["size"], 5);
    }
}

async fn what_has_no_bytes_is_10039(bucket: TestBucket) {
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
        let reply = bucket.read(of(key, &asked)).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (416, 10039),
            "{asked}"
        );
    }
    assert_eq!(bucket.get("empty").await.text(), "");
}

fn of(key: &str, asked: &Value) -> Value {
    let mut json = json!({ "method": "get", "object": key });
    let fields = asked.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(fields);
    json
}
