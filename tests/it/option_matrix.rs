//! Every option of a `fetch` with `cf.image`, through the real program: a right value gives a picture, a wrong one an error that
//! names it, and no option is ignored silently. The options that depend on the client are tested for URLs as well.

use image::ImageFormat;
use serde_json::{Value, json};

use crate::cf_images::{fetch, fetch_path};
use crate::client::Answer;
use crate::dev_server::DevServer;
use crate::guests;
use crate::hosts::{Host, answer};
use crate::image_urls::{ask, error, kept, picture};

/// The keys that `cf.image` and an entry of its `draw` share, each with a right and a wrong value.
fn shared_keys() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("width", json!(30), json!(-1)),
        ("height", json!(20), json!("tall")),
        ("fit", json!("cover"), json!("fill")),
        ("gravity", json!("left"), json!("up")),
        ("gravity", json!({"x": 0.2, "y": 0.3}), json!(7)),
        ("zoom", json!(0.5), json!(2)),
        ("dpr", json!(2), json!(11)),
        ("upscale", json!("interpolate"), json!("magic")),
        ("trim", json!({"left": 3}), json!({"left": -1})),
        ("trim", json!("border"), json!("edge")),
        ("flip", json!("hv"), json!("x")),
        ("rotate", json!(90), json!(45)),
        ("background", json!("#f00"), json!("notacolour")),
        (
            "border",
            json!({"color": "red", "width": 2}),
            json!({"width": -2}),
        ),
        ("brightness", json!(1.5), json!(256)),
        ("contrast", json!(0.5), json!(-1)),
        ("gamma", json!(2), json!(300)),
        ("saturation", json!(0), json!(300)),
        ("sharpen", json!(3), json!(11)),
        ("blur", json!(5), json!(251)),
        ("segment", json!("foreground"), json!("background")),
    ]
}

/// Keys of `cf.image` alone.
fn fetch_keys() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("quality", json!(50), json!("best")),
        ("format", json!("png"), json!("jpg")),
        ("anim", json!(false), json!("no")),
        ("metadata", json!("none"), json!("all")),
        ("compression", json!("fast"), json!("slow")),
        ("origin-auth", json!("share-publicly"), json!("yes")),
        ("draw", json!([]), json!({})),
    ]
}

/// Keys of an entry of `draw` alone.
fn draw_keys() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("width", json!(0.5), json!(-0.5)),
        ("height", json!(0.25), json!(0)),
        ("opacity", json!(0.5), json!(2)),
        ("repeat", json!("x"), json!("z")),
        ("composite", json!("xor"), json!("over there")),
        ("top", json!(3), json!("high")),
        ("left", json!(3), json!([])),
        ("bottom", json!(3), json!("low")),
        ("right", json!(3), json!({})),
    ]
}

fn assert_nothing_is_ignored(answer: &Answer, option: &str) {
    assert_eq!(
        answer.status,
        200,
        "{option}: {}",
        String::from_utf8_lossy(&answer.body)
    );
    let warnings = answer.headers.get_all("warning").iter();
    let mut warnings = warnings.map(|warning| warning.to_str().unwrap());
    assert!(!warnings.any(|text| text.contains("ignored")), "{option}");
    image::load_from_memory(&answer.body).unwrap();
}

#[tokio::test]
async fn each_key_of_a_fetch_makes_a_picture_or_is_named() {
    let png = picture(60, 40, ImageFormat::Png);
    let host = Host::start(move |_| answer(200, "", &png)).await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let url = host.url("/a.png");
    for (key, right, wrong) in shared_keys().into_iter().chain(fetch_keys()) {
        let right = json!({key: right});
        assert_nothing_is_ignored(&fetch(&server, &url, &right).await, &right.to_string());
        let answer = fetch(&server, &url, &json!({key: wrong})).await;
        assert_eq!(error(&answer), (400, "err=9401".into()), "{key} {wrong}");
        assert!(answer.text().contains(key), "{key}: {}", answer.text());
    }
    for (key, right, wrong) in shared_keys().into_iter().chain(draw_keys()) {
        let drawn = |value: &Value| json!({"draw": [{"url": url, key: value}]});
        let answer = fetch(&server, &url, &drawn(&right)).await;
        assert_nothing_is_ignored(&answer, &format!("draw: {key} {right}"));
        let answer = fetch(&server, &url, &drawn(&wrong)).await;
        assert_eq!(
            error(&answer),
            (400, "err=9401".into()),
            "draw: {key} {wrong}"
        );
        assert!(answer.text().contains(key), "{key}: {}", answer.text());
    }
}

#[tokio::test]
async fn options_that_are_left_to_the_client_are_read_from_the_client() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let png = picture(900, 30, ImageFormat::Png);
    let hex: String = png.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = format!(
        "/cdn-cgi/image/width=auto,wbreakpoints=100;400,wmobile=50,wdesktop=700,format=png/bytes?hex={hex}"
    );
    for (headers, width) in [
        (&[][..], 700),
        (&[("user-agent", "A Mobile B")][..], 50),
        (&[("sec-ch-viewport-width", "90")], 100),
        (&[("sec-ch-viewport-width", "90"), ("sec-ch-dpr", "2")], 400),
        (&[("sec-ch-viewport-width", "4000")], 400),
    ] {
        let answer = ask(&server, &path, headers).await;
        let found = image::load_from_memory(&answer.body).unwrap().width();
        assert_eq!(found, width, "{headers:?}");
        assert!(
            answer.header("vary").contains("sec-ch-viewport-width"),
            "{headers:?}"
        );
    }
    let path = format!("/cdn-cgi/image/quality=95,scq=5,format=jpeg/{}", kept());
    let quick = ask(&server, &path, &[]).await;
    for hint in [
        ("save-data", "on"),
        ("ect", "3g"),
        ("rtt", "200"),
        ("downlink", "2"),
    ] {
        let slow = ask(&server, &path, &[hint]).await;
        assert!(
            slow.body != quick.body && slow.header("vary").contains(hint.0),
            "{hint:?}"
        );
    }
}

#[tokio::test]
async fn a_fetch_leaves_its_format_to_the_headers_that_it_is_made_with() {
    let png = picture(60, 40, ImageFormat::Png);
    let host = Host::start(move |_| answer(200, "", &png)).await;
    let server = DevServer::start(guests::misbehaving(), &host.allowed()).await;
    let auto = fetch_path(&host.url("/a.png"), &json!({"width": 30, "format": "auto"}));
    for (accept, kind) in [
        ("image/avif", "image/avif"),
        ("image/webp", "image/webp"),
        ("*/*", "image/jpeg"),
    ] {
        let answer = ask(&server, &auto, &[("accept", accept)]).await;
        assert_eq!(
            (answer.header("content-type"), answer.header("vary")),
            (kind, "accept")
        );
    }
    let json = json!({"width": 30, "format": "json"});
    let told = fetch(&server, &host.url("/a.png"), &json).await;
    let told: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(
        (&told["width"], &told["original"]["height"]),
        (&json!(30), &json!(40))
    );
}
