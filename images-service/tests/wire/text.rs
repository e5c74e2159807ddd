//! Texts: the mistakes that are refused before any fetch, and the results of fetching fonts.

use std::time::Duration;

use safelight_images::{Limits, fonts::FontLimits};
use safelight_protocol::form;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    client::{Answer, TEST_TIMEOUT},
    fonts::{FontServer, local},
    form::Form,
    pictures::png,
    service::Service,
};

/// `/transform` of a text to raw pixels.
fn base(text: &Value) -> Form {
    Form::transform()
        .string(form::TEXT_INPUT, &text.to_string())
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "rgba")
        .end()
}

/// The text `A` in the font at a URL, 5 pixels wide.
fn small(url: &str) -> Value {
    json!({"text": "A", "font": {"url": url}, "size": 10})
}

async fn posted(limits: Limits, text: &Value) -> Answer {
    Service::with(limits).post(&base(text)).await
}

fn fonts(change: impl FnOnce(&mut FontLimits)) -> Limits {
    let mut limits = local();
    change(&mut limits.fonts);
    limits
}

#[tokio::test]
async fn a_text_is_a_picture_as_base_and_as_overlay() {
    let server = FontServer::start().await;
    let service = Service::with(local());
    let text =
        json!({"text": "AB", "font": {"url": server.url("/plain")}, "size": 10, "color": "#f008"});
    let answer = service.post(&base(&text)).await;
    answer.assert_good("application/octet-stream");
    assert_eq!(
        answer.header("safelight-summary"),
        Some("text 10x11 > rgba 10x11")
    );
    assert_eq!(answer.body[..4], [255, 0, 0, 0x88]);
    assert_eq!(answer.body[36..40], [255, 0, 0, 0]);

    let form = Form::transform()
        .file(form::IMAGE, &png(30, 30, [255; 3]))
        .string(form::DRAW_TEXT, &small(&server.url("/plain")).to_string())
        .string(
            form::TRANSFORMS,
            r#"[{"imageIndex":1,"rotate":90},{"drawImageIndex":1,"targetImageIndex":0,"top":0,"left":0}]"#,
        )
        .string(form::OUTPUT_FORMAT, "rgb")
        .end();
    let answer = service.post(&form).await;
    answer.assert_good("application/octet-stream");
    let black = |x: usize, y: usize| answer.body[(y * 30 + x) * 3] == 0;
    assert!(!black(2, 0) && black(3, 0) && black(10, 4) && !black(10, 5));
}

#[tokio::test]
async fn a_size_and_a_colour_that_are_not_given_are_twelve_pixels_and_black() {
    let server = FontServer::start().await;
    let text = json!({"text": "A", "font": {"url": server.url("/plain")}, "size": null});
    let answer = posted(local(), &text).await;
    assert_eq!(
        answer.header("safelight-summary"),
        Some("text 6x13 > rgba 6x13")
    );
    assert_eq!(answer.body[6 * 4 * 4..][..4], [0, 0, 0, 255]);
}

/// Posts a text as base and as overlay, and asserts that neither fetches a font.
async fn is_refused(text: &Value, names: &str) {
    let service = Service::with(local());
    let answer = service.post(&base(text)).await;
    answer.assert_error(400, 9432, &format!("text_input: {names}"));
    let overlay = Form::transform()
        .file(form::IMAGE, b"no image")
        .file(form::DRAW_IMAGE, b"no image")
        .string(form::DRAW_TEXT, &text.to_string())
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "image/png")
        .end();
    let answer = service.post(&overlay).await;
    answer.assert_error(400, 9432, &format!("draw_text of image 2: {names}"));
}

#[tokio::test]
async fn a_wrong_text_or_font_is_named_before_anything_is_fetched() {
    let server = FontServer::start().await;
    let font = json!({"url": server.url("/plain")});
    let with_font = |text: Value| json!({"text": text, "font": font});
    for (text, names) in [
        (json!({"font": font}), "text is missing"),
        (with_font(Value::Null), "text is missing"),
        (with_font(json!("")), "text must not be empty"),
        (with_font(json!(7)), "text must be a string"),
        (
            with_font(json!("é".repeat(1001))),
            "text has more than 1000",
        ),
        (json!({"text": "A"}), "font is missing"),
        (json!({"text": "A", "font": "a"}), "font must be an object"),
    ] {
        is_refused(&text, names).await;
    }
    for (url, names) in [
        (Value::Null, "font.url is missing"),
        (json!(1), "font.url must be a string"),
        (json!("/a.ttf"), "font.url"),
        (json!("file:///a.ttf"), "font.url"),
        (json!("data:font/ttf;base64,AA"), "font.url"),
        (json!("http://user@localhost/a.ttf"), "font.url"),
    ] {
        is_refused(&json!({"text": "A", "font": {"url": url}}), names).await;
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_wrong_size_or_colour_is_named_before_anything_is_fetched() {
    let server = FontServer::start().await;
    let url = server.url("/plain");
    for (key, value, names) in [
        ("size", json!(0), "size must be a number of pixels above 0"),
        ("size", json!(-3), "size must be a number of pixels above 0"),
        ("size", json!(1e300), "size must be a number of pixels"),
        ("size", json!(1e-300), "size must be a number of pixels"),
        ("size", json!("12"), "size must be a number"),
        ("color", json!("fff"), "color must be a CSS colour"),
        ("color", json!(7), "color must be a string"),
    ] {
        let mut text = small(&url);
        text[key] = value;
        is_refused(&text, names).await;
    }
    let steps = Form::transform()
        .string(form::TEXT_INPUT, &small(&url).to_string())
        .string(form::TRANSFORMS, r#"[{"width":0}]"#)
        .string(form::OUTPUT_FORMAT, "image/png")
        .end();
    let answer = Service::with(local()).post(&steps).await;
    answer.assert_error(400, 9432, "transforms[0].width");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_text_that_is_no_json_object_is_a_malformed_request() {
    let service = Service::start();
    for json in ["", "A", "[]", "\"A\"", "{", "{\"text\":\"\\ud800\"}"] {
        let form = Form::transform()
            .string(form::TEXT_INPUT, json)
            .string(form::TRANSFORMS, "[]")
            .string(form::OUTPUT_FORMAT, "image/png")
            .end();
        let answer = service.post(&form).await;
        answer.assert_error(400, 9523, form::TEXT_INPUT);
    }
}

#[tokio::test]
async fn a_key_that_is_not_known_is_ignored_and_said() {
    let server = FontServer::start().await;
    let text =
        json!({"text": "A", "font": {"url": server.url("/plain"), "weight": 700}, "align": "left"});
    let answer = posted(local(), &text).await;
    let warnings: Vec<_> = answer.headers.get_all("warning").iter().collect();
    assert_eq!(
        warnings,
        [
            r#"cf-images 299 "text() has no option align; it was ignored""#,
            r#"cf-images 299 "text() has no option font.weight; it was ignored""#,
        ]
    );
}

#[tokio::test]
async fn a_thousand_characters_are_a_text() {
    let server = FontServer::start().await;
    let text = json!({"text": "א".repeat(1000), "font": {"url": server.url("/plain")}, "size": 10});
    let answer = posted(local(), &text).await;
    assert_eq!(
        answer.header("safelight-summary"),
        Some("text 3000x11 > rgba 3000x11")
    );
}

#[tokio::test]
async fn a_font_that_cannot_be_fetched_is_an_error_that_names_it() {
    let server = FontServer::start().await;
    let service = Service::with(local());
    for (path, why) in [
        ("/gone", "404"),
        ("/broken", "500"),
        ("/cut", "cut short"),
        ("/round", "redirects"),
        ("/away", "may not be reached"),
    ] {
        let url = server.url(path);
        let answer = service.post(&base(&small(&url))).await;
        answer.assert_error(502, 9410, &url);
        answer.assert_error(502, 9410, why);
    }
    let nobody = service
        .post(&base(&small("http://127.0.0.1:1/a.ttf")))
        .await;
    nobody.assert_error(502, 9410, "refused");
    let answer = service.post(&base(&small(&server.url("/moved")))).await;
    answer.assert_good("application/octet-stream");
}

#[tokio::test]
async fn a_fetched_file_that_is_no_font_is_a_bad_request() {
    let server = FontServer::start().await;
    let answer = posted(local(), &small(&server.url("/page"))).await;
    answer.assert_error(400, 9432, "not a TTF, OTF, WOFF or WOFF2 file");
}

#[tokio::test]
async fn this_machine_is_not_asked_unless_it_is_allowed() {
    let server = FontServer::start().await;
    let url = server.url("/plain");
    let answer = posted(Limits::default(), &small(&url)).await;
    answer.assert_error(502, 9410, "loopback");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_font_with_too_many_bytes_is_refused() {
    let server = FontServer::start().await;
    let bytes = crate::font::plain().len();
    let text = small(&server.url("/plain"));
    let just = posted(fonts(|fonts| fonts.bytes = bytes), &text).await;
    just.assert_good("application/octet-stream");
    let over = posted(fonts(|fonts| fonts.bytes = bytes - 1), &text).await;
    over.assert_error(400, 9432, "longer than");
}

#[tokio::test]
async fn a_font_is_fetched_once_for_all_texts_and_kept_for_other_requests() {
    let server = FontServer::start().await;
    let service = Service::with(local());
    let text = |path| small(&server.url(path)).to_string();
    let form = Form::transform()
        .string(form::TEXT_INPUT, &text("/plain"))
        .string(form::DRAW_TEXT, &text("/plain2"))
        .string(form::DRAW_TEXT, &text("/plain"))
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "rgba")
        .end();
    for _ in 0..2 {
        service
            .post(&form)
            .await
            .assert_good("application/octet-stream");
    }
    let mut asked = server.asked();
    asked.sort_unstable();
    assert_eq!(asked, ["/plain", "/plain2"]);
}

#[tokio::test]
async fn a_font_without_room_is_fetched_again() {
    let server = FontServer::start().await;
    let service = Service::with(fonts(|fonts| fonts.cache_bytes = 100));
    for _ in 0..2 {
        let answer = service.post(&base(&small(&server.url("/plain")))).await;
        answer.assert_good("application/octet-stream");
    }
    assert_eq!(server.asked(), ["/plain", "/plain"]);
}

#[tokio::test]
async fn the_different_fonts_of_a_request_are_counted() {
    let server = FontServer::start().await;
    let service = Service::with(fonts(|fonts| fonts.per_request = 2));
    let text = |path| small(&server.url(path)).to_string();
    let form = Form::transform()
        .string(form::TEXT_INPUT, &text("/plain1"))
        .string(form::DRAW_TEXT, &text("/plain2"))
        .string(form::DRAW_TEXT, &text("/plain3"))
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "rgba")
        .end();
    let answer = service.post(&form).await;
    answer.assert_error(400, 9432, "more than 2 different fonts");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_bytes_of_fonts_are_held_like_those_of_requests() {
    let server = FontServer::start().await;
    let text = small(&server.url("/plain"));
    let limits = Limits {
        held_bytes: base(&text).body().len() + 100,
        ..local()
    };
    let answer = posted(limits, &text).await;
    answer.assert_error(503, 9522, "forms and fonts of all requests");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = FontServer::start().await;
    let limits = fonts(|fonts| fonts.time = Duration::from_millis(50));
    let answer = posted(limits, &small(&server.url("/hang"))).await;
    answer.assert_error(502, 9410, "took longer than 50 ms");
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_fetches_along() {
    let mut server = FontServer::start().await;
    let service = Service::with(local());
    let mut client = service.connect().await;
    client
        .send(&base(&small(&server.url("/hang"))).block())
        .await;
    let asked = async {
        while server.asked().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(TEST_TIMEOUT, asked)
        .await
        .expect("no font is fetched");
    drop(client);
    timeout(TEST_TIMEOUT, server.hung_up())
        .await
        .expect("the fetch goes on");
}
