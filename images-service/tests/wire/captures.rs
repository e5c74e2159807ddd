//! Requests recorded from the platform's own client, sent again byte by byte.
//!
//! Their images are no images, so each request ends in 9412 after everything else was checked.

use crate::{client::Answer, form::chunk, pictures::png, service::Service};

fn recorded(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    std::fs::read(format!("{folder}/{name}.raw")).unwrap()
}

async fn send(request: &[u8]) -> Answer {
    let service = Service::start();
    let mut client = service.connect().await;
    client.send(request).await;
    client.answer().await
}

async fn replay(name: &str) -> Answer {
    send(&recorded(name)).await
}

/// The same request with a picture in the chunk that had none.
async fn replay_with_picture(name: &str) -> Answer {
    let request = recorded(name);
    let none = chunk(b"IMGBYTES");
    let at = request.windows(none.len()).position(|part| part == none);
    let (before, after) = request.split_at(at.unwrap());
    let picture = chunk(&png(20, 10, [200, 90, 30]));
    send(&[before, &picture, &after[none.len()..]].concat()).await
}

#[tokio::test]
async fn a_good_form_fails_only_at_its_image() {
    for name in [
        "transform-min",
        "transform-full",
        "info",
        "slow-source-chunks",
    ] {
        replay(name).await.assert_error(415, 9412, "");
    }
}

#[tokio::test]
async fn a_good_form_with_a_picture_in_it_is_done() {
    let info = replay_with_picture("info").await;
    info.assert_good("application/json");
    assert!(info.text().contains(r#""width":20"#), "{}", info.text());
    let untouched = replay_with_picture("transform-min").await;
    untouched.assert_good("image/png");
    assert_eq!(
        untouched.header("safelight-summary"),
        Some("image/png 20x10 > image/png 20x10")
    );
    // Padded to 100x50, with two pixels of border on each side, and turned.
    let all = replay_with_picture("transform-full").await;
    all.assert_good("image/webp");
    assert_eq!(
        all.header("safelight-summary"),
        Some("image/png 20x10 > 2 steps > image/webp 54x104")
    );
    assert_eq!(all.header("warning"), None);
}

#[test]
fn every_recording_is_sent_again() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let here = include_str!("captures.rs");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".raw") else {
            continue;
        };
        assert!(here.contains(&format!("\"{name}\"")), "{name} is not");
    }
}

#[tokio::test]
async fn options_are_checked_before_any_image() {
    for (name, status, code, names) in [
        ("crlf-in-format", 400, 9432, "invalid output format"),
        ("output-no-format", 400, 9432, "invalid output format"),
        (
            "output-junk-format-quality",
            400,
            9432,
            "invalid output format",
        ),
        (
            "odd-transform-values",
            400,
            9523,
            "transforms[0].imageIndex",
        ),
    ] {
        replay(name).await.assert_error(status, code, names);
    }
}

#[tokio::test]
async fn a_text_fails_only_at_its_font_which_this_machine_may_not_be_asked_for() {
    for name in ["text-input", "draw-nested-and-text"] {
        replay(name)
            .await
            .assert_error(502, 9410, "http://127.0.0.1:1/font.ttf");
    }
}

#[tokio::test]
async fn a_source_that_broke_is_no_image() {
    replay("source-stream-error-truncated")
        .await
        .assert_error(400, 9523, "closing boundary");
}

#[tokio::test]
async fn a_call_that_is_not_http_gets_an_answer_all_the_same() {
    replay("hosted-with-capnpConnectHost-CONNECT")
        .await
        .assert_error(404, 9523, "");
}
