//! Requests of websites and of other machines: none of them steers the server or reads what is not public.

use std::net::SocketAddr;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::browser::{Browser, REBOUND};
use crate::dev_server::DevServer;
use crate::guests;
use crate::hosts::{Host, answer};

/// The answer to a request whose head consists of these lines.
async fn raw(address: SocketAddr, lines: &[&str]) -> String {
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n"));
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Asserts the status of an answer, and a part of it.
#[track_caller]
fn assert_answer(answer: &str, status: u16, part: &str) {
    let is_right = answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains(part);
    assert!(is_right, "{status} {part}: {answer}");
}

/// A site of the config's own folder, with secrets in it, and a worker for what is no file.
fn project() -> TempDir {
    let config = "[assets]\ndirectory = \".\"\n[images]\nbinding = \"IMAGES\"\n[[r2_buckets]]\nbinding = \"PHOTOS\"\n[safelight.r2.PHOTOS]\npublic_path = \"/photos\"\n[safelight]\nallowed_hosts = [\"dev.example\", \".lan\"]\n";
    let folder = crate::dev_server::project(guests::misbehaving(), config);
    for (file, text) in [
        (".dev.vars", "SECRET=of-dev-vars\n"),
        (".env", "SECRET=of-env\n"),
        (".git/config", "SECRET of git"),
        ("sub/.env.local", "SECRET of a folder below"),
        ("node_modules/a.js", "SECRET of a module"),
        ("notes.md", "SECRET of the notes"),
        (".assetsignore", "*.md\n"),
        ("public.txt", "public"),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// Paths of files that are never served.
const PRIVATE: [&str; 10] = [
    "/.dev.vars",
    "/.env",
    "/%2Eenv",
    "/.git/config",
    "/sub/.env.local",
    "/node_modules/a.js",
    "/notes.md",
    "/.assetsignore",
    "/wrangler.toml",
    "/.safelight/state/v1/r2/photos/index.sqlite",
];

#[tokio::test]
async fn a_host_that_is_none_of_the_servers_is_refused_wherever_it_is_named() {
    let folder = project();
    let server = DevServer::start_in(folder.path(), &[]).await;
    let address = server.address;
    for path in [
        "/host",
        "/public.txt",
        "/photos/a",
        "/cdn-cgi/safelight/trace",
        "/cdn-cgi/image/width=1/public.txt",
    ] {
        let get = format!("GET {path} HTTP/1.1");
        let refused = raw(address, &[&get, "host: evil.example"]).await;
        assert_answer(&refused, 403, "safelight-error: foreign-host");
        assert_answer(
            &refused,
            403,
            "`evil.example` is no host of this server; `allowed_hosts` of `[safelight]`",
        );
    }
    let absolute = "GET http://evil.example/public.txt HTTP/1.1";
    let refused = raw(address, &[absolute, "host: evil.example"]).await;
    assert_answer(&refused, 403, "allowed_hosts");
    for host in [
        "127.0.0.1",
        "localhost:1",
        "app.localhost",
        "[::1]",
        "192.0.2.1",
        "DEV.example",
        "box.lan",
    ] {
        let host = format!("host: {host}");
        let served = raw(address, &["GET /public.txt HTTP/1.1", &host]).await;
        assert_answer(&served, 200, "public");
    }
    let trace = raw(
        address,
        &["GET /cdn-cgi/safelight/trace HTTP/1.1", "host: localhost"],
    )
    .await;
    assert_answer(&trace, 200, "/public.txt");
}

#[tokio::test]
async fn a_request_with_two_hosts_is_malformed() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let get = "GET /host HTTP/1.1";
    for (target, hosts) in [
        (get, &["host: localhost", "host: localhost"][..]),
        (get, &["host: localhost", "host: evil.example"]),
        (
            "GET http://localhost/host HTTP/1.1",
            &["host: evil.example"],
        ),
        (
            "GET http://evil.example/host HTTP/1.1",
            &["host: localhost"],
        ),
        (
            "GET http://localhost:1/host HTTP/1.1",
            &["host: localhost:2"],
        ),
    ] {
        let answer = raw(server.address, &[&[target], hosts].concat()).await;
        assert_answer(&answer, 400, "safelight-error: bad-request");
    }
    let same = ["GET http://localhost/host HTTP/1.1", "host: LOCALHOST:80"];
    assert_answer(&raw(server.address, &same).await, 200, "");
}

#[tokio::test]
async fn a_host_of_http_2_is_checked_like_that_of_http_1() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for (authority, status) in [("evil.example", 403), ("localhost", 200)] {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let executor = hyper_util::rt::TokioExecutor::new();
        let handshake = hyper::client::conn::http2::handshake(executor, io);
        let (mut sender, connection) = handshake.await.unwrap();
        let connection = tokio::spawn(connection);
        let request = http::Request::get(format!("http://{authority}/host"))
            .body(http_body_util::Empty::<bytes::Bytes>::new());
        let answer = sender.send_request(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), status, "{authority}");
        connection.abort();
    }
}

#[tokio::test]
async fn a_page_of_another_site_sets_no_fault_and_reads_no_trace() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let address = server.address;
    let fault = "safelight-fault: IMAGES:crash";
    for header in [
        "origin: http://evil.example",
        "origin: http://203.0.113.5",
        "origin: null",
        "sec-fetch-site: cross-site",
    ] {
        for path in ["/cdn-cgi/safelight/trace", "/cdn-cgi/handler/scheduled"] {
            let get = format!("GET {path} HTTP/1.1");
            let answer = raw(address, &[&get, "host: localhost", header]).await;
            assert_answer(&answer, 403, "safelight-error: cross-site");
        }
        let answer = raw(
            address,
            &[
                "GET /careful-image HTTP/1.1",
                "host: localhost",
                fault,
                header,
            ],
        )
        .await;
        assert_answer(
            &answer,
            403,
            "the header safelight-fault are not for pages of other sites",
        );
        // Without the fault, the request is the worker's.
        let answer = raw(address, &["GET /host HTTP/1.1", "host: localhost", header]).await;
        assert_answer(&answer, 200, "");
    }
    for header in [
        "origin: http://localhost:5173",
        "sec-fetch-site: same-origin",
    ] {
        let get = ["GET /cdn-cgi/safelight/trace HTTP/1.1", "host: localhost"];
        let answer = raw(address, &[&get[..], &[header]].concat()).await;
        assert_answer(&answer, 200, "/careful-image");
    }
    let answer = raw(
        address,
        &["GET /cdn-cgi/handler/scheduled HTTP/1.1", "host: localhost"],
    )
    .await;
    assert_answer(&answer, 404, "not-served");
    assert!(!server.lines().iter().any(|line| line.contains("FAULT")));
}

#[tokio::test]
async fn a_token_is_named_where_other_machines_can_connect_and_a_wrong_one_is_refused() {
    let folder = crate::dev_server::project(guests::misbehaving(), "");
    let arguments = ["--ip=0.0.0.0".to_owned()];
    let server = DevServer::start_in(folder.path(), &arguments).await;
    let line = server.line(|line| line.contains("safelight-token: ")).await;
    let (_, token) = line.rsplit_once(": ").unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], server.address.port()));
    let get = ["GET /cdn-cgi/safelight/trace HTTP/1.1", "host: localhost"];
    for (token, status) in [(token, 200), ("wrong", 403)] {
        let header = format!("safelight-token: {token}");
        let answer = raw(address, &[&get[..], &[&header]].concat()).await;
        assert_answer(&answer, status, "");
    }
    // The worker does not see the token.
    let header = format!("safelight-token: {token}");
    let headers = raw(
        address,
        &["GET /headers HTTP/1.1", "host: localhost", &header],
    )
    .await;
    assert_answer(&headers, 200, "");
    assert!(!headers.contains(token), "{headers}");
}

#[tokio::test]
async fn no_path_leads_to_a_private_file_and_the_start_says_which_there_are() {
    let folder = project();
    let server = DevServer::start_in(folder.path(), &[]).await;
    for path in PRIVATE {
        let get = format!("GET {path} HTTP/1.1");
        let answer = raw(server.address, &[&get, "host: localhost"]).await;
        assert!(!answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        assert!(!answer.contains("SECRET"), "{path}: {answer}");
    }
    let is_warning = |line: &String| line.contains("which holds what is never served: ");
    let lines = server.lines();
    let warnings: Vec<_> = lines.iter().filter(|line| is_warning(line)).collect();
    assert_eq!(warnings.len(), 1, "{lines:#?}");
    let (_, named) = warnings[0].rsplit_once(": ").unwrap();
    assert_eq!(
        named,
        ".dev.vars, .env, .git, .safelight, node_modules, sub/.env.local, wrangler.toml"
    );
}

#[tokio::test]
async fn a_browser_reaches_nothing_by_a_name_that_was_rebound_or_from_another_site() {
    let folder = project();
    let server = DevServer::start_in(folder.path(), &[]).await;
    let port = server.address.port();
    let mut browser = Browser::start(320, 320).await;
    // The page of the website comes from the website's own name.
    let site = Host::start(|_| answer(200, "content-type: text/html\r\n", b"<p>a site")).await;
    browser
        .open(&format!("http://{REBOUND}:{}/", site.address.port()))
        .await;
    let text = browser.evaluate("document.body.innerText").await;
    assert_eq!(text, "a site");

    // The same name leads to the dev server.
    browser
        .open(&format!("http://{REBOUND}:{port}/public.txt"))
        .await;
    let text = browser.evaluate("document.body.innerText").await;
    let text = text.as_str().unwrap();
    assert!(text.contains("allowed_hosts"), "{text}");
    let ask = "Promise.all(['/cdn-cgi/safelight/trace', '/.env', '/host'].map(path =>
        fetch(path, { headers: { 'safelight-fault': 'IMAGES:crash' } }).then(answer => answer.status)))";
    assert_eq!(
        browser.evaluate(ask).await,
        serde_json::json!([403, 403, 403])
    );

    // A page of another site asks for the server by its address.
    browser
        .open(&format!("http://{REBOUND}:{}/", site.address.port()))
        .await;
    let ask = format!(
        "Promise.allSettled([
            fetch('http://127.0.0.1:{port}/cdn-cgi/safelight/trace', {{ mode: 'no-cors' }}),
            fetch('http://127.0.0.1:{port}/host', {{ headers: {{ 'safelight-fault': '*:hang' }} }}),
        ]).then(asked => asked.map(one => one.value ? one.value.type : 'failed'))"
    );
    let asked = browser.evaluate(&ask).await;
    assert_eq!(asked[1], "failed", "{asked}");
    if asked[0] == "opaque" {
        let is_refused = |line: &str| line.contains("GET /cdn-cgi/safelight/trace 403");
        server.line(is_refused).await;
    }
    let is_served = |line: &String| line.contains("GET /cdn-cgi/safelight/trace 200");
    assert!(!server.lines().iter().any(is_served));

    // Its own pages may, but read no private file.
    browser
        .open(&format!("http://127.0.0.1:{port}/public.txt"))
        .await;
    let paths = serde_json::json!(PRIVATE);
    let ask =
        format!("Promise.all({paths}.map(path => fetch(path).then(answer => answer.text())))");
    let texts = browser.evaluate(&ask).await;
    for (path, text) in PRIVATE.iter().zip(texts.as_array().unwrap()) {
        assert!(!text.as_str().unwrap().contains("SECRET"), "{path}: {text}");
    }
    let ask = "fetch('/cdn-cgi/safelight/trace').then(answer => answer.status)";
    let status: Value = browser.evaluate(ask).await;
    browser.close().await;
    assert_eq!(status, 200);
}
