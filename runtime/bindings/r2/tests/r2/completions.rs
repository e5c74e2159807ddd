//! A program that is killed just before or after it completes an upload in parts leaves a whole object, or an upload
//! that is still open. The commit itself is so short that these kills hardly ever meet it.

use std::collections::BTreeMap;

use safelight_config::Storage;
use serde_json::Value;

use crate::bucket::TestBucket;
use crate::content::{upload_key, upload_parts};
use crate::moto;
use crate::program::{Kill, Killed, Program};
use crate::uploads::Upload;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_leave_whole_objects_and_open_uploads_in_a_folder() {
    survive(100, Storage::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_kills_leave_whole_objects_and_open_uploads_in_a_store() {
    let storage = Storage {
        s3: Some(moto::store().await),
        ..Storage::default()
    };
    survive(10, storage).await;
}

async fn survive(rounds: usize, storage: Storage) {
    let mut folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(13);
    // Key → number of the upload that it has the bytes of.
    let mut there = BTreeMap::new();
    let (mut next, mut met) = (0, 0);
    for round in 0..rounds {
        // Every second program is killed just before a completion; the others wherever the kill meets them.
        let kill = Kill::in_round(round as u64);
        let writer = Program::run("complete", folder.path(), &storage);
        let events = writer.kill_at(random.usize(1..8), kill, next);
        let killed = Killed::from_events(&events, Begun::from_words);
        for number in killed.answered {
            there.insert(upload_key(number), number);
        }
        let bucket = TestBucket::open(folder, storage.clone()).await;
        if let Some(begun) = killed.begun {
            next = begun.number + 1;
            let key = upload_key(begun.number);
            if there.get(key) != Some(&begun.number) {
                met += 1;
                let upload = Upload {
                    bucket: &bucket,
                    key,
                    id: begun.id,
                };
                let found = bucket.get(key).await.value;
                if found != content(begun.number) {
                    // The upload was not completed, so it still can be.
                    assert!(
                        there
                            .get(key)
                            .is_none_or(|number| found == content(*number))
                    );
                    upload.complete(&begun.parts).await.good();
                }
                assert_eq!(upload.complete(&begun.parts).await.code(), 10024);
                there.insert(key, begun.number);
            }
        }
        for (key, number) in &there {
            let found = bucket.get(key).await;
            assert!(found.value == content(*number), "{key}: {:?}", found.error);
        }
        assert_eq!(bucket.blobs().await, bucket.named());
        folder = bucket.closed();
    }
    assert!(
        met >= rounds / 2,
        "only {met} of {rounds} kills met a completion"
    );
}

fn content(number: u64) -> Vec<u8> {
    upload_parts(number).concat().into_bytes()
}

/// The beginning of a completion.
struct Begun {
    number: u64,
    id: String,
    parts: Vec<Value>,
}

impl Begun {
    fn from_words(words: &[&str]) -> Self {
        let [number, id, parts] = words else {
            panic!("{words:?}")
        };
        Self {
            number: number.parse().unwrap(),
            id: (*id).to_owned(),
            parts: serde_json::from_str(parts).unwrap(),
        }
    }
}
