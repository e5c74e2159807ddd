//! Calls on the wire, and the results of answers.

use http::Response;
use serde_json::{Value, json};

use super::{Answer, Call, read_answer};
use crate::r2::{
    R2Conditional, R2Etag, R2GetOptions, R2Hash, R2HttpMetadata, R2ListOptions, R2ObjectBody,
    R2PutOptions, R2Range, R2StorageClass,
};
use crate::{Body, Error, now::now};

const OBJECT: &str = r#"{"name":"a","version":"v","size":5,"etag":"e","uploaded":1000,"range":{"offset":1,"length":"3"},"checksums":{"0":"m","2":"s"},"storageClass":"Standard","unheardOf":1}"#;

fn answer(status: u16, error: &str, json: &str, rest: &str) -> crate::Response {
    let mut answer = Response::builder().status(status);
    if !error.is_empty() {
        answer = answer.header("cf-r2-error", error);
    }
    if !json.is_empty() {
        answer = answer.header("cf-r2-metadata-size", json.len());
    }
    answer.body(Body::from(format!("{json}{rest}"))).unwrap()
}

#[test]
fn the_json_begins_with_version_and_method_and_is_fit_for_a_header() {
    let call = Call::new("head", json!({ "object": "a\u{7f}\n\"é" }));
    assert_eq!(
        call.json,
        "{\"version\":1,\"method\":\"head\",\"object\":\"a\\u007f\\n\\\"é\"}"
    );
    assert!(http::HeaderValue::try_from(call.json).is_ok());
}

#[test]
fn options_are_what_the_wire_calls_them() {
    let get = R2GetOptions::new()
        .range(R2Range::Slice {
            offset: 1,
            length: 3,
        })
        .only_if(
            R2Conditional::new()
                .etag_matches("e")
                .etag_does_not_match(R2Etag::Any)
                .uploaded_after(std::time::UNIX_EPOCH),
        );
    assert_eq!(
        get.into_json("k").unwrap(),
        json!({
            "object": "k",
            "range": { "offset": "1", "length": "3" },
            "onlyIf": {
                "etagMatches": [{ "value": "e", "type": "strong" }],
                "etagDoesNotMatch": [{ "type": "wildcard" }],
                "uploadedAfter": "0",
            },
        })
    );
    let put = R2PutOptions::new()
        .http_metadata(R2HttpMetadata {
            cache_control: Some("no-store".into()),
            cache_expiry: Some(std::time::UNIX_EPOCH),
            ..R2HttpMetadata::default()
        })
        .content_type("text/plain")
        .custom_metadata("a", "b")
        .storage_class(R2StorageClass::InfrequentAccess)
        .hash(R2Hash::Sha1(
            "a9993e364706816aba3e25717850c26c9cd0d89d".into(),
        ));
    assert_eq!(
        put.into_json("k").unwrap(),
        json!({
            "object": "k",
            "httpFields": { "contentType": "text/plain", "cacheControl": "no-store", "cacheExpiry": "0" },
            "customFields": [{ "k": "a", "v": "b" }],
            "storageClass": "InfrequentAccess",
            "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d",
        })
    );
    let list = R2ListOptions::new()
        .limit(0)
        .prefix("")
        .include_http_metadata();
    assert_eq!(
        list.into_json(),
        json!({ "limit": 0, "prefix": "", "include": [0], "newRuntime": true })
    );
}

#[test]
fn a_star_is_any_tag_and_a_quoted_one_is_refused() {
    let into_json = |condition: R2Conditional| condition.into_json();
    let any = json!([{ "type": "wildcard" }]);
    let condition = R2Conditional::new()
        .etag_matches("*")
        .etag_does_not_match("*".to_owned());
    assert_eq!(
        into_json(condition).unwrap(),
        json!({ "etagMatches": any.clone(), "etagDoesNotMatch": any })
    );
    let quoted = R2Conditional::new().etag_does_not_match("\"e\"");
    let error = into_json(quoted).unwrap_err();
    assert!(error.to_string().contains("without quotes"), "{error}");
}

#[test]
fn the_json_is_cut_off_and_the_bytes_behind_it_stay() {
    let Ok(Answer::Success(good)) = now(read_answer("get", answer(200, "", OBJECT, "ell"))) else {
        panic!("no object");
    };
    let (object, body) = good.object().unwrap();
    assert_eq!((object.size, object.range), (5, Some((1, 3))));
    assert_eq!(object.checksums["sha256"], "s");
    assert_eq!(object.http_metadata, Some(R2HttpMetadata::default()));
    assert_eq!(body.length(), Some(3));
    assert_eq!(now(body.text(9)).unwrap(), "ell");
}

#[test]
fn metadata_are_the_headers_that_a_body_came_with() {
    let metadata = R2HttpMetadata {
        content_type: Some("text/plain".into()),
        content_language: Some("de".into()),
        content_disposition: Some("inline".into()),
        content_encoding: Some("br".into()),
        cache_control: Some("no-store".into()),
        cache_expiry: Some(std::time::UNIX_EPOCH),
    };
    let Ok(Answer::Success(good)) = now(read_answer("get", answer(200, "", OBJECT, "ell"))) else {
        panic!("no object");
    };
    let (mut object, body) = good.object().unwrap();
    object.http_metadata = Some(metadata.clone());
    let response = R2ObjectBody::new(object, body).response();
    assert_eq!(R2HttpMetadata::from_headers(response.headers()), metadata);
    assert_eq!(
        R2HttpMetadata::from_headers(&http::HeaderMap::new()),
        R2HttpMetadata::default()
    );
}

#[test]
fn a_part_is_no_response_of_the_whole() {
    let response = |json: &str, rest| {
        let Ok(Answer::Success(good)) = now(read_answer("get", answer(200, "", json, rest))) else {
            panic!("no object");
        };
        let (object, body) = good.object().unwrap();
        R2ObjectBody::new(object, body).response()
    };
    let part = response(OBJECT, "ell");
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 1-3/5");
    assert_eq!(part.body().length(), Some(3));
    for (size, whole) in [(5, "hello"), (0, "")] {
        let range = json!({ "offset": 0, "length": size });
        let mut json: Value = serde_json::from_str(OBJECT).unwrap();
        (json["range"], json["size"]) = (range, size.into());
        let whole = response(&json.to_string(), whole);
        assert_eq!(
            (whole.status().as_u16(), whole.body().length()),
            (200, Some(size))
        );
        assert!(!whole.headers().contains_key("content-range"));
    }
}

#[test]
fn only_no_such_key_is_no_object() {
    let error_header =
        |code: u32| json!({ "version": 1, "v4code": code, "message": "no" }).to_string();
    let outcome = |status, error: &str, json| match now(read_answer(
        "get",
        answer(status, error, json, ""),
    )) {
        Ok(Answer::Success(_)) => "good".to_owned(),
        Ok(Answer::NotFound) => "none".to_owned(),
        Ok(Answer::PreconditionFailed(object)) => format!("refused {}", object.is_some()),
        Err(Error::R2(error)) => error.to_string(),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(outcome(404, &error_header(10007), ""), "none");
    assert_eq!(outcome(404, &error_header(10024), ""), "get: no (10024)");
    assert_eq!(outcome(412, &error_header(10031), OBJECT), "refused true");
    assert_eq!(outcome(412, &error_header(10032), ""), "refused false");
    assert_eq!(outcome(500, "", ""), "get: Unspecified error (0)");
    assert_eq!(outcome(500, "garbage", ""), "get: Unspecified error (0)");
}

#[test]
fn a_value_of_unknown_length_is_refused_before_anything_is_sent() {
    let service = super::Service::new("http://bindings.internal/BUCKET");
    let stream = Body::stream(async |_| Ok(()));
    let error = now(service.put(Call::new("put", Value::Null), stream))
        .err()
        .unwrap();
    assert!(error.to_string().contains("known length"), "{error}");
}
