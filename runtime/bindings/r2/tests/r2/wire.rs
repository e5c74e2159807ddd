//! The bytes of the wire, as workerd's client writes and reads them.

use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::json;

use crate::bucket::TestBucket;
use crate::client::{Reply, full, reply};

async fn get_json(bucket: &TestBucket, json: impl AsRef<[u8]>) -> Reply {
    let request = Request::get("https://fake-host")
        .header("cf-r2-request", json.as_ref())
        .body(full(""))
        .unwrap();
    reply(&Method::GET, bucket.send(request).await).await
}

async fn put_json(bucket: &TestBucket, json: &str, value: &str) -> Reply {
    let request = Request::put("https://fake-host/")
        .header("cf-r2-metadata-size", json.len())
        .header("content-length", json.len() + value.len())
        .body(full(format!("{json}{value}")))
        .unwrap();
    reply(&Method::PUT, bucket.send(request).await).await
}

#[tokio::test]
async fn every_request_of_the_client_is_understood() {
    let bucket = TestBucket::in_a_folder().await;
    // Each request is as workerd's client writes it, with the fields that it writes for missing options.
    for (json, value) in [
        (r#"{"version":1,"method":"put","object":"k"}"#, "hello"),
        (
            r#"{"version":1,"method":"put","object":"k","customFields":[],"httpFields":{},"onlyIf":{}}"#,
            "",
        ),
        (
            r#"{"version":1,"method":"put","object":"a.txt","customFields":[{"k":"a","v":"b"}],"httpFields":{"contentType":"text/plain","cacheExpiry":"1767225600000"},"onlyIf":{"etagDoesNotMatch":[{"type":"wildcard"}],"secondsGranularity":true},"md5":"XUFAKrxLKna5cZ2REBfFkg==","storageClass":"Standard"}"#,
            "hello",
        ),
        (r#"{"version":1,"method":"delete","object":"k"}"#, ""),
        (r#"{"version":1,"method":"delete","objects":["k","l"]}"#, ""),
    ] {
        assert_eq!(put_json(&bucket, json, value).await.status, 200, "{json}");
    }
    for json in [
        r#"{"version":1,"method":"head","object":"a.txt"}"#,
        r#"{"version":1,"method":"get","object":"a.txt"}"#,
        r#"{"version":1,"method":"get","object":"a.txt","range":{},"onlyIf":{}}"#,
        r#"{"version":1,"method":"get","object":"a.txt","range":{"suffix":"2"}}"#,
        r#"{"version":1,"method":"get","object":"a.txt","onlyIf":{"secondsGranularity":true},"rangeHeader":"bytes=1-3"}"#,
        r#"{"version":1,"method":"list","newRuntime":true}"#,
        r#"{"version":1,"method":"list","limit":10,"prefix":"","delimiter":"","include":[],"newRuntime":true}"#,
        r#"{"version":1,"method":"list","startAfter":"","include":[0,1],"newRuntime":true}"#,
    ] {
        assert_eq!(get_json(&bucket, json).await.status, 200, "{json}");
    }
}

#[tokio::test]
async fn every_request_of_an_upload_in_parts_is_understood() {
    let bucket = TestBucket::in_a_folder().await;
    let create = r#"{"version":1,"method":"createMultipartUpload","object":"k","customFields":[],"httpFields":{},"storageClass":"Standard"}"#;
    let part = |id: &str| {
        format!(
            r#"{{"version":1,"method":"uploadPart","object":"k","uploadId":"{id}","partNumber":1}}"#
        )
    };
    // Numbers may come as text as well.
    for number in ["1", "\"1\""] {
        let created = put_json(&bucket, create, "").await.good();
        let id = created["uploadId"].as_str().unwrap();
        let part = put_json(&bucket, &part(id), "hello").await.good();
        assert_eq!(part, json!({ "etag": "5d41402abc4b2a76b9719d911017c592" }));
        let complete = format!(
            r#"{{"version":1,"method":"completeMultipartUpload","object":"k","uploadId":"{id}","parts":[{{"etag":"5d41402abc4b2a76b9719d911017c592","part":{number}}}]}}"#
        );
        let object = put_json(&bucket, &complete, "").await.good();
        assert_eq!(object["size"], 5);
    }
    let created = put_json(&bucket, create, "").await.good();
    let id = created["uploadId"].as_str().unwrap();
    let abort = format!(
        r#"{{"version":1,"method":"abortMultipartUpload","object":"k","uploadId":"{id}"}}"#
    );
    let aborted = put_json(&bucket, &abort, "").await;
    assert_eq!(aborted.headers["content-length"], "0");
    aborted.good();
    let list = r#"{"version":1,"method":"list","include":["0",1],"newRuntime":true}"#;
    let list = get_json(&bucket, list).await.good();
    assert_eq!(list["objects"][0]["httpFields"], json!({}));
}

#[tokio::test]
async fn an_answer_has_its_json_in_front_and_then_the_bytes() {
    let bucket = TestBucket::in_a_folder().await;
    put_json(
        &bucket,
        r#"{"version":1,"method":"put","object":"a.txt"}"#,
        "hello",
    )
    .await;
    let request = Request::get("https://fake-host/")
        .header(
            "cf-r2-request",
            r#"{"version":1,"method":"get","object":"a.txt","range":{"offset":"1","length":"3"}}"#,
        )
        .body(full(""))
        .unwrap();
    let response = bucket.send(request).await;
    assert_eq!(response.status(), 200, "also of a part");
    let size: usize = response.headers()["cf-r2-metadata-size"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    // The JSON is a piece of its own, so that its reader can pass on the rest unread.
    assert_eq!(response.headers()["safelight-json-apart"], "1");
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first.len(), size);
    let json = String::from_utf8(first.to_vec()).unwrap();
    let (version, uploaded) = (field(&json, "version"), field(&json, "uploaded"));
    assert_eq!(
        json,
        format!(
            r#"{{"name":"a.txt","version":{version},"size":5,"etag":"5d41402abc4b2a76b9719d911017c592","uploaded":{uploaded},"httpFields":{{}},"customFields":[],"range":{{"offset":1,"length":3}},"checksums":{{"0":"5d41402abc4b2a76b9719d911017c592"}},"storageClass":"Standard"}}"#
        )
    );
    assert_eq!(body.collect().await.unwrap().to_bytes(), "ell");
}

fn field(json: &str, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    value[name].to_string()
}

#[tokio::test]
async fn keys_outside_ascii_travel_as_they_are() {
    let bucket = TestBucket::in_a_folder().await;
    let json = "{\"version\":1,\"method\":\"put\",\"object\":\"é📷\u{7f}\"}";
    assert_eq!(put_json(&bucket, json, "1").await.status, 200);
    let head = "{\"version\":1,\"method\":\"head\",\"object\":\"é📷\\u007f\"}";
    assert_eq!(get_json(&bucket, head).await.json["name"], "é📷\u{7f}");
    // The text of an error is valid in a header, whatever it holds.
    let wrong = "{\"version\":1,\"method\":\"put\",\"object\":\"k\",\"é\u{7f}\\n\":1}";
    let refused = put_json(&bucket, wrong, "").await;
    assert!(
        refused.code() == 10029 && refused.error["message"].as_str().unwrap().contains('é'),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_unreadable_request_is_10029() {
    let bucket = TestBucket::in_a_folder().await;
    for json in [
        "",
        "{",
        "[]",
        r#"{"method":"head","object":"k"}"#,
        r#"{"version":2,"method":"head","object":"k"}"#,
        r#"{"version":1,"method":"head"}"#,
        r#"{"version":1,"method":"head","object":7}"#,
        r#"{"version":1,"method":"createBucket","bucket":"b"}"#,
        r#"{"version":1,"method":"put","object":"k"}"#,
        r#"{"version":1,"method":"get","object":"k","range":{"suffix":"1","offset":"1"},"rangeHeader":"x"}"#,
        r#"{"version":1,"method":"get","object":"k","range":{"offset":"x"}}"#,
        r#"{"version":1,"method":"get","object":"k","onlyIf":{"etagMatches":[{"type":"odd"}]}}"#,
        r#"{"version":1,"method":"get","object":"k","ssec":{"key":"00"}}"#,
    ] {
        let reply = get_json(&bucket, json).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, 10029),
            "{json}"
        );
    }
    let reply = get_json(
        &bucket,
        b"{\"version\":1,\"method\":\"head\",\"object\":\"\xff\"}",
    )
    .await;
    assert_eq!(reply.code(), 10029);
    let reply = put_json(&bucket, r#"{"version":1,"method":"head","object":"k"}"#, "").await;
    assert_eq!(reply.code(), 10029);
    let reply = put_json(
        &bucket,
        r#"{"version":1,"method":"delete","object":"k"}"#,
        "value",
    )
    .await;
    assert_eq!(reply.code(), 10029);
}

#[tokio::test]
async fn lists_that_are_too_long_are_refused_while_they_are_read() {
    let bucket = TestBucket::in_a_folder().await;
    let tags = vec![json!({ "type": "wildcard" }); 1001];
    let condition = json!({ "method": "get", "object": "k", "onlyIf": { "etagMatches": tags } });
    assert_eq!(bucket.read(condition).await.code(), 10029);
    let fields = vec![json!({ "k": "", "v": "" }); 100_000];
    let put = json!({ "method": "put", "object": "k", "customFields": fields });
    // The code is that of any other metadata that is too large.
    assert_eq!(bucket.write(put, "").await.code(), 10012);
}

#[tokio::test]
async fn every_malformed_request_has_its_code() {
    let bucket = TestBucket::in_a_folder().await;
    let json = r#"{"version":1,"method":"put","object":"k"}"#;
    let put = || Request::put("https://fake-host/");
    let with_length = || put().header("content-length", json.len());
    for (request, method, status, code) in [
        (
            put().header("cf-r2-metadata-size", json.len()),
            Method::PUT,
            411,
            10033,
        ),
        (with_length(), Method::PUT, 400, 10029),
        (
            with_length().header("cf-r2-metadata-size", json.len() + 1),
            Method::PUT,
            400,
            10029,
        ),
        (
            with_length().header("cf-r2-metadata-size", 9_000_000),
            Method::PUT,
            400,
            10029,
        ),
        (Request::get("https://fake-host/"), Method::GET, 400, 10029),
        (
            Request::post("https://fake-host/"),
            Method::POST,
            400,
            10029,
        ),
        (Request::get("https://fake-host/k"), Method::GET, 404, 10006),
    ] {
        let answer = bucket.send(request.body(full(json)).unwrap()).await;
        let answer = reply(&method, answer).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{answer:?}"
        );
    }
}
