//! The examples do what their pages say.

use crate::client::get;
use crate::dev_server::DevServer;

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
