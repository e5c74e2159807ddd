//! The images process and the bindings socket under workerd's own clients, which are independent of this project, in a real
//! workerd.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod bindings_socket;
mod fetchers;
mod process;

use std::io::Cursor;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use image::{ImageFormat, Rgba, RgbaImage};
use safelight_harness::{Answer, Client};
use serde_json::{Value, json};

use self::process::Workerd;

const WHITE: [u8; 4] = [255, 255, 255, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const RED: [u8; 4] = [255, 0, 0, 255];

/// Bare pixels have no type of their own.
const RAW: &str = "application/octet-stream";

/// The time after which a test fails instead of standing still.
const TEST_TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn workerd_ends_with_the_standard_input_that_a_test_process_holds() {
    let mut workerd = Workerd::start();
    std::net::TcpStream::connect(workerd.address).unwrap();
    workerd.end();
}

impl Workerd {
    async fn run(&self, pipeline: &str, pictures: &Value) -> Answer {
        let client = Client::new(self.address, TEST_TIMEOUT);
        let path = format!("/{pipeline}");
        let answer = client.post(&path, pictures.to_string()).await.unwrap();
        assert!(answer.is_whole(), "{pipeline}: {:?}", answer.broken);
        answer
    }
}

/// A picture of one colour, as PNG in base64.
fn plain(width: u32, height: u32, color: [u8; 4]) -> String {
    let picture = RgbaImage::from_pixel(width, height, Rgba(color));
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    STANDARD.encode(png.into_inner())
}

/// The code and the message of an `ImagesError`.
fn error(answer: &Answer) -> (u64, String) {
    assert_eq!(answer.status, 500, "{}", answer.text());
    let error: Value = serde_json::from_str(answer.text()).unwrap();
    let code = error["code"].as_u64().expect("an error with a code");
    (code, error["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn info_tells_format_and_sizes() {
    let workerd = Workerd::start();
    let png = plain(30, 20, RED);
    let bytes = STANDARD.decode(&png).unwrap().len();
    let answer = workerd.run("info", &json!({ "base": png })).await;
    let info: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(
        info,
        json!({ "format": "image/png", "fileSize": bytes, "width": 30, "height": 20 })
    );
}

#[tokio::test]
async fn a_drawing_within_a_drawing_comes_before_what_follows_on_the_base() {
    let workerd = Workerd::start();
    let pictures = json!({
        "base": plain(4, 3, WHITE),
        "middle": plain(2, 2, BLUE),
        "top": plain(1, 1, RED),
    });
    let answer = workerd.run("nested", &pictures).await;
    assert_eq!(answer.header("content-type"), RAW);
    // Blue with its red corner lay in the lower right; a quarter turn brings that to the lower left.
    let rows: [[[u8; 4]; 3]; 4] = [
        [WHITE, WHITE, WHITE],
        [WHITE, WHITE, WHITE],
        [BLUE, RED, WHITE],
        [BLUE, BLUE, WHITE],
    ];
    assert_eq!(answer.body, rows.as_flattened().as_flattened());
}

#[tokio::test]
async fn large_answers_arrive_whole_all_at_once() {
    let workerd = Workerd::start();
    let pictures = json!({ "base": plain(8, 8, BLUE) });
    let answers = join_all((0..8).map(|_| workerd.run("large", &pictures))).await;
    for answer in answers {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body.len(), 2400 * 1600 * 4);
        assert!(answer.body.chunks_exact(4).all(|pixel| pixel == BLUE));
    }
}

#[tokio::test]
async fn every_format_has_its_content_type() {
    let workerd = Workerd::start();
    let answer = workerd
        .run("formats", &json!({ "base": plain(30, 20, RED) }))
        .await;
    let types: Value = serde_json::from_str(answer.text()).unwrap();
    let types = types.as_object().unwrap();
    assert_eq!(types.len(), 7);
    for (format, got) in types {
        let expected = match format.strip_prefix("image/") {
            Some(_) => format,
            None => RAW,
        };
        assert_eq!(got["type"], expected);
        assert!(got["bytes"].as_u64().unwrap() > 0, "{format} is empty");
    }
    assert_eq!(types["rgb"]["bytes"], 30 * 20 * 3);
    assert_eq!(types["rgba"]["bytes"], 30 * 20 * 4);
}

#[tokio::test]
async fn base64_goes_in_and_out() {
    let workerd = Workerd::start();
    let answer = workerd
        .run("base64", &json!({ "base": plain(30, 20, RED) }))
        .await;
    let png = STANDARD.decode(answer.text()).unwrap();
    let picture = image::load_from_memory(&png).unwrap().to_rgba8();
    assert_eq!(picture.dimensions(), (30, 20));
    assert!(picture.pixels().all(|pixel| pixel.0 == RED));
}

#[tokio::test]
async fn each_mistake_is_an_error_with_its_code() {
    let workerd = Workerd::start();
    let red = plain(30, 20, RED);
    let svg = STANDARD.encode("<svg xmlns='http://www.w3.org/2000/svg'/>");
    let none = STANDARD.encode("not a picture");
    let png = json!({ "format": "image/png" });
    let cases = [
        (9432, &red, json!({ "blur": 251 }), &png),
        (9432, &red, json!({}), &json!({ "format": "image/bmp" })),
        (9412, &svg, json!({}), &png),
        (9412, &none, json!({}), &png),
    ];
    for (code, base, options, output) in cases {
        let pictures = json!({ "base": base, "options": options, "output": output });
        let (got, message) = error(&workerd.run("transform", &pictures).await);
        assert_eq!(got, code, "{message}");
        let start = format!("IMAGES_TRANSFORM_ERROR {code}: ");
        assert!(message.starts_with(&start), "{message}");
    }
    // An error does not affect the next request.
    let pictures = json!({ "base": red, "options": { "width": 3 }, "output": { "format": "rgb" } });
    let answer = workerd.run("transform", &pictures).await;
    assert_eq!(answer.body.len(), 3 * 2 * 3);
}

#[tokio::test]
async fn half_a_source_is_no_picture() {
    let workerd = Workerd::start();
    let (code, message) = error(
        &workerd
            .run("broken", &json!({ "base": plain(30, 20, RED) }))
            .await,
    );
    assert_eq!(code, 9523, "{message}");
}
