//! A later run of the program completes the deletions of an earlier one. It does so for blobs of any run, even when some
//! other run always holds the state folder.

use std::path::{Path, PathBuf};

use http::{Method, Request};
use serde_json::json;

use crate::bucket::TestBucket;
use crate::client::{full, reply, with_version};
use crate::program::{Program, TEST_TIMEOUT};

/// A blob that cannot be deleted for a while, as if its deleter had been killed.
struct Stuck {
    file: PathBuf,
    aside: PathBuf,
}

impl Stuck {
    /// Makes the only blob of the bucket undeletable.
    fn new(bucket: &TestBucket) -> Self {
        let file = bucket.only_blob();
        let aside = bucket.path().join("aside");
        std::fs::rename(&file, &aside).unwrap();
        // A folder cannot be removed as a file.
        std::fs::create_dir(&file).unwrap();
        Self { file, aside }
    }

    fn freed(self) {
        std::fs::remove_dir(&self.file).unwrap();
        std::fs::rename(&self.aside, &self.file).unwrap();
    }
}

/// Starts another run on the bucket.
async fn another(bucket: &TestBucket) -> TestBucket {
    TestBucket::open_at(bucket.path(), bucket.storage()).await
}

/// Waits until a next run of the bucket finds so many blobs and names so many of them.
///
/// The child of another test, between its fork and its exec, holds the lock of a run that has ended, for a moment.
async fn next_run_finds(bucket: &TestBucket, expected: (usize, usize)) {
    let mut found = None;
    let finding = async {
        while found != Some(expected) {
            let next = another(bucket).await;
            found = Some((next.blobs().await, next.named()));
            next.close().await;
        }
    };
    let finding = tokio::time::timeout(TEST_TIMEOUT, finding).await;
    assert!(finding.is_ok(), "{found:?}, and never {expected:?}");
}

/// Returns the files of runs that are not named yet.
fn hidden_runs(bucket: &TestBucket) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs(&bucket.index)).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let is_hidden = |file: &PathBuf| file.file_name().unwrap().as_encoded_bytes()[0] == b'.';
    files.filter(is_hidden).collect()
}

fn runs(index: &Path) -> PathBuf {
    index.parent().unwrap().join("runs")
}

#[test]
fn a_bucket_on_a_full_disk_is_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Program::run_on_a_small_disk("fill", folder.path());
    assert_eq!(writer.answer(), "full 10043");
    let deleted = writer.answer();
    let (deleted, count) = deleted
        .strip_prefix("deleted ")
        .unwrap()
        .split_once(" of ")
        .unwrap();
    assert!(count.parse::<usize>().unwrap() > 10, "{count}");
    assert_eq!(deleted, count);
    assert_eq!(writer.answer(), "left 0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_goes_though_who_wrote_it_has_ended_before_who_released_it() {
    let bucket = TestBucket::in_a_folder().await;
    let writer = another(&bucket).await;
    writer.put("k", "one").await;
    writer.close().await;
    let killed = another(&bucket).await;
    let blob = Stuck::new(&bucket);
    killed.put("k", "two").await;
    assert_eq!(killed.blobs().await, 2);
    drop(killed);
    blob.freed();
    next_run_finds(&bucket, (1, 1)).await;
    assert_eq!(bucket.get("k").await.text(), "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_cannot_delete_a_blob_records_it() {
    let bucket = TestBucket::in_a_folder().await;
    let other = another(&bucket).await;
    other.put("k", "one").await;
    let blob = Stuck::new(&bucket);
    let delete = json!({ "method": "delete", "object": "k" });
    other.write(delete, "").await.good();
    other.close().await;
    blob.freed();
    next_run_finds(&bucket, (0, 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_ends_while_a_deleted_blob_is_read_records_it() {
    let bucket = TestBucket::in_a_folder().await;
    let other = another(&bucket).await;
    other.put("k", "one").await;
    let get = with_version(json!({ "method": "get", "object": "k" }));
    let request = Request::get("http://fake-host/").header("cf-r2-request", get);
    let reading = other.send(request.body(full("")).unwrap()).await;
    let delete = json!({ "method": "delete", "object": "k" });
    other.write(delete, "").await.good();
    let remaining = other.bucket.clone();
    other.close().await;
    let blob = Stuck::new(&bucket);
    let reading = reply(&Method::GET, reading).await;
    assert_eq!(reading.text(), "one");
    // The deletion by the last reader fails in the background, and holds the run's lock until then.
    remaining.settled().await;
    drop(remaining);
    assert_eq!(bucket.blobs().await, 1);
    blob.freed();
    next_run_finds(&bucket, (0, 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blob_whose_writer_still_runs_is_recorded_until_the_writer_ends() {
    let bucket = TestBucket::in_a_folder().await;
    let writer = another(&bucket).await;
    writer.put("k", "one").await;
    let killed = another(&bucket).await;
    let blob = Stuck::new(&bucket);
    killed.put("k", "two").await;
    assert_eq!(killed.blobs().await, 2);
    drop(killed);
    blob.freed();
    // The next run cannot know which blobs the writer is about to name.
    let next = another(&bucket).await;
    assert_eq!((next.blobs().await, next.named()), (2, 1));
    next.close().await;
    writer.close().await;
    next_run_finds(&bucket, (1, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_killed_as_it_began_is_forgotten() {
    let bucket = TestBucket::in_a_folder().await;
    std::fs::write(runs(&bucket.index).join(".0123"), "").unwrap();
    let _next = another(&bucket).await;
    assert_eq!(hidden_runs(&bucket), [] as [PathBuf; 0]);
}
