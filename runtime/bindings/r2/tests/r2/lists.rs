//! `list`: pages, groups and cursors, compared with a sorted map.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bucket::TestBucket;
use crate::on_both_stores;

on_both_stores! {
    pages_follow_one_another_and_groups_are_one_row
    a_page_ends_where_a_sorted_list_would
    keys_that_come_later_are_listed_if_they_are_behind_the_cursor
    metadata_is_listed_if_it_is_asked_for
    an_invalid_cursor_or_limit_is_refused
}

async fn list(bucket: &TestBucket, options: Value) -> Value {
    let mut json = json!({ "method": "list", "newRuntime": true });
    let fields = options.as_object().unwrap().clone();
    json.as_object_mut().unwrap().extend(fields);
    bucket.read(json).await.good()
}

/// A page's keys and prefixes.
fn rows(page: &Value) -> (Vec<String>, Vec<String>) {
    let objects = page["objects"].as_array().unwrap().iter();
    let keys = objects.map(|object| object["name"].as_str().unwrap().to_owned());
    let prefixes = page["delimitedPrefixes"].as_array().unwrap().iter();
    let prefixes = prefixes.map(|prefix| prefix.as_str().unwrap().to_owned());
    (keys.collect(), prefixes.collect())
}

async fn pages_follow_one_another_and_groups_are_one_row(bucket: TestBucket) {
    for key in [
        "dir0/file0",
        "dir0/file1",
        "dir0/sub0/file2",
        "dir0/sub0/file3",
        "dir0/sub1/file4",
        "file8",
    ] {
        bucket.put(key, "").await;
    }
    let mut options = json!({ "prefix": "dir0/", "delimiter": "/", "limit": 2 });
    let first = list(&bucket, options.clone()).await;
    assert_eq!(
        rows(&first),
        (vec!["dir0/file0".into(), "dir0/file1".into()], vec![])
    );
    assert_eq!(first["truncated"], true);
    options["cursor"] = first["cursor"].clone();
    let second = list(&bucket, options).await;
    assert_eq!(
        rows(&second),
        (vec![], vec!["dir0/sub0/".into(), "dir0/sub1/".into()])
    );
    assert_eq!(
        (&second["truncated"], second.get("cursor")),
        (&json!(false), None)
    );
}

/// All rows of the listing, page by page.
async fn listed(bucket: &TestBucket, options: &Value) -> Vec<String> {
    let mut options = options.clone();
    let mut all = Vec::new();
    loop {
        let page = list(bucket, options.clone()).await;
        let (keys, prefixes) = rows(&page);
        let limit = options["limit"].as_u64().unwrap_or(1000);
        assert!((keys.len() + prefixes.len()) as u64 <= limit);
        all.extend(keys);
        all.extend(prefixes.iter().map(|prefix| format!("{prefix}…")));
        if page["truncated"] == false {
            all.sort_unstable();
            return all;
        }
        options["cursor"] = page["cursor"].clone();
    }
}

/// The same, of a sorted set.
fn expected(keys: &BTreeSet<String>, prefix: &str, delimiter: &str, after: &str) -> Vec<String> {
    let mut rows = BTreeSet::new();
    for key in keys
        .iter()
        .filter(|key| key.starts_with(prefix) && (after.is_empty() || key.as_str() > after))
    {
        let rest = &key[prefix.len()..];
        rows.insert(match rest.find(delimiter) {
            Some(at) if !delimiter.is_empty() => {
                format!("{}…", &key[..prefix.len() + at + delimiter.len()])
            }
            _ => key.clone(),
        });
    }
    rows.into_iter().collect()
}

async fn a_page_ends_where_a_sorted_list_would(bucket: TestBucket) {
    let mut random = fastrand::Rng::with_seed(7);
    let alphabet = ['a', 'b', '/', 'é', '\u{10ffff}', '\0'];
    let mut text = |most: usize| -> String {
        let length = random.usize(..=most);
        (0..length)
            .map(|_| random.choice(alphabet).unwrap())
            .collect()
    };
    let keys: BTreeSet<String> = (0..40).map(|_| text(5)).collect();
    for key in &keys {
        bucket.put(key, "").await;
    }
    for round in 0..150 {
        let (prefix, delimiter, after) = (text(2), text(1), text(2));
        let mut options =
            json!({ "prefix": prefix, "delimiter": delimiter, "limit": 1 + round % 7 });
        if !after.is_empty() {
            options["startAfter"] = after.clone().into();
        }
        let expected = expected(&keys, &prefix, &delimiter, &after);
        assert_eq!(listed(&bucket, &options).await, expected, "{options}");
    }
}

async fn keys_that_come_later_are_listed_if_they_are_behind_the_cursor(bucket: TestBucket) {
    for key in ["b", "d", "f"] {
        bucket.put(key, "").await;
    }
    let page = list(&bucket, json!({ "limit": 2 })).await;
    bucket.put("c", "").await;
    bucket.put("e", "").await;
    let next = json!({ "cursor": page["cursor"], "startAfter": "a" });
    assert_eq!(rows(&list(&bucket, next).await).0, ["e", "f"]);
    let next = json!({ "cursor": page["cursor"], "startAfter": "e" });
    assert_eq!(rows(&list(&bucket, next).await).0, ["f"]);
}

async fn metadata_is_listed_if_it_is_asked_for(bucket: TestBucket) {
    let large = "x".repeat(8000);
    for number in 0..130 {
        let put = json!({
            "method": "put", "object": format!("{number:03}"), "httpFields": { "contentType": "a/b" },
            "customFields": [{ "k": "large", "v": large }]
        });
        bucket.write(put, "").await.good();
    }
    let bare = list(&bucket, json!({})).await;
    assert_eq!(rows(&bare).0.len(), 130);
    assert_eq!(
        (
            bare["objects"][0].get("httpFields"),
            bare["objects"][0].get("customFields")
        ),
        (None, None)
    );
    let http = list(&bucket, json!({ "include": [0] })).await;
    assert_eq!(
        (rows(&http).0.len(), &http["truncated"]),
        (100, &json!(true))
    );
    assert_eq!(
        http["objects"][0]["httpFields"],
        json!({ "contentType": "a/b" })
    );
    let custom = list(&bucket, json!({ "include": [1] })).await;
    assert_eq!(rows(&custom).0.len(), 100);
    assert_eq!(
        listed(&bucket, &json!({ "include": [0, 1] })).await.len(),
        130
    );
    let refused = bucket
        .read(json!({ "method": "list", "include": [2] }))
        .await;
    assert_eq!(refused.code(), 10029);
}

async fn an_invalid_cursor_or_limit_is_refused(bucket: TestBucket) {
    for cursor in ["", "!", "garbage", "AmE"] {
        let reply = bucket
            .read(json!({ "method": "list", "cursor": cursor }))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, 10029),
            "{cursor:?}"
        );
    }
    for limit in [json!(0), json!(1001), json!(-1), json!("4294967295")] {
        let reply = bucket
            .read(json!({ "method": "list", "limit": limit }))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.code()),
            (400, 10022),
            "{limit}"
        );
    }
}

#[tokio::test]
async fn a_list_is_never_longer_than_the_client_reads() {
    let bucket = TestBucket::in_a_folder().await;
    // Each character is six in JSON.
    let keys: Vec<_> = (0..300)
        .map(|number| format!("{number:03}{}", "\u{1}".repeat(1000)))
        .collect();
    for key in &keys {
        bucket.put(key, "").await;
    }
    let page = list(&bucket, json!({})).await;
    let count = rows(&page).0.len();
    assert!(
        page.to_string().len() < 1_048_576 && count > 100 && count < 200,
        "{count}"
    );
    assert_eq!(listed(&bucket, &json!({})).await, keys);
    // A group is a row as well.
    let groups = listed(&bucket, &json!({ "delimiter": "\u{1}".repeat(999) })).await;
    assert_eq!(groups.len(), 300);
}
