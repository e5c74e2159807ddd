//! Calls of the Images binding, from a guest to the images process and back.

use image::{ImageFormat, RgbImage};

use crate::client::{get, post};
use crate::dev_server::DevServer;
use crate::guests;
use crate::processes::{connections, images_child, socket_folder};

/// A picture in the given format, red on its left half and blue on its right.
fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_fn(width, height, |x, _| {
        image::Rgb(if x < width / 2 {
            [255, 0, 0]
        } else {
            [0, 0, 255]
        })
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn an_upload_becomes_a_smaller_picture_of_the_wanted_format() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    for (format, kind) in [
        ("image/webp", ImageFormat::WebP),
        ("image/jpeg", ImageFormat::Jpeg),
        ("image/png", ImageFormat::Png),
    ] {
        let upload = picture(300, 200, ImageFormat::Png);
        let path = format!("/upload-image?width=60&format={format}");
        let answer = post(server.address, &path, upload).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, format)
        );
        let result = image::load_from_memory_with_format(&answer.body, kind)
            .unwrap()
            .to_rgb8();
        assert_eq!(result.dimensions(), (60, 40));
        let [red, _, blue] = result.get_pixel(5, 20).0;
        assert!(
            red > 200 && blue < 60,
            "the left half is {:?}",
            result.get_pixel(5, 20)
        );
    }
}

#[tokio::test]
async fn a_large_upload_passes_through_whole() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    // Noise, so that the file is large: about 15 MB of PNG.
    let noise = RgbImage::from_fn(2_236, 2_236, |x, y| {
        let value = (u64::from(x) << 32 | u64::from(y)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let [red, green, blue, ..] = value.to_be_bytes();
        image::Rgb([red, green, blue])
    });
    let mut upload = std::io::Cursor::new(Vec::new());
    noise.write_to(&mut upload, ImageFormat::Png).unwrap();
    let upload = upload.into_inner();
    assert!(upload.len() > 14_000_000, "{}", upload.len());
    let answer = post(server.address, "/upload-image?format=image/png", upload).await;
    assert_eq!(answer.broken, None);
    let result = image::load_from_memory(&answer.body).unwrap().to_rgb8();
    assert!(result == noise, "the pixels differ");
}

#[tokio::test]
async fn info_describes_the_upload() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let upload = picture(30, 20, ImageFormat::Png);
    let expected = format!("image/png 30x20 {} bytes", upload.len());
    let answer = post(server.address, "/info", upload).await;
    assert_eq!(answer.text().trim(), expected);
}

#[tokio::test]
async fn nested_drawings_end_up_in_their_places() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = post(server.address, "/draw", picture(200, 100, ImageFormat::Png)).await;
    let result = image::load_from_memory(&answer.body).unwrap().to_rgb8();
    assert_eq!(result.dimensions(), (100, 50));
    // The overlay's width counts after its rotation: 30x60, red above blue, two pixels from the bottom right, half
    // opaque over the blue half of the base. In its lower left corner lies a picture of 10x5, red beside blue.
    assert_eq!(result.get_pixel(90, 10).0, [128, 0, 128]);
    assert_eq!(result.get_pixel(90, 46).0, [0, 0, 255]);
    assert_eq!(result.get_pixel(68, 46).0, [128, 0, 128]);
    assert_eq!(result.get_pixel(77, 46).0, [0, 0, 255]);
    assert_eq!(result.get_pixel(10, 10).0, [255, 0, 0]);
}

#[tokio::test]
async fn the_log_tells_what_a_call_did() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let upload = picture(300, 200, ImageFormat::Png);
    post(
        server.address,
        "/upload-image?width=60&format=image/webp",
        upload,
    )
    .await;
    let call = server
        .line(|line| line.contains("IMAGES /transform 200"))
        .await;
    for part in [
        "image/png 300x200",
        "image/webp 60x40",
        " in, ",
        " out) in ",
    ] {
        assert!(call.contains(part), "{part:?} is missing in {call:?}");
    }
}

#[tokio::test]
async fn text_instead_of_an_image_is_an_images_error_for_the_worker() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = post(server.address, "/upload-image", "this is no image").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.text().contains("IMAGES_TRANSFORM_ERROR 9412: "),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_binding_that_is_not_granted_is_an_error_with_its_name() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let answer = get(server.address, "/wrong-binding").await;
    assert_eq!(answer.status, 500);
    let expected = "binding NOPE is not granted to this worker; it has: IMAGES";
    assert!(answer.text().contains(expected), "{answer:?}");
}

#[tokio::test]
async fn a_dropped_call_frees_its_connection_and_its_client() {
    let server = DevServer::start(guests::misbehaving(), "").await;
    let socket = socket_folder(images_child(&server)).join("images.sock");
    for ms in [0, 1, 5] {
        let upload = picture(1_000, 1_000, ImageFormat::Png);
        let answer = post(server.address, &format!("/drop-answer?ms={ms}"), upload).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    // The listener, and a connection for health checks.
    connections(&socket, |count| count <= 2).await;
    let upload = picture(30, 20, ImageFormat::Png);
    assert_eq!(
        post(server.address, "/upload-image", upload).await.status,
        200
    );
}
