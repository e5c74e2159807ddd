//! Uploads in parts. In these tests a part needs 100 bytes.

use serde_json::{Value, json};

use crate::bucket::TestBucket;
use crate::client::Reply;
use crate::on_both_stores;

on_both_stores! {
    parts_become_one_object_when_they_are_completed
    a_part_replaces_the_one_that_had_its_number
    what_does_not_fit_is_refused_and_the_upload_stays_open
    an_upload_that_is_over_takes_nothing_more
    an_upload_goes_on_in_the_next_run
    nothing_of_an_upload_is_left_behind
}

pub(crate) struct Upload<'a> {
    pub(crate) bucket: &'a TestBucket,
    pub(crate) key: &'static str,
    pub(crate) id: String,
}

impl<'a> Upload<'a> {
    pub(crate) async fn create(bucket: &'a TestBucket, key: &'static str) -> Self {
        let create = json!({
            "method": "createMultipartUpload", "object": key, "storageClass": "InfrequentAccess",
            "customFields": [{ "k": "a", "v": "b" }], "httpFields": { "contentType": "x/y" }
        });
        let created = bucket.write(create, "").await.good();
        let id = created["uploadId"].as_str().unwrap().to_owned();
        assert_eq!(id.len(), 171);
        Self { bucket, key, id }
    }

    pub(crate) async fn part(&self, number: u32, value: &str) -> Reply {
        let part = json!({
            "method": "uploadPart", "object": self.key, "uploadId": self.id, "partNumber": number
        });
        self.bucket.write(part, value).await
    }

    /// Uploads a part, and returns its element for the list of `complete`.
    pub(crate) async fn good_part(&self, number: u32, value: &str) -> Value {
        let etag = self.part(number, value).await.good()["etag"].clone();
        json!({ "part": number, "etag": etag })
    }

    pub(crate) async fn complete(&self, parts: &[Value]) -> Reply {
        let complete = json!({
            "method": "completeMultipartUpload", "object": self.key, "uploadId": self.id, "parts": parts
        });
        self.bucket.write(complete, "").await
    }

    async fn abort(&self) -> Reply {
        let abort = json!({
            "method": "abortMultipartUpload", "object": self.key, "uploadId": self.id
        });
        self.bucket.write(abort, "").await
    }
}

async fn parts_become_one_object_when_they_are_completed(bucket: TestBucket) {
    bucket.put("k", "old").await;
    let upload = Upload::create(&bucket, "k").await;
    let (a, b, c) = ("a".repeat(100), "b".repeat(100), "c".repeat(7));
    let third = upload.good_part(3, &c).await;
    let first = upload.good_part(1, &a).await;
    let _unlisted = upload.good_part(9, "x").await;
    let second = upload.good_part(2, &b).await;
    assert_eq!(bucket.get("k").await.text(), "old");
    let object = upload.complete(&[second, first, third]).await.good();
    assert_eq!(
        (&object["size"], &object["checksums"]),
        (&json!(207), &json!({}))
    );
    assert!(object["etag"].as_str().unwrap().ends_with("-3"), "{object}");
    let get = bucket.get("k").await;
    assert_eq!(get.text(), format!("{a}{b}{c}"));
    assert!(get.headers.contains_key("repr-digest"));
    assert_eq!(get.json["customFields"], json!([{ "k": "a", "v": "b" }]));
    assert_eq!(get.json["httpFields"], json!({ "contentType": "x/y" }));
    assert_eq!(get.json["storageClass"], "InfrequentAccess");
    let range =
        json!({ "method": "get", "object": "k", "range": { "offset": "99", "length": "102" } });
    assert_eq!(bucket.read(range).await.text(), format!("a{b}c"));
}

async fn a_part_replaces_the_one_that_had_its_number(bucket: TestBucket) {
    let upload = Upload::create(&bucket, "k").await;
    let old = upload.good_part(1, "old").await;
    let new = upload.good_part(1, "new").await;
    assert_eq!(new["etag"], "22af645d1859cb5ca6da0c484f1f37ea");
    assert_eq!(upload.complete(&[old]).await.code(), 10025);
    upload.complete(&[new]).await.good();
    assert_eq!(bucket.get("k").await.text(), "new");
}

async fn what_does_not_fit_is_refused_and_the_upload_stays_open(bucket: TestBucket) {
    let upload = Upload::create(&bucket, "k").await;
    let (small, large, larger) = ("a".repeat(99), "b".repeat(100), "c".repeat(101));
    let small = upload.good_part(1, &small).await;
    let large = upload.good_part(2, &large).await;
    let larger = upload.good_part(3, &larger).await;
    let part = |part: &Value| part.clone();
    for (parts, status, code) in [
        (vec![part(&large), part(&large)], 500, 10001),
        (vec![json!({ "part": 7, "etag": "x" })], 400, 10025),
        (vec![part(&small), part(&large)], 400, 10011),
        (vec![part(&large), part(&larger)], 400, 10048),
    ] {
        let refused = upload.complete(&parts).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (status, code));
    }
    for number in [0, 10_001] {
        assert_eq!(upload.part(number, "x").await.code(), 10029);
    }
    assert_eq!(bucket.get("k").await.code(), 10007);
    upload.complete(&[large]).await.good();
    assert_eq!(bucket.get("k").await.value, [b'b'; 100]);
}

async fn an_upload_that_is_over_takes_nothing_more(bucket: TestBucket) {
    let done = Upload::create(&bucket, "k").await;
    done.complete(&[]).await.good();
    let head = bucket
        .read(json!({ "method": "head", "object": "k" }))
        .await
        .good();
    assert_eq!(head["etag"], "d41d8cd98f00b204e9800998ecf8427e-0");
    let aborted = Upload::create(&bucket, "k").await;
    aborted.good_part(1, "x").await;
    aborted.abort().await.good();
    for upload in [&done, &aborted] {
        let part = upload.part(1, "x").await;
        assert_eq!((part.status.as_u16(), part.code()), (404, 10024));
        assert_eq!(upload.complete(&[]).await.code(), 10024);
        // Aborting an upload that has ended is no error, and changes nothing.
        upload.abort().await.good();
    }
    assert_eq!(bucket.get("k").await.text(), "");
    let of_another_key = Upload {
        key: "other",
        ..Upload::create(&bucket, "k").await
    };
    assert_eq!(of_another_key.part(1, "x").await.code(), 10024);
    assert_eq!(of_another_key.abort().await.code(), 10024);
}

async fn an_upload_goes_on_in_the_next_run(bucket: TestBucket) {
    let upload = Upload::create(&bucket, "k").await;
    let (id, part) = (upload.id.clone(), upload.good_part(1, "one").await);
    let bucket = bucket.reopened().await;
    let upload = Upload {
        bucket: &bucket,
        key: "k",
        id,
    };
    upload.complete(&[part]).await.good();
    assert_eq!(bucket.get("k").await.text(), "one");
}

async fn nothing_of_an_upload_is_left_behind(bucket: TestBucket) {
    let upload = Upload::create(&bucket, "k").await;
    upload.good_part(1, "replaced").await;
    let part = upload.good_part(1, "kept").await;
    upload.good_part(2, "unlisted").await;
    upload.complete(&[part]).await.good();
    let aborted = Upload::create(&bucket, "k").await;
    aborted.good_part(1, "gone").await;
    aborted.abort().await.good();
    assert_eq!(bucket.blobs().await, 1);
    assert_eq!(bucket.get("k").await.text(), "kept");
    bucket.put("k", "").await;
    assert_eq!(bucket.blobs().await, 0);
}
