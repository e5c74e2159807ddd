//! `fetch` with `cf.image`: pictures that are transformed while a worker fetches them.

use image::ImageFormat;
use serde_json::{Value, json};

use crate::client::{Answer, get};
use crate::dev_server::DevServer;
use crate::guests;
use crate::hosts::{Host, answer, redirect};
use crate::image_urls::{RED, ask, picture, plain, size};

const BLUE: [u8; 3] = [0, 0, 255];

/// `/base.png` is 80 by 60 red pixels, `/mark.png` 10 by 10 blue ones, `/text` is none, `/away` leads to `next`, the rest is not there.
async fn host_with(next: String) -> Host {
    Host::start(move |path| match path {
        "/base.png" => answer(200, "", &picture(80, 60, ImageFormat::Png)),
        "/mark.png" => answer(200, "", &plain(10, 10, BLUE, ImageFormat::Png)),
        "/text" => answer(200, "", b"hello"),
        "/away" => redirect(&next),
        _ => answer(404, "", b""),
    })
    .await
}

async fn host() -> Host {
    host_with(String::new()).await
}

/// The path by which the worker fetches a URL with these options.
pub(crate) fn fetch_path(url: &str, options: &Value) -> String {
    let hex = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02x}")).collect() };
    let (url, options) = (hex(url), hex(&options.to_string()));
    format!("/fetch-cf?url={url}&cf={options}")
}

pub(crate) async fn fetch(server: &DevServer, url: &str, options: &Value) -> Answer {
    get(server.address, &fetch_path(url, options)).await
}

fn pixel(answer: &Answer, x: u32, y: u32) -> [u8; 3] {
    let picture = image::load_from_memory(&answer.body).unwrap();
    picture.to_rgb8().get_pixel(x, y).0
}

#[tokio::test]
async fn a_picture_is_changed_on_its_way_and_the_options_stay_here() {
    let host = host().await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let path = format!("/fetch-image?url={}&width=40", host.url("/base.png"));
    let answer = get(server.address, &path).await;
    assert_eq!(size(&answer), (40, 30));
    assert_eq!(answer.header("content-type"), "image/webp");
    assert!(answer.header("cf-resized").starts_with("internal=ok/m"));
    let asked = host.asked();
    assert!(asked[0].contains("via: image-resizing"), "{asked:?}");
    for mine in ["safelight-cf-image", "cookie", "width"] {
        assert!(!asked[0].contains(mine), "{asked:?}");
    }
}

#[tokio::test]
async fn overlays_are_fetched_and_drawn() {
    let host = host().await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let draw = json!([{"url": host.url("/mark.png"), "width": 6, "top": 0, "left": 0}]);
    let options = json!({"width": 40, "format": "png-force", "draw": draw});
    let answer = fetch(&server, &host.url("/base.png"), &options).await;
    assert_eq!(size(&answer), (40, 30));
    for (x, y, color) in [(0, 0, BLUE), (5, 5, BLUE), (6, 0, RED), (0, 6, RED)] {
        assert_eq!(pixel(&answer, x, y), color, "{x}, {y}");
    }
    assert_eq!(host.asked().len(), 2);
    let missing = json!({"width": 40, "draw": [{"url": host.url("/gone.png")}]});
    let answer = fetch(&server, &host.url("/base.png"), &missing).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("cf-resized")),
        (404, "err=9410")
    );
    assert!(answer.text().contains("overlay 1"), "{}", answer.text());
}

#[tokio::test]
async fn a_failure_has_its_number_or_opens_if_the_config_says_so() {
    let host = host().await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    for (path, options, expected) in [
        ("/gone.png", json!({"width": 8}), (404, "err=9404")),
        ("/text", json!({"width": 8}), (415, "err=9412")),
        ("/base.png", json!({"width": -8}), (400, "err=9401")),
        ("/base.png", json!({"format": "jpg"}), (400, "err=9401")),
        ("/base.png", json!([]), (400, "err=9401")),
        (
            "/cdn-cgi/image/w=8/base.png",
            json!({"width": 8}),
            (508, "err=9403"),
        ),
    ] {
        let answer = fetch(&server, &host.url(path), &options).await;
        let found = (answer.status.as_u16(), answer.header("cf-resized"));
        assert_eq!(found, expected, "{path} {options}: {}", answer.text());
    }
    let plain = fetch(&server, &host.url("/text"), &json!({})).await;
    assert_eq!((plain.status.as_u16(), plain.text()), (200, "hello"));
    let extra = format!("{}cf_image_fail_open = true\n", host.allowed());
    let open = DevServer::start(guests::misbehaving(), &extra).await;
    let answer = fetch(&open, &host.url("/text"), &json!({"width": 8})).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "hello"));
    assert_eq!(answer.header("cf-resized"), "");
}

#[tokio::test]
async fn a_tag_of_a_fetch_stands_for_one_result() {
    let png = picture(80, 60, ImageFormat::Png);
    let host = Host::start(move |path| match path {
        "/bare.png" => answer(200, "", &png),
        path => answer(200, &format!("etag: \"{path}\"\r\n"), &png),
    })
    .await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let base = host.url("/base.png");
    let tag = async |drawn: &str, accept: &str| {
        let draw = json!([{"url": host.url(drawn), "width": 6}]);
        let options = json!({"width": 40, "format": "auto", "draw": draw});
        let path = fetch_path(&base, &options);
        let answer = ask(&server, &path, &[("accept", accept)]).await;
        assert_eq!(answer.status, 200, "{drawn} {accept}");
        (path, answer.header("etag").to_owned())
    };
    let (path, webp) = tag("/one.png", "image/webp").await;
    assert!(webp.ends_with(":/base.png\""), "{webp}");
    for (drawn, accept) in [("/one.png", "*/*"), ("/two.png", "image/webp")] {
        assert_ne!(tag(drawn, accept).await.1, webp, "{drawn} {accept}");
    }
    // An overlay without a tag may change unnoticed, so the result has no tag.
    assert_eq!(tag("/bare.png", "image/webp").await.1, "");
    for (accept, status) in [("image/webp", 304), ("*/*", 200)] {
        let headers = [("accept", accept), ("if-none-match", &webp)];
        let again = ask(&server, &path, &headers).await;
        assert_eq!(again.status, status, "{accept}");
    }
}

#[tokio::test]
async fn a_picture_with_a_text_has_no_tag_as_its_font_may_change_unnoticed() {
    let png = picture(80, 60, ImageFormat::Png);
    let host = Host::start(move |path| match path {
        "/plain.ttf" => answer(200, "content-type: font/ttf\r\n", &crate::font::plain()),
        _ => answer(200, "etag: \"one\"\r\n", &png),
    })
    .await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let base = host.url("/base.png");
    let font = json!({"url": host.url("/plain.ttf")});
    let draw = json!([{"text": {"content": "A", "font": font, "size": 10}}]);
    for (options, has_tag) in [
        (json!({"width": 40}), true),
        (json!({"width": 40, "draw": draw}), false),
    ] {
        let answer = fetch(&server, &base, &options).await;
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
        assert_eq!(!answer.header("etag").is_empty(), has_tag, "{options}");
    }
}

#[tokio::test]
async fn an_overlay_may_be_a_fraction_of_the_result() {
    let host = host().await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let draw =
        json!([{"url": host.url("/mark.png"), "width": 0.5, "height": 0.5, "fit": "squeeze"}]);
    let options = json!({"width": 40, "format": "png-force", "draw": draw});
    let answer = fetch(&server, &host.url("/base.png"), &options).await;
    assert_eq!(size(&answer), (40, 30));
    // The middle of the result, of half its width and height.
    for (x, y, color) in [(10, 15, BLUE), (29, 15, BLUE), (9, 15, RED), (30, 15, RED)] {
        assert_eq!(pixel(&answer, x, y), color, "{x}, {y}");
    }
    for (x, y, color) in [(20, 8, BLUE), (20, 21, BLUE), (20, 6, RED), (20, 23, RED)] {
        assert_eq!(pixel(&answer, x, y), color, "{x}, {y}");
    }
}

/// Credentials. Only the origin may receive them, and only if the worker says so.
const CREDENTIALS: [(&str, &str); 9] = [
    ("authorization", "Basic secret"),
    ("cookie", "session=secret"),
    ("x-amz-content-sha256", "secret"),
    ("x-amz-date", "secret"),
    ("x-ms-date", "secret"),
    ("x-ms-version", "secret"),
    ("x-sa-date", "secret"),
    ("cf-access-client-id", "secret"),
    ("cf-access-client-secret", "secret"),
];

#[tokio::test]
async fn credentials_go_to_the_source_if_the_worker_says_so_and_nothing_else_ever_does() {
    let elsewhere = host().await;
    let host = host_with(elsewhere.url("/base.png")).await;
    let extra = "[safelight]\nallowed_addresses = [\"loopback\"]\n";
    let server = DevServer::start(guests::misbehaving(), extra).await;
    let others = [("x-visitor", "secret"), ("range", "bytes=0-1")];
    let headers = [&CREDENTIALS[..], &others].concat();
    let sees = |asked: &str, name: &str| asked.contains(&format!("\r\n{name}: "));
    for (auth, shared) in [(None, false), (Some("share-publicly"), true)] {
        let draw = json!([{"url": host.url("/mark.png")}]);
        let options = json!({"width": 40, "origin-auth": auth, "draw": draw});
        let path = fetch_path(&host.url("/base.png"), &options);
        assert_eq!(size(&ask(&server, &path, &headers).await), (40, 30));
        let asked = host.asked();
        let [.., source, overlay] = asked.as_slice() else {
            panic!("{asked:?}");
        };
        for (name, _) in CREDENTIALS {
            assert_eq!(sees(source, name), shared, "{name}: {source}");
            assert!(!sees(overlay, name), "{name}: {overlay}");
        }
        for (name, _) in others {
            assert!(!sees(source, name), "{name}: {source}");
        }
        assert!(sees(source, "via") && sees(overlay, "via"), "{asked:?}");
    }
    // They go to the origin that the worker named, and no further.
    let options = json!({"width": 40, "origin-auth": "share-publicly"});
    let path = fetch_path(&host.url("/away"), &options);
    assert_eq!(size(&ask(&server, &path, &headers).await), (40, 30));
    let (near, far) = (
        host.asked().pop().unwrap(),
        elsewhere.asked().pop().unwrap(),
    );
    for (name, _) in CREDENTIALS {
        assert!(sees(&near, name) && !sees(&far, name), "{name}: {far}");
    }
}

#[tokio::test]
async fn only_the_worker_says_what_becomes_of_a_picture_and_only_of_one_that_it_fetches() {
    let host = host().await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    // The worker passes its visitor's headers on.
    let path = fetch_path(&host.url("/base.png"), &json!({"width": 40}));
    let visitors = [("safelight-cf-image", "{\"width\": 8}")];
    assert_eq!(size(&ask(&server, &path, &visitors).await), (40, 30));
    let url = "http://bindings.internal/IMAGES/info";
    let answer = fetch(&server, url, &json!({"width": 8})).await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.text().contains("not for a binding's call"),
        "{answer:?}"
    );
}
