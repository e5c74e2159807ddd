//! The R2 binding, from a guest's SDK to the bucket and back.

use bytes::Bytes;
use http::{Method, Request};
use image::{ImageFormat, RgbImage};

use crate::client::{Answer, get, post};
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;

/// A bucket that is gone with its server.
const IN_MEMORY: &str = "[[r2_buckets]]\nbinding = \"BUCKET\"\nbucket_name = \"photos\"\n
[[r2_buckets]]\nbinding = \"OTHER\"\n
[safelight.storage]\nstate = \"memory\"\ndurability = \"process\"\npart_bytes = 1000\n";

async fn start() -> DevServer {
    DevServer::start(guests::bucket(), IN_MEMORY).await
}

/// A status and a text, on one line.
fn told(answer: &Answer) -> String {
    format!("{} {}", answer.status.as_u16(), answer.text().trim_end())
}

async fn get_range(server: &DevServer, path: &str, range: &str) -> Answer {
    let request = Request::builder()
        .method(Method::GET)
        .uri(path)
        .header("host", server.address.to_string())
        .header("range", range)
        .body(Bytes::new())
        .unwrap();
    let client = safelight_harness::Client::new(server.address, TEST_TIMEOUT);
    client.send(request).await.expect("a response")
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put_with_what_it_carries() {
    let server = start().await;
    let stored = post(
        server.address,
        "/put?key=a/b.txt&type=text/x&note=hi",
        "hello",
    )
    .await;
    assert_eq!(
        told(&stored),
        // The client shows what the service answered; what was sent is not repeated.
        "200 a/b.txt 5 5d41402abc4b2a76b9719d911017c592 hi"
    );
    let answer = get(server.address, "/get?key=a/b.txt").await;
    assert_eq!(told(&answer), "200 hello");
    assert_eq!(answer.header("content-type"), "text/x");
    assert_eq!(answer.header("content-length"), "5");
    assert_eq!(
        answer.header("etag"),
        "\"5d41402abc4b2a76b9719d911017c592\""
    );
    let head = get(server.address, "/head?key=a/b.txt").await;
    assert_eq!(
        told(&head),
        "200 a/b.txt 5 5d41402abc4b2a76b9719d911017c592 hi"
    );
    let call = server
        .line(|line| line.contains("photos: put a/b.txt, 5 B"))
        .await;
    assert!(call.contains("BUCKET / 200"), "{call}");
}

#[tokio::test]
async fn a_missing_object_is_none_and_its_deletion_is_no_error() {
    let server = start().await;
    for call in ["/get?key=x", "/head?key=x"] {
        assert_eq!(told(&get(server.address, call).await), "404 no such key");
    }
    assert_eq!(
        told(&get(server.address, "/delete?key=x").await),
        "200 deleted"
    );
    post(server.address, "/put?key=x", "1").await;
    post(server.address, "/put?key=y", "2").await;
    post(server.address, "/put?key=z", "3").await;
    get(server.address, "/delete?key=x").await;
    get(server.address, "/delete-many?keys=y,w").await;
    let list = get(server.address, "/list").await;
    assert!(
        list.text().starts_with("object z 1 ") && list.text().lines().count() == 1,
        "{list:?}"
    );
}

#[tokio::test]
async fn bindings_have_buckets_of_their_own() {
    let server = start().await;
    post(server.address, "/put?key=x", "1").await;
    assert_eq!(
        get(server.address, "/head?key=x&bucket=OTHER").await.status,
        404
    );
    let answer = get(server.address, "/head?key=x&bucket=IMAGES").await;
    assert!(
        answer
            .text()
            .contains("env.IMAGES is a binding of kind images, not r2"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_range_of_the_request_is_the_range_of_the_answer() {
    let server = start().await;
    post(server.address, "/put?key=v", "value").await;
    for (range, expected, part) in [
        ("bytes=3-", "206 ue", "bytes 3-4/5"),
        ("bytes=-3", "206 lue", "bytes 2-4/5"),
        ("bytes=1-2", "206 al", "bytes 1-2/5"),
        ("bytes=0-9", "200 value", ""),
        ("bytes=0-1,3-4", "200 value", ""),
    ] {
        let answer = get_range(&server, "/get?key=v", range).await;
        assert_eq!(told(&answer), expected, "{range}");
        assert_eq!(answer.header("content-range"), part, "{range}");
        let length = answer.body.len().to_string();
        assert_eq!(answer.header("content-length"), length, "{range}");
    }
    let answer = get_range(&server, "/get?key=v", "bytes=9-").await;
    assert!(
        answer.status == 500 && answer.text().contains("(10039)"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn conditions_are_the_workers_own_answers() {
    let server = start().await;
    assert_eq!(
        post(server.address, "/put?key=c&new=1", "1").await.status,
        200
    );
    assert_eq!(
        post(server.address, "/put?key=c&new=1", "2").await.status,
        412
    );
    assert_eq!(told(&get(server.address, "/get?key=c").await), "200 1");
    let refused = get(server.address, "/get?key=c&match=x").await;
    assert_eq!(told(&refused), "412 c 1 c4ca4238a0b923820dcc509a6f75849b -");
}

#[tokio::test]
async fn a_wrong_digest_is_an_error_with_the_platforms_number_and_stores_nothing() {
    let server = start().await;
    let path = "/put?key=d&md5=5d41402abc4b2a76b9719d911017c592";
    let answer = post(server.address, path, vec![7; 20 << 20]).await;
    assert!(
        answer.status == 500
            && answer.text().contains("put: ")
            && answer.text().contains("(10037)"),
        "{answer:?}"
    );
    assert_eq!(get(server.address, "/head?key=d").await.status, 404);
    assert_eq!(post(server.address, path, "hello").await.status, 200);
}

#[tokio::test]
async fn hostile_keys_are_names_and_never_paths() {
    let server = start().await;
    let long = "x".repeat(1024);
    let keys = [
        "..%2F..%2Fescape",
        "%2Fetc%2Fpasswd",
        "a%00b",
        "%F0%9F%93%B7%0A",
        "",
        &long,
    ];
    for key in keys {
        assert_eq!(
            post(server.address, &format!("/put?key={key}"), key.to_owned())
                .await
                .status,
            200,
            "{key}"
        );
    }
    for key in keys {
        assert_eq!(
            get(server.address, &format!("/get?key={key}")).await.text(),
            key
        );
    }
    let answer = post(server.address, &format!("/put?key={long}x"), "").await;
    assert!(answer.text().contains("(10020)"), "{answer:?}");
}

#[tokio::test]
async fn a_list_goes_page_by_page() {
    let server = start().await;
    for key in [
        "dir0/file0",
        "dir0/file1",
        "dir0/sub0/file2",
        "dir0/sub0/file3",
        "dir0/sub1/file4",
        "file8",
    ] {
        post(server.address, &format!("/put?key={key}&note=n"), "").await;
    }
    let path = "/list?prefix=dir0/&delimiter=/&limit=2";
    let first = get(server.address, path).await;
    let lines: Vec<_> = first.text().lines().collect();
    let empty = "0 d41d8cd98f00b204e9800998ecf8427e n";
    assert_eq!(
        lines[..2],
        [
            format!("object dir0/file0 {empty}"),
            format!("object dir0/file1 {empty}")
        ]
    );
    let cursor = lines[2].strip_prefix("cursor ").unwrap();
    let second = get(server.address, &format!("{path}&cursor={cursor}")).await;
    assert_eq!(second.text(), "prefix dir0/sub0/\nprefix dir0/sub1/\n");
    let refused = get(server.address, "/list?limit=1001").await;
    assert!(refused.text().contains("(10022)"), "{refused:?}");
}

/// Noise, so that the file is large: about 15 MB of PNG.
fn large_picture() -> (RgbImage, Vec<u8>) {
    let noise = RgbImage::from_fn(2_236, 2_236, |x, y| {
        let value = (u64::from(x) << 32 | u64::from(y)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let [red, green, blue, ..] = value.to_be_bytes();
        image::Rgb([red, green, blue])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    noise.write_to(&mut bytes, ImageFormat::Png).unwrap();
    (noise, bytes.into_inner())
}

#[tokio::test]
async fn a_large_object_streams_through_a_worker_that_could_not_hold_it() {
    // The component has about 2 MB of memory before it does anything.
    let extra = IN_MEMORY.replace(
        "[safelight.storage]",
        "[safelight]\nmemory_mb = 8\n\n[safelight.storage]",
    );
    let server = DevServer::start(guests::bucket(), &extra).await;
    let (pixels, file) = large_picture();
    assert!(file.len() > 14_000_000, "{}", file.len());
    assert_eq!(
        post(server.address, "/put?key=large.png", file.clone())
            .await
            .status,
        200
    );
    assert_eq!(
        get(server.address, "/copy?key=large.png&to=copy.png")
            .await
            .status,
        200
    );
    let answer = get(server.address, "/get?key=copy.png").await;
    assert!(
        answer.broken.is_none() && answer.body == file,
        "the bytes differ"
    );
    let answer = get(server.address, "/picture?key=copy.png").await;
    let result = image::load_from_memory(&answer.body).unwrap().to_rgb8();
    assert!(result == pixels, "the pixels differ");
}

#[tokio::test]
async fn parts_become_one_object() {
    let server = start().await;
    let body: Vec<u8> = (0..2_500_u32)
        .flat_map(|number| number.to_be_bytes())
        .collect();
    let answer = post(server.address, "/parts?key=p&size=3000", body.clone()).await;
    let text = told(&answer);
    assert!(
        text.starts_with("200 p 10000 ") && text.ends_with("-4 in parts"),
        "{text}"
    );
    assert_eq!(get(server.address, "/get?key=p").await.body, body);
    let range = get_range(&server, "/get?key=p", "bytes=2999-6000").await;
    assert_eq!(range.body, body[2999..=6000]);
    let small = post(server.address, "/parts?key=q&size=999", body).await;
    assert!(small.text().contains("(10011)"), "{small:?}");
}

#[tokio::test]
async fn a_stored_object_is_there_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let extra = format!(
        "[[r2_buckets]]\nbinding = \"BUCKET\"\n\n[safelight.storage]\nstate = \"{}\"\n",
        folder.path().display()
    );
    let mut server = DevServer::start(guests::bucket(), &extra).await;
    post(server.address, "/put?key=k", "kept").await;
    server.signal("KILL");
    server.ended().await;
    let server = DevServer::start(guests::bucket(), &extra).await;
    assert_eq!(told(&get(server.address, "/get?key=k").await), "200 kept");
}

#[tokio::test]
async fn a_blob_that_was_altered_on_disk_is_never_delivered_as_whole() {
    let folder = tempfile::tempdir().unwrap();
    let extra = format!(
        "[[r2_buckets]]\nbinding = \"BUCKET\"\n\n[safelight.storage]\nstate = \"{}\"\n",
        folder.path().display()
    );
    let server = DevServer::start(guests::bucket(), &extra).await;
    post(server.address, "/put?key=k", vec![b'a'; 1_000_000]).await;
    let blobs = folder.path().join("v1/r2/~42~55~43~4b~45~54/blobs");
    let blob = std::fs::read_dir(&blobs)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = std::fs::read(&blob).unwrap();
    bytes[500_000] = b'b';
    std::fs::write(&blob, &bytes).unwrap();
    let answer = get(server.address, "/get?key=k").await;
    assert_eq!(answer.status, 200);
    assert!(answer.broken.is_some(), "{answer:?}");
    server
        .line(|line| line.contains("was altered on its way"))
        .await;
    // A range within one block of checksums is verified before the answer begins, a longer one on its way.
    for (range, status, is_broken) in [
        ("bytes=499000-501000", 500, false),
        ("bytes=100000-900000", 206, true),
    ] {
        let answer = get_range(&server, "/get?key=k", range).await;
        assert_eq!(
            (answer.status.as_u16(), answer.broken.is_some()),
            (status, is_broken),
            "{range}"
        );
    }
    let good = get_range(&server, "/get?key=k", "bytes=0-99").await;
    assert_eq!(told(&good), format!("206 {}", "a".repeat(100)));
    std::fs::write(&blob, &bytes[..500_000]).unwrap();
    let answer = get(server.address, "/get?key=k").await;
    assert!(
        answer.status == 500 && answer.text().contains("shorter"),
        "{answer:?}"
    );
    std::fs::remove_file(&blob).unwrap();
    let answer = get(server.address, "/get?key=k").await;
    assert!(
        answer.status == 500 && answer.text().contains("(10001)"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_fault_breaks_a_call_of_a_bucket() {
    let faults = [safelight_harness::Fault::truncate("BUCKET", 100_000)];
    let server = DevServer::start_with(guests::bucket(), IN_MEMORY, &faults).await;
    post(server.address, "/put?key=f", vec![1; 300_000]).await;
    let answer = get(server.address, "/get?key=f").await;
    assert_eq!(answer.status, 200);
    assert!(answer.broken.is_some(), "{answer:?}");
    server
        .line(|line| line.contains("FAULT BUCKET:truncate=100000 applied"))
        .await;
}

#[tokio::test]
async fn a_part_that_is_altered_on_its_way_is_noticed_as_a_whole_is() {
    let faults = [safelight_harness::Fault::corrupt("BUCKET", 100_000)];
    let server = DevServer::start_with(guests::bucket(), IN_MEMORY, &faults).await;
    post(server.address, "/put?key=f", vec![1; 300_000]).await;
    let answer = get_range(&server, "/get?key=f", "bytes=0-199999").await;
    assert_eq!(answer.status, 206);
    assert!(answer.broken.is_some(), "{answer:?}");
    server
        .line(|line| line.contains("was altered on its way"))
        .await;
}
