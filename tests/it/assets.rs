//! Static files before, beside and behind a worker.

use image::ImageFormat;
use safelight_harness::FAULT_HEADER;
use tempfile::TempDir;

use crate::client::{get, post, send};
use crate::dev_server::DevServer;
use crate::guests;
use crate::image_urls::{ask, error, picture, size};

/// A server of the test worker with files, and the folder that they are in.
async fn site(files: &[(&str, &str)], extra: &str) -> (DevServer, TempDir) {
    let public = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(public.path().join(name), text).unwrap();
    }
    let directory = public.path().to_str().unwrap();
    let config = format!("[assets]\ndirectory = \"{directory}\"\nbinding = \"ASSETS\"\n{extra}");
    let server = DevServer::start(guests::misbehaving(), &config).await;
    (server, public)
}

#[tokio::test]
async fn files_answer_before_the_worker_and_the_worker_the_rest() {
    let (server, public) = site(&[("index.html", "<home>"), ("host", "a file")], "").await;
    let home = get(server.address, "/").await;
    assert_eq!((home.status.as_u16(), home.text()), (200, "<home>"));
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(get(server.address, "/host").await.text(), "a file");
    let worker = get(server.address, "/headers").await;
    assert_eq!((worker.status.as_u16(), worker.header("etag")), (200, ""));
    // A new file is served without a restart.
    std::fs::write(public.path().join("headers"), "now a file").unwrap();
    assert_eq!(get(server.address, "/headers").await.text(), "now a file");
}

#[tokio::test]
async fn the_worker_goes_first_where_the_config_says_so_and_asks_for_files_itself() {
    let files = [("host", "a file"), ("a b.txt", "spaced")];
    let (server, _public) = site(&files, "run_worker_first = [\"/ho*\", \"/asset\"]").await;
    let worker = get(server.address, "/host").await;
    assert!(worker.text().starts_with("http "), "{worker:?}");
    let path = "/asset?name=ASSETS&url=http://any/host";
    assert_eq!(get(server.address, path).await.text(), "a file");
    let path = "/asset?name=ASSETS&url=http://any/a%2520b.txt";
    assert_eq!(get(server.address, path).await.text(), "spaced");
    let nothing = get(server.address, "/asset?name=ASSETS&url=http://any/none").await;
    assert_eq!((nothing.status.as_u16(), nothing.text()), (404, ""));
}

#[tokio::test]
async fn a_file_is_the_source_of_a_picture_wherever_it_would_answer_the_path() {
    let png = picture(60, 40, ImageFormat::Png);
    for (first, path, expected) in [
        ("", "kept.png", Some((30, 20))),
        (
            "run_worker_first = [\"/api/*\"]",
            "kept.png",
            Some((30, 20)),
        ),
        (
            "run_worker_first = [\"/*\", \"!/kept.png\"]",
            "kept.png",
            Some((30, 20)),
        ),
        // The worker answers, and has no such route.
        ("run_worker_first = [\"/kept.png\"]", "kept.png", None),
        ("run_worker_first = true", "kept.png", None),
        // The worker answers, and requests the file itself.
        (
            "run_worker_first = true",
            "asset?name=ASSETS&url=http://x/kept.png",
            Some((30, 20)),
        ),
        // A file has one address, and the others redirect to it.
        ("", "a/../kept.png", None),
        ("", "%6bept.png", Some((30, 20))),
    ] {
        let (server, public) = site(&[], first).await;
        std::fs::write(public.path().join("kept.png"), &png).unwrap();
        let answer = get(server.address, &format!("/cdn-cgi/image/width=30/{path}")).await;
        match expected {
            Some(expected) => assert_eq!(size(&answer), expected, "{first} {path}"),
            None => assert_eq!(error(&answer), (404, "err=9404".into()), "{first} {path}"),
        }
    }
}

#[tokio::test]
async fn an_oddity_of_the_folder_is_reported_at_the_start() {
    let files = [("_headers", "/*"), ("_redirects", "/a /b"), ("b", "b")];
    let (server, public) = site(&files, "").await;
    for name in ["_headers", "_redirects"] {
        let file = public.path().join(name);
        let wanted = format!("{} is not applied by safelight yet", file.display());
        server.line(|line| line.ends_with(&wanted)).await;
        // The file is not served either.
        let answer = get(server.address, &format!("/{name}")).await;
        assert_eq!(answer.status, 404, "{name}");
    }
    let missing = "[assets]\ndirectory = \"pubilc\"\n";
    let server = DevServer::start(guests::misbehaving(), missing).await;
    let line = server.line(|line| line.contains("pubilc")).await;
    assert!(line.contains("`assets.directory` is"), "{line}");
}

#[tokio::test]
async fn a_part_of_a_file_is_that_part_as_long_as_the_file_is_the_same() {
    let (server, _public) = site(&[("ten", "0123456789")], "").await;
    let whole = get(server.address, "/ten").await;
    let etag = whole.header("etag").to_owned();
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let ask = async |headers: &[(&str, &str)]| {
        let answer = ask(&server, "/ten", headers).await;
        let range = answer.header("content-range").to_owned();
        (answer.status.as_u16(), range, answer.text().to_owned())
    };
    for (range, status, said, text) in [
        ("bytes=2-4", 206, "bytes 2-4/10", "234"),
        ("bytes=7-", 206, "bytes 7-9/10", "789"),
        ("bytes=-3", 206, "bytes 7-9/10", "789"),
        ("bytes=-99", 206, "bytes 0-9/10", "0123456789"),
        ("bytes=5-99", 206, "bytes 5-9/10", "56789"),
        ("bytes=10-", 416, "bytes */10", ""),
        ("bytes=-0", 416, "bytes */10", ""),
        // Several ranges, and a malformed one, are answered with the whole file.
        ("bytes=0-1,3-4", 200, "", "0123456789"),
        ("lines=1-2", 200, "", "0123456789"),
    ] {
        let found = ask(&[("range", range)]).await;
        assert_eq!(found, (status, said.into(), text.into()), "{range}");
    }
    for (validator, status) in [
        (etag.as_str(), 206),
        ("\"other\"", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
    ] {
        let found = ask(&[("range", "bytes=2-4"), ("if-range", validator)]).await;
        assert_eq!(found.0, status, "{validator}");
    }
    let known = ask(&[("range", "bytes=2-4"), ("if-none-match", &etag)]).await;
    assert_eq!(known, (304, String::new(), String::new()));
}

#[tokio::test]
async fn files_need_no_worker() {
    let folder = tempfile::tempdir().unwrap();
    let config = "name = \"site\"\n[assets]\ndirectory = \"public\"\nnot_found_handling = \"404-page\"\n[safelight]\nimage_urls = true\n";
    let public = folder.path().join("public");
    std::fs::create_dir(&public).unwrap();
    for (file, bytes) in [
        (folder.path().join("wrangler.toml"), config.as_bytes()),
        (public.join("index.html"), b"<home>"),
        (public.join("404.html"), b"<lost>"),
        (public.join("photo.png"), &picture(60, 40, ImageFormat::Png)),
    ] {
        std::fs::write(file, bytes).unwrap();
    }
    let check = std::process::Command::new(guests::SAFELIGHT)
        .arg("check")
        .arg(folder.path())
        .output()
        .unwrap();
    let words = String::from_utf8(check.stdout).unwrap();
    assert_eq!(words, "site can be served without a worker\n");
    let server = DevServer::start_in(folder.path(), &[]).await;
    for (path, expected) in [
        ("/", (200, "<home>")),
        ("/nothing", (404, "<lost>")),
        ("/index.html", (307, "")),
    ] {
        let answer = get(server.address, path).await;
        assert_eq!((answer.status.as_u16(), answer.text()), expected, "{path}");
    }
    let posted = post(server.address, "/", "").await;
    assert_eq!(posted.status, 405);
    let small = get(server.address, "/cdn-cgi/image/width=30/photo.png").await;
    assert_eq!(size(&small), (30, 20));
    let altered = http::Request::get("/cdn-cgi/image/width=30/photo.png")
        .header(FAULT_HEADER, "image-source:corrupt=60")
        .body(bytes::Bytes::new());
    let altered = send(server.address, altered.unwrap()).await;
    assert_eq!(altered.status, 422);
    assert!(altered.text().contains("altered"), "{}", altered.text());
    // Without a page for missing files, the worker does not answer either.
    let bare = config.replace("not_found_handling = \"404-page\"\n", "");
    std::fs::write(folder.path().join("wrangler.toml"), bare).unwrap();
    let server = DevServer::start_in(folder.path(), &[]).await;
    let nothing = get(server.address, "/nothing").await;
    assert_eq!((nothing.status.as_u16(), nothing.text()), (404, ""));
}

#[tokio::test]
async fn no_path_of_a_client_or_of_the_worker_leaves_the_folder() {
    let (server, public) = site(&[("a", "a")], "").await;
    std::os::unix::fs::symlink("/etc", public.path().join("etc")).unwrap();
    for path in [
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "/asset?name=ASSETS&url=http://any/..%252f..%252f..%252fetc%252fpasswd",
        "/asset?name=ASSETS&url=http://any/etc/passwd",
    ] {
        let answer = get(server.address, path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.text().contains("root:"), "{path}");
    }
}
