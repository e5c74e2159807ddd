//! A program that is killed while it stores objects leaves no incomplete object behind, and loses no object whose put it
//! has answered.

use std::collections::BTreeMap;

use safelight_config::Storage;

use crate::bucket::TestBucket;
use crate::content::{PUT_KEYS, put_content, put_key};
use crate::moto;
use crate::program::{Kill, Killed, Program};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_kills_leave_no_half_object_in_a_folder_and_lose_none() {
    survive(200, Storage::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_leave_no_half_object_in_a_store_and_lose_none() {
    let storage = Storage {
        s3: Some(moto::store().await),
        ..Storage::default()
    };
    survive(20, storage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_a_killed_program_is_deleted_by_the_next_while_a_third_runs() {
    let bucket = TestBucket::in_a_folder().await;
    // At each of these events of the first put, which is large, a part of the value is in a file.
    for event in (15..=25).cycle().take(30) {
        let writer = Program::run("put", bucket.path(), &bucket.storage());
        writer.kill_at(event, Kill::Within, 12);
        assert!(bucket.blobs().await > bucket.named(), "event {event}");
        let next = TestBucket::open_at(bucket.path(), bucket.storage()).await;
        assert_eq!(next.blobs().await, next.named());
    }
}

async fn survive(rounds: u64, storage: Storage) {
    let mut folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(rounds);
    // Key → number of the put that was answered last.
    let mut answered = BTreeMap::new();
    let mut number = 0;
    let mut halves = 0;
    for round in 0..rounds {
        // Every second program is killed within a put; the others wherever the kill meets them.
        let kill = Kill::in_round(round);
        let writer = Program::run("put", folder.path(), &storage);
        let events = writer.kill_at(random.usize(1..60), kill, number);
        let killed = Killed::<u64>::from_events(&events, |words| words[0].parse().unwrap());
        let begun = killed.begun;
        for number in killed.answered {
            answered.insert(put_key(number), number);
        }
        halves +=
            u64::from(begun.is_some_and(|begun| answered.get(&put_key(begun)) != Some(&begun)));
        number = begun.map_or(number, |begun| begun + 1);

        let bucket = TestBucket::open(folder, storage.clone()).await;
        let mut blobs = 0;
        for place in 0..PUT_KEYS {
            let found = bucket.get(&put_key(place)).await;
            let last = answered.get(&put_key(place)).copied();
            // The put that was not answered may have been done, or not.
            let possible = [
                last,
                begun.filter(|begun| put_key(*begun) == put_key(place)),
            ];
            let seen = possible
                .into_iter()
                .flatten()
                .find(|number| found.status == 200 && found.value == put_content(*number));
            match seen {
                Some(number) => drop(answered.insert(put_key(place), number)),
                None => assert!(
                    found.code() == 10007 && last.is_none(),
                    "{} holds neither of the puts {possible:?}, but {} bytes: {:?}",
                    put_key(place),
                    found.value.len(),
                    found.error
                ),
            }
            blobs += usize::from(!found.value.is_empty());
        }
        assert_eq!(
            bucket.blobs().await,
            blobs,
            "there are blobs that no object has"
        );
        folder = bucket.closed();
    }
    assert!(
        halves >= rounds / 2,
        "only {halves} of {rounds} kills met a put"
    );
}
