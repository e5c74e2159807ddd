//! The addresses that no URL reaches unless the config allows it: this machine, its network, its files. One table serves both
//! interfaces.

use serde_json::json;

use crate::cf_images::fetch;
use crate::client::{Answer, get};
use crate::dev_server::DevServer;
use crate::guests;
use crate::hosts::{Host, answer, redirect};
use crate::image_urls::{error, picture, size};

/// The addresses of this machine, in every spelling.
const LOOPBACK: &[&str] = &[
    "http://127.0.0.1:9/a.png",
    "http://127.255.255.254:9/a.png",
    "http://127.1:9/a.png",
    "http://2130706433:9/a.png",
    "http://0x7f000001:9/a.png",
    "http://0x7f.0.0.1:9/a.png",
    "http://0177.0.0.1:9/a.png",
    "http://0.0.0.0:9/a.png",
    "http://localhost:9/a.png",
    "http://LOCALHOST:9/a.png",
    "http://[::1]:9/a.png",
    "http://[0:0:0:0:0:0:0:1]:9/a.png",
    "http://[::ffff:127.0.0.1]:9/a.png",
    "http://[::ffff:7f00:1]:9/a.png",
    "http://[::]:9/a.png",
];

/// Networks without public hosts.
const PRIVATE: &[&str] = &[
    "http://10.1.2.3/a.png",
    "https://172.16.0.1/a.png",
    "http://192.168.1.1/a.png",
    "http://100.64.0.1/a.png",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fc00::1]/a.png",
    "http://[fe80::1]/a.png",
    "http://[64:ff9b::a00:1]/a.png",
    "http://224.0.0.1/a.png",
    "http://255.255.255.255/a.png",
];

/// Texts that are not URLs of a picture, or that hide their host.
const TRICKS: &[&str] = &[
    "file:///etc/passwd",
    "ftp://example.com/a.png",
    "gopher://127.0.0.1:9/_x",
    "data:image/png;base64,AA==",
    "http://user@127.0.0.1:9/a.png",
    "http://user:secret@example.com/a.png",
    "http://example.com@127.0.0.1:9/a.png",
];

/// Both interfaces for one URL.
async fn both(server: &DevServer, url: &str) -> [(&'static str, Answer); 2] {
    let by_url = get(server.address, &format!("/cdn-cgi/image/width=8/{url}")).await;
    let by_fetch = fetch(server, url, &json!({"width": 8})).await;
    [("by URL", by_url), ("by fetch", by_fetch)]
}

#[tokio::test]
async fn no_address_that_is_not_public_is_reached_by_default() {
    let extra = "[safelight]\nallowed_origins = [\"*\"]\n";
    let server = DevServer::start(guests::misbehaving(), extra).await;
    for url in [LOOPBACK, PRIVATE].concat() {
        for (how, answer) in both(&server, url).await {
            assert_eq!(error(&answer), (403, "err=9401".into()), "{how} {url}");
            let text = answer.text();
            assert!(text.contains("allowed_addresses"), "{how} {url}: {text}");
        }
    }
}

#[tokio::test]
async fn a_text_that_is_no_url_of_the_web_is_refused_before_any_request() {
    let extra = "[safelight]\nallowed_origins = [\"*\"]\n";
    let server = DevServer::start(guests::misbehaving(), extra).await;
    for url in TRICKS {
        let [(_, by_url), (_, by_fetch)] = both(&server, url).await;
        assert_eq!(error(&by_url), (403, "err=9406".into()), "{url}");
        assert!(!by_url.text().contains("secret"), "{}", by_url.text());
        let expected = match url.ends_with("@127.0.0.1:9/a.png") {
            true => (403, "err=9406"),
            // The worker's own `fetch` refuses the URL, so it never leaves the worker.
            false => (500, ""),
        };
        let mark = by_fetch.header("cf-resized");
        assert_eq!((by_fetch.status.as_u16(), mark), expected, "{url}");
        assert!(!by_fetch.text().contains("root:"), "{url}");
    }
}

#[tokio::test]
async fn no_redirect_leads_where_no_url_may() {
    let cases: Vec<_> = [LOOPBACK, PRIVATE, TRICKS].concat();
    let targets = cases.clone();
    let host = Host::start(move |path| {
        let number = path.trim_start_matches('/').parse::<usize>().unwrap();
        redirect(targets.get(number).copied().unwrap_or("/0"))
    })
    .await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    for (number, target) in cases.iter().enumerate() {
        let is_trick = TRICKS.contains(target);
        let expected = match is_trick {
            true => (400, "err=9420".to_owned()),
            false => (403, "err=9401".to_owned()),
        };
        for (how, answer) in both(&server, &host.url(&format!("/{number}"))).await {
            assert_eq!(
                error(&answer),
                expected,
                "{how} {target}: {}",
                answer.text()
            );
        }
    }
    // A redirect of the worker does not either.
    for target in cases {
        let expected = match TRICKS.contains(&target) {
            true => (400, "err=9420".to_owned()),
            false => (403, "err=9401".to_owned()),
        };
        let escaped: String = target.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let path = format!("/cdn-cgi/image/width=8/redirect?to={escaped}");
        let answer = get(server.address, &path).await;
        assert_eq!(error(&answer), expected, "{target}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_host_that_is_denied_is_no_source_however_a_url_leads_there() {
    let png = picture(20, 20, image::ImageFormat::Png);
    let denied = Host::start(move |_| answer(200, "", &png)).await;
    let (url, port) = (denied.url("/a.png"), denied.address.port());
    let target = url.clone();
    let host = Host::start(move |_| redirect(&target)).await;
    let extra = format!(
        "[safelight]\nallowed_origins = [\"*\"]\nallowed_addresses = [\"loopback\"]\ndenied_origins = [\"127.0.0.1:{port}\"]\n"
    );
    let server = DevServer::start(guests::misbehaving(), &extra).await;
    for url in [
        url.clone(),
        format!("http://2130706433:{port}/a.png"),
        host.url("/"),
    ] {
        for (how, answer) in both(&server, &url).await {
            assert_eq!(error(&answer), (403, "err=9401".into()), "{how} {url}");
            let words = "127.0.0.1 is denied by safelight.denied_origins";
            assert!(answer.text().contains(words), "{how}: {}", answer.text());
        }
    }
    // The target of a redirect by the worker is a URL as well.
    let path = format!("/cdn-cgi/image/width=8/redirect?to={url}");
    let answer = get(server.address, &path).await;
    assert_eq!(error(&answer), (403, "err=9401".into()));
    assert_eq!(denied.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_overlay_comes_from_no_other_address() {
    let png = picture(20, 20, image::ImageFormat::Png);
    let host = Host::start(move |path| match path {
        "/a.png" => answer(200, "", &png),
        _ => redirect("http://127.0.0.1:9/a.png"),
    })
    .await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let base = host.url("/a.png");
    let drawn = json!({"draw": [{"url": base}]});
    assert_eq!(size(&fetch(&server, &base, &drawn).await), (20, 20));
    let redirected = host.url("/away");
    for url in [
        redirected.as_str(),
        "http://[::1]:9/a.png",
        "file:///etc/passwd",
    ] {
        let answer = fetch(&server, &base, &json!({"draw": [{"url": url}]})).await;
        assert_eq!(error(&answer), (502, "err=9410".into()), "{url}");
        assert!(answer.text().contains("overlay 1"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_worker_that_fails_open_has_what_its_plain_fetch_has_and_no_more() {
    let host = Host::start(|path| match path {
        "/text" => answer(200, "", b"hello"),
        _ => redirect("http://127.0.0.1:9/a.png"),
    })
    .await;
    let extra = "[safelight]\ncf_image_fail_open = true\n";
    let server = DevServer::start(guests::misbehaving(), extra).await;
    let plain = fetch(&server, &host.url("/text"), &json!({"width": 8})).await;
    assert_eq!((plain.status.as_u16(), plain.text()), (200, "hello"));
    // A plain `fetch` leaves redirects to the worker.
    let away = fetch(&server, &host.url("/away"), &json!({"width": 8})).await;
    assert_eq!(away.status, 302);
}

#[tokio::test]
async fn a_host_that_is_denied_is_not_opened_to_by_a_failure() {
    let denied = Host::start(|_| answer(200, "", b"hello")).await;
    let target = denied.url("/text");
    let to = target.clone();
    let host = Host::start(move |_| redirect(&to)).await;
    let port = denied.address.port();
    let extra = format!(
        "[safelight]\ncf_image_fail_open = true\nallowed_addresses = [\"loopback\"]\ndenied_origins = [\"127.0.0.1:{port}\"]\n"
    );
    let server = DevServer::start(guests::misbehaving(), &extra).await;
    for (url, options, status) in [
        (&target, json!({"width": 8}), 403),
        (&host.url("/"), json!({"width": 8}), 403),
        // A request with an invalid option does not reach the host either.
        (&target, json!({"format": "jpg"}), 400),
    ] {
        let answer = fetch(&server, url, &options).await;
        assert_eq!(
            error(&answer),
            (status, "err=9401".into()),
            "{url} {options}"
        );
    }
    assert_eq!(denied.asked(), Vec::<String>::new());
}
