//! Texts of a worker: their fonts come from another host, if that may be asked.

use crate::client::get;
use crate::dev_server::DevServer;
use crate::font;
use crate::guests;
use crate::hosts::{Host, answer};

async fn fonts() -> Host {
    Host::start(|path| match path {
        "/plain.ttf" => answer(200, "content-type: font/ttf\r\n", &font::plain()),
        _ => answer(404, "", b""),
    })
    .await
}

#[tokio::test]
async fn a_text_is_drawn_in_a_font_of_another_host() {
    let fonts = fonts().await;
    let server = DevServer::start(guests::misbehaving(), &fonts.allowed()).await;
    let path = format!("/letters?font={}", fonts.url("/plain.ttf"));
    let drawn = get(server.address, &path).await;
    assert_eq!(
        drawn.status,
        200,
        "{}",
        String::from_utf8_lossy(&drawn.body)
    );
    let picture = image::load_from_memory(&drawn.body).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (40, 20));
    let count = |color: [u8; 3]| picture.pixels().filter(|pixel| pixel.0 == color).count();
    // The letter fills its box of 5 by 8 pixels, and the rest is white.
    assert_eq!((count([200, 0, 0]), count([255; 3])), (40, 760));
    // The font is fetched once for both texts, and not again for a second request.
    get(server.address, &path).await;
    assert_eq!(fonts.asked().len(), 1);
}

#[tokio::test]
async fn a_font_that_is_not_there_or_may_not_be_asked_for_is_an_error() {
    let fonts = fonts().await;
    let server = DevServer::start(guests::misbehaving(), &fonts.allowed()).await;
    let path = format!("/letters?font={}", fonts.url("/gone.ttf"));
    let gone = get(server.address, &path).await;
    assert_eq!(gone.status, 500);
    server
        .line(|line| line.contains("9410") && line.contains("404"))
        .await;

    let closed = DevServer::start(guests::misbehaving(), "").await;
    let path = format!("/letters?font={}", fonts.url("/plain.ttf"));
    assert_eq!(get(closed.address, &path).await.status, 500);
    closed
        .line(|line| line.contains("9410") && line.contains("may not be reached"))
        .await;
    assert_eq!(fonts.asked().len(), 1, "by the first server");
}
