//! The places of a bucket: shared use, and the contents that are refused instead of being damaged.

use http::{Method, Request};
use safelight_config::{S3, Storage};
use safelight_hop::log::Log;
use safelight_r2::buckets::{Buckets, Store};
use safelight_state::State;
use serde_json::json;
use tokio::net::TcpSocket;

use crate::bucket::TestBucket;
use crate::client::{credentials, full, reply, with_version};
use crate::objects::noise;
use crate::program::Program;
use crate::uploads::Upload;
use crate::{moto, on_both_stores};

on_both_stores! {
    two_programs_share_a_bucket
    a_reader_of_one_handle_is_safe_from_another_handle
    an_upload_of_last_week_is_aborted
}

async fn two_programs_share_a_bucket(bucket: TestBucket) {
    let mut other = Program::run("commands", bucket.path(), &bucket.storage());
    bucket.put("k", "one").await;
    assert_eq!(other.ask("get"), "one");
    assert_eq!(other.ask("put two"), "done");
    assert_eq!(bucket.get("k").await.text(), "two");
    // Both programs put at the same time, and neither fails.
    other.write("put many");
    for number in 0..20 {
        bucket.put("k", number.to_string()).await;
    }
    assert_eq!(other.answer(), "done");
    assert_eq!(bucket.get("k").await.text(), other.ask("get"));
}

async fn a_reader_of_one_handle_is_safe_from_another_handle(bucket: TestBucket) {
    let other = TestBucket::open_at(bucket.path(), bucket.storage()).await;
    let upload = Upload::create(&other, "k").await;
    let mut parts = Vec::new();
    for number in 1..=3 {
        parts.push(
            upload
                .good_part(number, &number.to_string().repeat(100))
                .await,
        );
    }
    upload.complete(&parts).await.good();
    let get = with_version(json!({ "method": "get", "object": "k" }));
    let request = Request::get("http://fake-host/").header("cf-r2-request", get);
    let reading = bucket.send(request.body(full("")).unwrap()).await;
    let delete = json!({ "method": "delete", "object": "k" });
    other.write(delete, "").await.good();
    assert_eq!(other.blobs().await, 3, "they are still read");
    let reading = reply(&Method::GET, reading).await;
    assert_eq!(
        reading.text(),
        ["1", "2", "3"].map(|digit| digit.repeat(100)).concat()
    );
    assert_eq!(bucket.blobs().await, 0);
}

/// Begins an upload in parts as if that had been a week ago. Returns the request of a part.
async fn week_old_upload(bucket: &TestBucket) -> serde_json::Value {
    let create = json!({ "method": "createMultipartUpload", "object": "k" });
    let id = bucket.write(create, "").await.good()["uploadId"].clone();
    let part = json!({ "method": "uploadPart", "object": "k", "uploadId": id, "partNumber": 1 });
    bucket.write(part.clone(), "x").await.good();
    let index = rusqlite::Connection::open(&bucket.index).unwrap();
    let week = 7 * 24 * 60 * 60 * 1000;
    index
        .execute("UPDATE uploads SET created = created - ?1", [week])
        .unwrap();
    part
}

async fn an_upload_of_last_week_is_aborted(bucket: TestBucket) {
    let part = week_old_upload(&bucket).await;
    // The upload is refused in this run and in the next one.
    assert_eq!(bucket.write(part.clone(), "x").await.code(), 10024);
    assert_eq!(bucket.blobs().await, 1);
    let bucket = bucket.reopened().await;
    assert_eq!(bucket.write(part, "x").await.code(), 10024);
    assert_eq!(bucket.blobs().await, 0);
}

/// Lets an hour pass on the paused clock, which goes to the timer that is due first: that of the round.
async fn the_hourly_round() {
    let after_the_round = std::time::Duration::from_secs(60 * 60 + 1);
    let forever = std::future::pending::<()>();
    assert!(
        tokio::time::timeout(after_the_round, forever)
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_upload_is_aborted_within_the_hour_in_a_run_that_does_not_end() {
    let bucket = TestBucket::in_a_folder().await;
    let fresh = Upload::create(&bucket, "k").await;
    week_old_upload(&bucket).await;
    let later = Upload::create(&bucket, "l").await;
    let part = later.good_part(1, "kept").await;
    assert_eq!(bucket.blobs().await, 2);
    the_hourly_round().await;
    assert_eq!(
        bucket.blobs().await,
        1,
        "the round aborts the old upload alone"
    );
    assert_eq!(fresh.part(1, "x").await.code(), 10024);
    later.complete(&[part]).await.good();
    assert_eq!(bucket.get("l").await.text(), "kept");
}

#[tokio::test(start_paused = true)]
async fn a_round_that_fails_is_a_warning_in_the_log() {
    let bucket = TestBucket::in_a_folder().await;
    let index = rusqlite::Connection::open(&bucket.index).unwrap();
    index
        .execute("ALTER TABLE uploads RENAME TO gone", [])
        .unwrap();
    the_hourly_round().await;
    bucket.bucket.settled().await;
    let log = bucket.log.text();
    let warning = "warning: old uploads to the bucket photos could not be aborted, and are tried again in an hour: ";
    assert!(log.starts_with(warning), "{log}");
}

/// Returns the error of opening the bucket.
async fn refusal(folder: &std::path::Path, storage: &Storage) -> String {
    let state = State::open(folder).unwrap();
    let mut buckets = Buckets::default();
    let credentials = credentials();
    let log = Log::new(std::io::sink());
    let store = Store {
        storage,
        credentials: Some(&credentials),
    };
    let opened = buckets.open("photos", &state, store, &log);
    match opened.await {
        Ok(()) => panic!("it is opened"),
        Err(error) => format!("{error:#}"),
    }
}

#[tokio::test]
async fn an_index_that_was_emptied_is_refused_and_no_blob_is_deleted() {
    let bucket = TestBucket::in_a_folder().await;
    bucket.put("k", "kept").await;
    let (index, blob) = (bucket.index.clone(), bucket.only_blob());
    let folder = bucket.closed();
    let copy = std::fs::read(&index).unwrap();
    let empty = || std::fs::write(&index, "").unwrap();
    let remove = || std::fs::remove_file(&index).unwrap();
    for lose in [&empty as &dyn Fn(), &remove] {
        lose();
        let words = refusal(folder.path(), &Storage::default()).await;
        assert!(words.contains("the index is empty, and "), "{words}");
        assert!(blob.exists());
    }
    // Half of a file, and one that is a database no more.
    for garbage in [
        &copy[..copy.len() / 2],
        &b"SQLite format 3\0, and nothing else"[..],
    ] {
        std::fs::write(&index, garbage).unwrap();
        let words = refusal(folder.path(), &Storage::default()).await;
        assert!(words.contains("index.sqlite"), "{words}");
        assert!(std::fs::read(&index).unwrap() == garbage && blob.exists());
    }
    std::fs::write(&index, copy).unwrap();
    let bucket = TestBucket::open(folder, Storage::default()).await;
    assert_eq!(bucket.get("k").await.text(), "kept");
}

#[tokio::test]
async fn an_index_of_an_earlier_state_is_refused_and_no_blob_is_deleted() {
    let bucket = TestBucket::in_a_folder().await;
    bucket.put("k", "old").await;
    let index = bucket.index.clone();
    let folder = bucket.closed();
    let copy = std::fs::read(&index).unwrap();
    let bucket = TestBucket::open(folder, Storage::default()).await;
    bucket.put("k", "new").await;
    bucket.bucket.settled().await;
    let blob = bucket.only_blob();
    let folder = bucket.closed();
    let current = std::fs::read(&index).unwrap();
    std::fs::write(&index, &copy).unwrap();
    let words = refusal(folder.path(), &Storage::default()).await;
    assert!(
        words.contains("the index is of an earlier state: "),
        "{words}"
    );
    assert!(std::fs::read(&index).unwrap() == copy && blob.exists());
    std::fs::write(&index, current).unwrap();
    let bucket = TestBucket::open(folder, Storage::default()).await;
    assert_eq!(bucket.get("k").await.text(), "new");
    // Its user accepts the loss.
    let folder = bucket.closed();
    std::fs::write(&index, copy).unwrap();
    std::fs::remove_file(index.with_file_name("generation")).unwrap();
    let bucket = TestBucket::open(folder, Storage::default()).await;
    assert_eq!(bucket.blobs().await, 0);
}

#[tokio::test]
async fn an_index_of_a_store_that_was_emptied_is_refused() {
    let storage = Storage {
        s3: Some(moto::store().await),
        ..Storage::default()
    };
    let bucket = TestBucket::open(tempfile::tempdir().unwrap(), storage.clone()).await;
    bucket.put("k", "kept").await;
    let index = bucket.index.clone();
    let folder = bucket.closed();
    let copy = std::fs::read(&index).unwrap();
    let empty = || std::fs::write(&index, "").unwrap();
    let remove = || std::fs::remove_file(&index).unwrap();
    for lose in [&empty as &dyn Fn(), &remove] {
        lose();
        let words = refusal(folder.path(), &storage).await;
        assert!(words.contains("the index is empty, and "), "{words}");
    }
    std::fs::write(&index, copy).unwrap();
    let bucket = TestBucket::open(folder, storage).await;
    assert_eq!(bucket.get("k").await.text(), "kept");
}

#[tokio::test]
async fn the_files_of_a_bucket_are_of_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let bucket = TestBucket::in_a_folder().await;
    bucket.put("small", "x").await;
    bucket.put("large", noise(3_000_000)).await;
    let mut waiting = vec![bucket.path().join("v1")];
    let mut files = 0;
    while let Some(path) = waiting.pop() {
        let metadata = path.metadata().unwrap();
        let open_to_others = metadata.permissions().mode() & 0o077;
        assert_eq!(open_to_others, 0, "{}", path.display());
        match metadata.is_dir() {
            true => {
                let entries = std::fs::read_dir(path).unwrap();
                waiting.extend(entries.map(|entry| entry.unwrap().path()));
            }
            false => files += 1,
        }
    }
    assert!(files > 3, "{files}");
}

#[tokio::test]
async fn an_index_of_another_store_or_of_another_kind_is_refused_and_left_as_it_is() {
    let bucket = TestBucket::in_a_folder().await;
    bucket.put("k", "kept").await;
    let index = bucket.index.clone();
    let folder = bucket.closed();
    let elsewhere = Storage {
        s3: Some(moto::store().await),
        ..Storage::default()
    };
    let words = refusal(folder.path(), &elsewhere).await;
    assert!(
        words.contains("photos") && words.contains("stored at `local`"),
        "{words}"
    );
    let set = |pragma: &str, value: i32| {
        let index = rusqlite::Connection::open(&index).unwrap();
        index.pragma_update(None, pragma, value).unwrap();
    };
    set("user_version", 3);
    let words = refusal(folder.path(), &Storage::default()).await;
    assert!(words.contains("version 3"), "{words}");
    set("user_version", 2);
    let bucket = TestBucket::open(folder, Storage::default()).await;
    assert_eq!(bucket.get("k").await.text(), "kept");
    let folder = bucket.closed();
    std::fs::write(&index, "this is no database, but somebody may need it").unwrap();
    let words = refusal(folder.path(), &Storage::default()).await;
    assert!(words.contains("index.sqlite"), "{words}");
    assert!(
        std::fs::read_to_string(&index)
            .unwrap()
            .starts_with("this is no database")
    );
}

#[tokio::test]
async fn an_index_without_checksums_of_blocks_is_migrated_and_its_ranges_are_verified() {
    let bucket = TestBucket::in_a_folder().await;
    let value = noise(600_000);
    bucket.put("k", &value).await;
    let (index, blob) = (bucket.index.clone(), bucket.only_blob());
    let folder = bucket.closed();
    let index = rusqlite::Connection::open(index).unwrap();
    let older = "ALTER TABLE segments DROP COLUMN blocks; PRAGMA user_version = 1";
    index.execute_batch(older).unwrap();
    drop(index);
    let bucket = TestBucket::open(folder, Storage::default()).await;
    let get =
        json!({ "method": "get", "object": "k", "range": { "offset": 10, "length": 300_000 } });
    let part = bucket.read(get.clone()).await;
    assert!(part.value == value[10..300_010] && part.has_right_digest());
    let mut altered = value;
    altered[599_999] ^= 1;
    std::fs::write(blob, altered).unwrap();
    assert_eq!(bucket.read(get).await.code(), 10001);
}

#[tokio::test]
async fn a_store_that_is_not_there_is_an_error_of_the_call() {
    // A socket that is bound and does not listen refuses connections, and keeps its port from others.
    let refusing = TcpSocket::new_v4().unwrap();
    refusing.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = refusing.local_addr().unwrap();
    let storage = Storage {
        s3: Some(S3 {
            endpoint: format!("http://{address}"),
            bucket: "blobs".into(),
            region: "auto".into(),
            prefix: String::new(),
        }),
        ..Storage::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let words = refusal(folder.path(), &storage).await;
    assert!(
        words.contains("photos") && words.contains("Connection refused"),
        "{words}"
    );
    // The second run finds no stale runs, so it contacts the store only at the first request.
    let folder = tempfile::tempdir().unwrap();
    let mut first = State::open(folder.path()).unwrap();
    first.share().unwrap();
    let bucket = TestBucket::open(folder, storage).await;
    let put = bucket
        .write(json!({ "method": "put", "object": "k" }), "value")
        .await;
    assert_eq!((put.status.as_u16(), put.code()), (500, 10001));
    assert_eq!(bucket.get("k").await.code(), 10007);
}
