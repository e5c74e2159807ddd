//! Requests recorded from the platform's own client, sent again byte by byte.
//!
//! Their images are no images, so the best that can become of one is 9412, after everything else was checked.

use crate::{client::Answer, service::Service};

async fn replay(name: &str) -> Answer {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let request = std::fs::read(format!("{folder}/{name}.raw")).unwrap();
    let service = Service::start();
    let mut client = service.connect().await;
    client.send(&request).await;
    client.answer().await
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
