//! A bucket's public path: its objects over HTTP, and as sources of pictures by URL.

use bytes::Bytes;
use http::{Method, Request};
use image::ImageFormat;
use safelight_harness::Fault;

use crate::client::{Answer, get, post, send};
use crate::dev_server::{DevServer, TEST_TIMEOUT};
use crate::guests;
use crate::image_urls::{ask, error, picture, size};

const BUCKETS: &str = "[[r2_buckets]]\nbinding = \"BUCKET\"\nbucket_name = \"photos\"\n
[[r2_buckets]]\nbinding = \"OTHER\"\n
[safelight.storage]\nstate = \"memory\"\ndurability = \"process\"\npart_bytes = 1000\n";

const OPEN: &str = "[safelight.r2.BUCKET]\npublic_path = \"/photos\"\n";

async fn start() -> DevServer {
    DevServer::start(guests::bucket(), &format!("{BUCKETS}{OPEN}")).await
}

async fn with_method(server: &DevServer, method: Method, path: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", server.address.to_string());
    send(server.address, request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn an_object_is_served_as_a_file_with_what_it_carries() {
    let server = start().await;
    post(server.address, "/put?key=a/b%20c.txt&type=text/x", "hello").await;
    let path = "/photos/a/b%20c.txt";
    let answer = get(server.address, path).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "hello"));
    assert_eq!(answer.broken, None);
    for (name, value) in [
        ("content-type", "text/x"),
        ("content-length", "5"),
        ("accept-ranges", "bytes"),
        ("etag", "\"5d41402abc4b2a76b9719d911017c592\""),
        ("safelight-summary", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    assert!(answer.header("last-modified").ends_with(" GMT"));
    server
        .line(|line| line.contains("BUCKET /a/b%20c.txt 200") && line.contains("photos: get"))
        .await;
    let head = with_method(&server, Method::HEAD, path).await;
    assert_eq!(head.header("content-length"), "5");
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let posted = with_method(&server, Method::DELETE, path).await;
    assert_eq!(
        (posted.status.as_u16(), posted.header("allow")),
        (405, "GET, HEAD")
    );
}

#[tokio::test]
async fn conditions_and_ranges_are_those_of_http() {
    let server = start().await;
    post(server.address, "/put?key=a", "hello").await;
    let etag = "\"5d41402abc4b2a76b9719d911017c592\"";
    for (name, value, status, text, range) in [
        ("if-none-match", etag, 304, "", ""),
        ("if-none-match", "\"other\"", 200, "hello", ""),
        (
            "if-modified-since",
            "Fri, 31 Dec 2399 23:59:59 GMT",
            304,
            "",
            "",
        ),
        ("if-match", etag, 200, "hello", ""),
        ("range", "bytes=1-3", 206, "ell", "bytes 1-3/5"),
        ("range", "bytes=0-", 206, "hello", "bytes 0-4/5"),
        ("range", "bytes=-2", 206, "lo", "bytes 3-4/5"),
        ("range", "bytes=0-0,2-3", 200, "hello", ""),
        ("range", "bytes=5-", 416, "", "bytes */5"),
    ] {
        let answer = ask(&server, "/photos/a", &[(name, value)]).await;
        let found = (
            answer.status.as_u16(),
            answer.text(),
            answer.header("content-range"),
        );
        assert_eq!(found, (status, text, range), "{name}: {value}");
        assert_eq!(answer.header("etag"), etag);
        assert_eq!(answer.broken, None);
    }
    let refused = ask(&server, "/photos/a", &[("if-match", "\"other\"")]).await;
    assert_eq!(refused.status, 412);
    let stale = [("range", "bytes=1-3"), ("if-range", "\"other\"")];
    assert_eq!(ask(&server, "/photos/a", &stale).await.text(), "hello");
}

#[tokio::test]
async fn objects_of_every_size_come_whole() {
    let server = start().await;
    let large: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    post(server.address, "/put?key=large", large.clone()).await;
    post(server.address, "/put?key=empty", "").await;
    post(
        server.address,
        "/parts?key=parts&size=1000",
        large[..3_500].to_vec(),
    )
    .await;
    for (key, expected) in [
        ("large", &large[..]),
        ("empty", b""),
        ("parts", &large[..3_500]),
    ] {
        let answer = get(server.address, &format!("/photos/{key}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.broken),
            (200, None),
            "{key}"
        );
        assert!(
            answer.body == expected,
            "{key}: {} bytes",
            answer.body.len()
        );
    }
}

#[tokio::test]
async fn only_the_bucket_that_the_config_opened_is_open_and_nothing_leads_out_of_it() {
    let server = start().await;
    post(server.address, "/put?key=secret&bucket=OTHER", "hidden").await;
    post(server.address, "/put?key=../up", "hidden").await;
    for (path, status) in [
        ("/photos/secret", 404),
        ("/photos/none", 404),
        ("/photos/", 404),
        ("/OTHER/secret", 404),
        ("/photos/../OTHER/secret", 400),
        ("/photos/../up", 400),
        ("/photos/%2e%2e/up", 400),
        ("/photos/..%2fup", 400),
        ("/photos/a%2f..%2f..%2fup", 400),
        ("/photos/..%5cup", 400),
        ("/photos/%ff", 400),
    ] {
        let answer = get(server.address, path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(!answer.text().contains("hidden"), "{path}");
        let path = format!("/cdn-cgi/image/width=8{path}");
        assert_eq!(get(server.address, &path).await.status, status, "{path}");
    }
    // The worker answers all other paths.
    let worker = get(server.address, "/photos").await;
    assert_eq!((worker.status.as_u16(), worker.text()), (404, "/photos"));
    let closed = DevServer::start(guests::bucket(), BUCKETS).await;
    post(closed.address, "/put?key=a", "hello").await;
    let worker = get(closed.address, "/photos/a").await;
    assert_eq!((worker.status.as_u16(), worker.text()), (404, "/photos/a"));
}

#[tokio::test]
async fn an_object_is_the_source_of_a_picture_without_the_worker() {
    let server = start().await;
    let png = picture(60, 40, ImageFormat::Png);
    post(
        server.address,
        "/put?key=a/cat.png&type=image/png",
        png.clone(),
    )
    .await;
    let by_path = "/cdn-cgi/image/width=30,format=webp/photos/a/cat.png".to_owned();
    let absolute = format!(
        "/cdn-cgi/image/width=30,format=webp/http://{}/photos/a/cat.png",
        server.address
    );
    for path in [by_path.as_str(), &absolute] {
        let answer = get(server.address, path).await;
        assert_eq!(size(&answer), (30, 20), "{path}");
        let etag = answer.header("etag").to_owned();
        assert!(etag.starts_with("\"cf-"), "{etag}");
        let again = ask(&server, path, &[("if-none-match", &etag)]).await;
        assert_eq!(again.status, 304, "{path}");
    }
    server
        .line(|line| line.contains("BUCKET /a/cat.png 200"))
        .await;
    server
        .line(|line| line.contains("image-source /photos/a/cat.png 200"))
        .await;
}

#[tokio::test]
async fn a_broken_object_is_never_a_whole_answer() {
    let body = "x".repeat(100_000);
    for fault in [
        Fault::truncate("BUCKET", 50_000),
        Fault::corrupt("BUCKET", 50_000),
    ] {
        let fault = format!("{fault},path=/a");
        let config = format!("{BUCKETS}{OPEN}");
        let arguments = [format!("--fault={fault}")];
        let server = DevServer::start_by(guests::bucket(), &config, &arguments).await;
        post(server.address, "/put?key=a", body.clone()).await;
        let answer = get(server.address, "/photos/a").await;
        assert_eq!(answer.status, 200);
        assert!(answer.broken.is_some(), "{fault}");
        let hop =
            |line: &str| line.contains("BUCKET /a 200") && line.contains("the answer of BUCKET");
        server.line(hop).await;
        let picture = get(server.address, "/cdn-cgi/image/width=8/photos/a").await;
        assert_eq!(error(&picture).1, "err=9416", "{fault}: {}", picture.text());
    }
    let reset = [Fault::reset("BUCKET")];
    let config = format!("{BUCKETS}{OPEN}");
    let server = DevServer::start_with(guests::bucket(), &config, &reset).await;
    let answer = get(server.address, "/photos/a").await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("BUCKET"), "{}", answer.text());
}

#[tokio::test]
async fn a_part_of_an_object_that_was_altered_on_disk_is_never_a_whole_answer() {
    let folder = tempfile::tempdir().unwrap();
    let state = format!("state = \"{}\"", folder.path().display());
    let config = format!("{BUCKETS}{OPEN}").replace("state = \"memory\"", &state);
    let server = DevServer::start(guests::bucket(), &config).await;
    post(server.address, "/put?key=a", vec![b'a'; 1_000_000]).await;
    let blobs = folder.path().join("v1/r2/photos/blobs");
    let blob = std::fs::read_dir(blobs).unwrap().next().unwrap().unwrap();
    let mut bytes = std::fs::read(blob.path()).unwrap();
    bytes[500_000] = b'b';
    std::fs::write(blob.path(), bytes).unwrap();
    let client = safelight_harness::Client::new(server.address, TEST_TIMEOUT);
    // A range within one block of checksums is verified before the answer begins, a longer one on its way.
    for (range, status, is_broken) in [
        ("bytes=499000-501000", 500, false),
        ("bytes=100000-900000", 206, true),
    ] {
        let request = Request::get("/photos/a")
            .header("host", server.address.to_string())
            .header("range", range);
        let request = request.body(Bytes::new()).unwrap();
        let answer = client.send(request).await.expect("a response");
        assert_eq!(
            (answer.status.as_u16(), answer.broken.is_some()),
            (status, is_broken),
            "{range}"
        );
    }
    let good = ask(&server, "/photos/a", &[("range", "bytes=0-99")]).await;
    assert_eq!((good.status.as_u16(), good.body.len()), (206, 100));
}
