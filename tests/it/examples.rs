//! The examples behave as their documentation says.

use crate::client::{Answer, get, send};
use crate::dev_server::DevServer;
use crate::guests;

#[tokio::test]
async fn hello_answers_with_the_host() {
    let server = DevServer::example("hello").await;
    let answer = get(server.address, "/").await;
    assert_eq!(answer.text(), "Hello from 127.0.0.1!\n");
}

#[tokio::test]
async fn thumbnail_serves_the_photo_in_the_wanted_size_and_format() {
    let server = DevServer::example("thumbnail").await;
    for (query, kind, size) in [
        (
            "width=400&format=webp",
            image::ImageFormat::WebP,
            (400, 300),
        ),
        (
            "width=80&height=80&fit=cover&format=png",
            image::ImageFormat::Png,
            (80, 80),
        ),
        (
            "height=150&format=jpeg&quality=40",
            image::ImageFormat::Jpeg,
            (200, 150),
        ),
    ] {
        let answer = get(server.address, &format!("/?{query}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.broken),
            (200, None),
            "{query}"
        );
        let result = image::load_from_memory_with_format(&answer.body, kind).unwrap();
        assert_eq!((result.width(), result.height()), size, "{query}");
    }
}

#[tokio::test]
async fn thumbnail_names_a_parameter_that_it_cannot_use() {
    let server = DevServer::example("thumbnail").await;
    let answer = get(server.address, "/?width=wide").await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("width"), "{answer:?}");
}

#[tokio::test]
async fn watermark_draws_onto_the_photo() {
    let server = DevServer::example("watermark").await;
    let answer = get(server.address, "/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "image/jpeg")
    );
    let result = image::load_from_memory(&answer.body).unwrap();
    assert_eq!((result.width(), result.height()), (1_200, 900));
}

/// The addresses of a page's pictures, as they stand in it.
fn pictures(page: &str) -> Vec<&str> {
    let sources = page.split("<img src=\"").skip(1);
    sources
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

/// An example in a folder of its own for what it stores.
async fn stateful(name: &str, state: &tempfile::TempDir) -> DevServer {
    let state = state.path().to_str().unwrap();
    let arguments = [format!("--persist-to={state}")];
    DevServer::start_in(&guests::example(name), &arguments).await
}

#[tokio::test]
async fn gallery_shows_every_picture_of_its_page_in_the_size_that_it_asks_for() {
    let state = tempfile::tempdir().unwrap();
    let server = stateful("gallery", &state).await;
    let page = get(server.address, "/").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let pictures = pictures(page.text());
    assert_eq!(pictures.len(), 27);
    for path in pictures {
        let answer = get(server.address, path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.broken.as_ref()),
            (200, None),
            "{path}"
        );
        let mut options = path.split(['/', ',']);
        let asked = options.find_map(|option| option.strip_prefix("width="));
        let asked: u32 = asked.unwrap().parse().unwrap();
        assert_eq!(width(&answer), asked, "{path}");
    }
    let style = get(server.address, "/style.css").await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    let nothing = get(server.address, "/photos/none.jpg").await;
    assert_eq!(nothing.status, 404);
}

/// The width of a whole picture. `image` decodes no AVIF here, whose property `ispe` has it after a version of four bytes.
fn width(answer: &Answer) -> u32 {
    if answer.header("content-type") != "image/avif" {
        return image::load_from_memory(&answer.body).unwrap().width();
    }
    let mut boxes = answer.body.windows(12);
    let extent = boxes.find(|bytes| bytes.starts_with(b"ispe")).unwrap();
    u32::from_be_bytes(extent[8..].try_into().unwrap())
}

#[tokio::test]
async fn nested_pipeline_resizes_a_whole_composite_or_says_which_hop_broke() {
    let state = tempfile::tempdir().unwrap();
    let server = stateful("nested-pipeline", &state).await;
    let inner = get(server.address, "/composite").await;
    assert_eq!((inner.status.as_u16(), inner.broken), (200, None));
    assert!(inner.body.len() > 3_300_000, "{} bytes", inner.body.len());
    let outer = "/cdn-cgi/image/width=800,format=webp/composite";
    let answer = get(server.address, outer).await;
    assert_eq!(answer.header("content-type"), "image/webp");
    let picture = image::load_from_memory(&answer.body).unwrap();
    assert_eq!((picture.width(), picture.height()), (800, 600));
    // Both pipelines are in the log, each with its bytes.
    for hop in [
        "IMAGES /transform 200 ",
        "image-source /composite 200 ",
        "image-url /transform 200 ",
    ] {
        let line = server.line(|line| line.contains(hop)).await;
        assert!(line.contains("MB"), "{line}");
    }
    // The inner answer breaks on the inner hop, or between the two.
    for (fault, named) in [
        ("IMAGES:truncate=200000", "IMAGES"),
        ("image-source:truncate=2000000", "image-source"),
    ] {
        let broken = request_with_fault(server.address, outer, fault).await;
        let found = (broken.status.as_u16(), broken.header("cf-resized"));
        assert_eq!(found, (422, "err=9416"), "{fault}: {}", broken.text());
        assert!(broken.text().contains(named), "{fault}: {}", broken.text());
    }
}

async fn request_with_fault(address: std::net::SocketAddr, path: &str, fault: &str) -> Answer {
    let request = http::Request::get(path)
        .header("host", address.to_string())
        .header("safelight-fault", fault)
        .body(bytes::Bytes::new())
        .unwrap();
    send(address, request).await
}
