//! `put`, `head`, `get` and `delete`: the data that is stored, returned and deleted.

use std::sync::Arc;

use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::bucket::TestBucket;
use crate::client::{full, with_version};
use crate::on_both_stores;

on_both_stores! {
    an_object_is_returned_with_all_of_its_metadata
    every_digest_is_compared_and_kept
    a_missing_object_is_10007
    deleting_forgets_all_or_nothing
    a_put_replaces_everything_of_what_was_there
    a_large_value_comes_back_byte_for_byte
    many_large_values_at_once_do_not_mix
    a_reader_gets_the_object_that_was_there_when_its_read_began
    an_answered_put_survives_a_restart
}

async fn an_object_is_returned_with_all_of_its_metadata(bucket: TestBucket) {
    let put = json!({
        "method": "put", "object": "a/ü.txt",
        "httpFields": {
            "contentType": "text/plain", "contentLanguage": "de", "contentDisposition": "inline",
            "contentEncoding": "br", "cacheControl": "no-store", "cacheExpiry": "1000"
        },
        "customFields": [{ "k": "b", "v": "1" }, { "k": "a", "v": "2" }, { "k": "b", "v": "3" }],
        "storageClass": "InfrequentAccess"
    });
    let mut put = bucket.write(put, "hello").await.good();
    let version = put["version"].as_str().unwrap().to_owned();
    assert!(version.len() == 32 && version.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let uploaded = put["uploaded"].as_u64().unwrap();
    let expected = json!({
        "name": "a/ü.txt", "version": version, "size": 5, "uploaded": uploaded,
        "etag": "5d41402abc4b2a76b9719d911017c592",
        "httpFields": {
            "contentType": "text/plain", "contentLanguage": "de", "contentDisposition": "inline",
            "contentEncoding": "br", "cacheControl": "no-store", "cacheExpiry": 1000
        },
        "customFields": [{ "k": "b", "v": "3" }, { "k": "a", "v": "2" }],
        "checksums": { "0": "5d41402abc4b2a76b9719d911017c592" },
        "storageClass": "InfrequentAccess"
    });
    assert_eq!(put, expected);
    // The answer of a read also has the range.
    put["range"] = json!({ "offset": 0, "length": 5 });
    let head = bucket
        .read(json!({ "method": "head", "object": "a/ü.txt" }))
        .await;
    assert_eq!(head.value, b"");
    assert_eq!(head.good(), put);
    let get = bucket.get("a/ü.txt").await;
    assert_eq!(get.text(), "hello");
    assert_eq!(get.good(), put);
}

async fn every_digest_is_compared_and_kept(bucket: TestBucket) {
    for (name, key, given, kept) in [
        (
            "md5",
            "0",
            "kAFQmDzST7DWlj99KOF/cg==",
            "900150983cd24fb0d6963f7d28e17f72",
        ),
        (
            "sha1",
            "1",
            "A9993E364706816ABA3E25717850C26C9CD0D89D",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            "sha256",
            "2",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
    ] {
        let put = json!({ "method": "put", "object": name, name: given });
        let stored = bucket.write(put.clone(), "abc").await.good();
        assert_eq!(stored["checksums"][key], kept);
        let refused = bucket.write(put, "abd").await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, 10037));
        assert!(
            refused.error["message"].as_str().unwrap().contains(kept),
            "{refused:?}"
        );
        assert_eq!(bucket.get(name).await.text(), "abc");
    }
    let malformed = json!({ "method": "put", "object": "x", "sha1": "abc" });
    assert_eq!(bucket.write(malformed, "abc").await.code(), 10014);
    let two = json!({
        "method": "put",
        "object": "x",
        "md5": "kAFQmDzST7DWlj99KOF/cg==",
        "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d"
    });
    assert_eq!(bucket.write(two, "abc").await.code(), 10029);
}

async fn a_missing_object_is_10007(bucket: TestBucket) {
    for method in ["head", "get"] {
        let reply = bucket
            .read(json!({ "method": method, "object": "x" }))
            .await;
        assert_eq!((reply.status.as_u16(), reply.code()), (404, 10007));
    }
}

async fn deleting_forgets_all_or_nothing(bucket: TestBucket) {
    for key in ["a", "b", "c", ""] {
        bucket.put(key, key).await;
    }
    let too_long = "x".repeat(1025);
    let refused = bucket
        .write(
            json!({ "method": "delete", "objects": ["a", too_long] }),
            "",
        )
        .await;
    assert_eq!(refused.code(), 10020);
    assert_eq!(bucket.get("a").await.text(), "a");
    let deleted = bucket
        .write(
            json!({ "method": "delete", "objects": ["a", "x", "b"] }),
            "",
        )
        .await;
    assert_eq!(deleted.good(), Value::Null);
    bucket
        .write(json!({ "method": "delete", "object": "" }), "")
        .await
        .good();
    for (key, code) in [("a", 10007), ("b", 10007), ("", 10007), ("c", 0)] {
        assert_eq!(bucket.get(key).await.code(), code, "{key}");
    }
    for keys in [vec![], vec!["k"; 1001], vec!["k"; 5000]] {
        let refused = bucket
            .write(json!({ "method": "delete", "objects": keys }), "")
            .await;
        assert_eq!(refused.code(), 10027);
    }
}

async fn a_put_replaces_everything_of_what_was_there(bucket: TestBucket) {
    let first = json!({
        "method": "put", "object": "k", "customFields": [{ "k": "a", "v": "b" }],
        "httpFields": { "contentType": "x/y" }, "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d"
    });
    let first = bucket.write(first, "abc").await.good();
    let second = bucket.put("k", "").await;
    assert_ne!(first["version"], second["version"]);
    let get = bucket.get("k").await;
    assert_eq!(get.text(), "");
    assert_eq!(get.json["customFields"], json!([]));
    assert_eq!(get.json["httpFields"], json!({}));
    assert_eq!(
        get.json["checksums"],
        json!({ "0": "d41d8cd98f00b204e9800998ecf8427e" })
    );
    assert_eq!(get.json["range"], json!({ "offset": 0, "length": 0 }));
}

/// Bytes that are not the same anywhere.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(length as u64);
    let mut noise = vec![0; length];
    random.fill(&mut noise);
    noise
}

async fn a_large_value_comes_back_byte_for_byte(bucket: TestBucket) {
    // More than one blob of a store, and many steps of a file.
    let value = noise(20 * 1024 * 1024 + 7);
    bucket.put("large", &value).await;
    let whole = bucket.get("large").await;
    assert!(whole.headers.contains_key("repr-digest"));
    assert!(whole.value == value, "the bytes differ");
    let range = json!({ "method": "get", "object": "large", "range": { "offset": "8388600", "length": "100" } });
    assert_eq!(bucket.read(range).await.value, value[8_388_600..8_388_700]);
    bucket
        .write(json!({ "method": "delete", "object": "large" }), "")
        .await
        .good();
    assert_eq!(bucket.blobs().await, 0);
}

async fn many_large_values_at_once_do_not_mix(bucket: TestBucket) {
    // More than all of them may hold in memory together.
    let bucket = Arc::new(bucket);
    let puts: Vec<_> = (0..12_usize)
        .map(|number| {
            let bucket = bucket.clone();
            tokio::spawn(async move {
                let value = noise((7 << 20) + number);
                bucket.put(&number.to_string(), &value).await;
                assert!(
                    bucket.get(&number.to_string()).await.value == value,
                    "the bytes differ"
                );
            })
        })
        .collect();
    for put in puts {
        put.await.unwrap();
    }
}

async fn a_reader_gets_the_object_that_was_there_when_its_read_began(bucket: TestBucket) {
    let old = noise(9 * 1024 * 1024);
    bucket.put("k", &old).await;
    let request = http::Request::get("http://fake-host/")
        .header(
            "cf-r2-request",
            with_version(json!({ "method": "get", "object": "k" })),
        )
        .body(full(""))
        .unwrap();
    let reading = bucket.send(request).await;
    bucket.put("k", "new").await;
    bucket
        .write(json!({ "method": "delete", "object": "k" }), "")
        .await
        .good();
    let size: usize = reading.headers()["cf-r2-metadata-size"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let body = reading.into_body().collect().await.unwrap().to_bytes();
    assert!(body[size..] == old, "the bytes differ");
    assert_eq!(bucket.blobs().await, 0);
    assert_eq!(bucket.get("k").await.code(), 10007);
}

async fn an_answered_put_survives_a_restart(bucket: TestBucket) {
    bucket.put("k", "kept").await;
    let bucket = bucket.reopened().await;
    assert_eq!(bucket.get("k").await.text(), "kept");
    let bucket = Arc::new(bucket);
    // Many puts at the same time succeed as one does.
    let puts = (0..20).map(|number| {
        let bucket = bucket.clone();
        tokio::spawn(async move { bucket.put(&format!("k{number}"), number.to_string()).await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap();
    }
    for number in 0..20 {
        assert_eq!(
            bucket.get(&format!("k{number}")).await.text(),
            number.to_string()
        );
    }
}
