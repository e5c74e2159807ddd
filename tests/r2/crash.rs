//! A program that is killed while it stores objects leaves no half one behind, and none that it has answered for is lost.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use safelight::config::Storage;
use serde_json::json;

use crate::bucket::{TestBucket, with_version};
use crate::moto;
use crate::program::{self, Program, say};

const PIECE: usize = 64 * 1024;

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
async fn what_a_killed_program_left_is_gone_when_the_next_one_comes_though_a_third_goes_on() {
    let bucket = TestBucket::in_a_folder().await;
    let mut random = fastrand::Rng::with_seed(12);
    let (rounds, mut left) = (30, 0);
    for _ in 0..rounds {
        // The first of them are large.
        kill_after(random.usize(1..60), bucket.path(), &bucket.storage(), 12);
        left += usize::from(bucket.blobs().await > bucket.named());
        let next = TestBucket::open_at(bucket.path(), bucket.storage()).await;
        assert_eq!(next.blobs().await, next.named());
    }
    assert!(
        left > rounds / 4,
        "only {left} of {rounds} kills left something"
    );
}

async fn survive(rounds: u64, storage: Storage) {
    let mut folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(rounds);
    // Key → number of the put that was answered last.
    let mut answered = BTreeMap::new();
    let mut number = 0;
    let mut halves = 0;
    for _ in 0..rounds {
        let killed = kill_after(random.usize(1..60), folder.path(), &storage, number);
        let begun = killed.begun;
        for number in killed.answered {
            answered.insert(key(number), number);
        }
        halves += u64::from(begun.is_some_and(|begun| answered.get(&key(begun)) != Some(&begun)));
        number = begun.map_or(number, |begun| begun + 1);

        let bucket = TestBucket::open(folder, storage.clone()).await;
        let mut blobs = 0;
        for place in 0..KEYS {
            let found = bucket.get(&key(place)).await;
            let last = answered.get(&key(place)).copied();
            // The put that was not answered may have been done, or not.
            let possible = [last, begun.filter(|begun| key(*begun) == key(place))];
            let seen = possible
                .into_iter()
                .flatten()
                .find(|number| found.status == 200 && found.value == content(*number));
            match seen {
                Some(number) => drop(answered.insert(key(place), number)),
                None => assert!(
                    found.code() == 10007 && last.is_none(),
                    "{} holds neither of the puts {possible:?}, but {} bytes: {:?}",
                    key(place),
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
    // Else the kills came when nothing was under way, and this has shown nothing.
    assert!(
        halves > rounds / 4,
        "only {halves} of {rounds} kills met a put"
    );
}

const KEYS: u64 = 4;

fn key(number: u64) -> String {
    format!("k{}", number % KEYS)
}

/// No two puts have the same bytes, unless they have none.
fn content(number: u64) -> Vec<u8> {
    let length = [0, 10, 300_000, 1_500_000][usize::try_from(number / KEYS % 4).unwrap()];
    let text = format!("{number} ").into_bytes();
    text.into_iter().cycle().take(length).collect()
}

/// What is known of a program that was killed.
struct Killed {
    answered: Vec<u64>,
    /// The last put that it began.
    begun: Option<u64>,
}

/// Runs this program as the writer, and kills it when it has said so many things.
fn kill_after(lines: usize, folder: &Path, storage: &Storage, first: u64) -> Killed {
    let mut writer = Program::run("crash::writer", folder, storage);
    writer.tell(&first.to_string());
    let mut killed = Killed {
        answered: Vec::new(),
        begun: None,
    };
    let mut said = 0;
    // What it said before it died still arrives.
    while let Some(what) = writer.hear() {
        match what.split_once(' ') {
            Some(("begun", number)) => killed.begun = Some(number.parse().unwrap()),
            Some(("answered", number)) => killed.answered.push(number.parse().unwrap()),
            _ => {}
        }
        said += 1;
        if said == lines {
            writer.kill();
        }
    }
    killed
}

/// Stores one object after the other until it is killed; nothing, when it was not told where.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writer() {
    let Some(bucket) = program::told().await else {
        return;
    };
    for number in program::first().. {
        say(&format!("begun {number}"));
        let json = with_version(json!({ "method": "put", "object": key(number) }));
        let content = content(number);
        let length = json.len() + content.len();
        let json_size = json.len();
        let pieces: Vec<_> = std::iter::once(Bytes::from(json))
            .chain(content.chunks(PIECE).map(Bytes::copy_from_slice))
            .collect();
        let frames = pieces.into_iter().map(|piece| {
            say("piece");
            Ok(http_body::Frame::data(piece))
        });
        let request = Request::put("http://fake-host/")
            .header("cf-r2-metadata-size", json_size)
            .header("content-length", length)
            .body(StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync())
            .unwrap();
        assert_eq!(bucket.send(request).await.status(), 200);
        say(&format!("answered {number}"));
    }
}
