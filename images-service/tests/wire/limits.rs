//! The limits of a request, and the answers to requests beyond them.

use safelight_images::Limits;
use safelight_protocol::{form, settings::ImagesSettings};
use tokio::io::AsyncWriteExt;

use crate::{
    client::Client,
    form::{BOUNDARY, Form, LAST_CHUNK, chunk},
    pictures::png,
    service::Service,
};

fn small() -> Limits {
    let mut limits = Limits::default();
    limits.form.input_bytes = 10_000;
    limits.form.request_bytes = 100_000;
    limits.form.overlays = 2;
    limits.request.steps = 3;
    limits
}

async fn works(client: &mut Client) {
    let good = Form::info().file(form::IMAGE, &png(1, 1, [0, 0, 0])).end();
    client.send(&good.chunked(8192)).await;
    client.answer().await.assert_good("application/json");
}

#[tokio::test]
async fn an_image_with_too_many_bytes_is_refused_and_the_connection_stays() {
    let service = Service::with(small());
    let mut client = service.connect().await;
    let limit = small().form.input_bytes;
    for (part, form) in [
        (form::IMAGE, Form::info()),
        (form::IMAGE, Form::transform()),
        (form::DRAW_IMAGE, Form::transform()),
    ] {
        let just = form.clone().file(part, &vec![b'x'; limit]).end();
        let over = form.file(part, &vec![b'x'; limit + 1]).end();
        for request in [over.block(), over.chunked(1000)] {
            client.send(&request).await;
            client.answer().await.assert_error(413, 9402, part);
        }
        client.send(&just.block()).await;
        assert_ne!(client.answer().await.status, 413);
    }
    works(&mut client).await;
}

#[tokio::test]
async fn a_string_with_too_many_bytes_is_refused() {
    let mut limits = small();
    limits.form.request_bytes = 10_000_000;
    let service = Service::with(limits);
    for part in [form::TRANSFORMS, form::BACKGROUND, form::DRAW_TEXT] {
        let form = Form::transform().string(part, &" ".repeat(300_000)).end();
        service.post(&form).await.assert_error(400, 9432, part);
    }
}

#[tokio::test]
async fn a_request_that_announces_too_much_is_refused_before_its_body_comes() {
    let service = Service::with(small());
    let mut client = service.connect().await;
    let form = Form::info();
    client.send(&form.block_head(100_001)).await;
    client.stream.shutdown().await.unwrap();
    let answer = client.answer().await;
    answer.assert_error(413, 9402, "100000 bytes");
    assert_eq!(answer.header("connection"), Some("close"));
}

#[tokio::test]
async fn an_endless_request_is_answered_while_the_client_still_writes() {
    let service = Service::with(small());
    let mut client = service.connect().await;
    let start = Form::info().raw(&form::file_head(BOUNDARY, form::IMAGE));
    client.send(&start.chunked_head()).await;
    client.send(&chunk(start.body())).await;
    let more = chunk(&[b'x'; 8192]);
    let mut chunks = 0;
    while client.stream.write_all(&more).await.is_ok() {
        chunks += 1;
        assert!(chunks < 1000, "the service reads on and on");
    }
    let answer = client.answer().await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn the_head_of_a_part_has_an_end() {
    let service = Service::with(small());
    for form in [
        // A preamble, a head of one line, and a head of many.
        Form::info().raw(&"x".repeat(50_000)),
        Form::info().raw(&format!("--{BOUNDARY}\r\nx: {}", "y".repeat(50_000))),
        Form::info().raw(&format!("--{BOUNDARY}\r\n{}", "x: y\r\n".repeat(9_000))),
    ] {
        for request in [form.chunked(100), form.chunked(usize::MAX)] {
            let mut client = service.connect().await;
            client.send(&request).await;
            client
                .answer()
                .await
                .assert_error(400, 9523, "the head of a part");
            works(&mut client).await;
        }
    }
}

#[tokio::test]
async fn a_head_that_comes_in_uneven_pieces_is_within_its_limit() {
    // The parser takes two pieces at once here, and looks at the first alone.
    let form = Form::info()
        .file(form::IMAGE, &png(1, 1, [0, 0, 0]).repeat(100))
        .end();
    let service = Service::start();
    for first in 1..100 {
        let mut client = service.connect().await;
        let (piece, rest) = form.body().split_at(first);
        let chunks = [chunk(piece), chunk(rest), LAST_CHUNK.to_vec()].concat();
        let request = [form.chunked_head(), chunks].concat();
        client.send(&request).await;
        client.answer().await.assert_good("application/json");
    }
}

#[tokio::test]
async fn overlays_and_steps_are_counted() {
    let service = Service::with(small());
    let base = || Form::transform().file(form::IMAGE, b"x");
    let overlays = (0..3).fold(base(), |form, _| form.file(form::DRAW_IMAGE, b"x"));
    service
        .post(&overlays.end())
        .await
        .assert_error(400, 9432, "more than 2 overlays");
    let steps = Form::steps(b"x", "[{},{},{},{}]");
    service
        .post(&steps)
        .await
        .assert_error(400, 9432, "more than 3 elements");
    let steps = Form::steps(b"x", "[{},{},{}]");
    service.post(&steps).await.assert_error(415, 9412, "");
}

/// A config cannot give pixels no time at all. Here that makes certain that the time is over.
#[tokio::test]
async fn pixels_beyond_the_time_budget_are_refused() {
    let mut settings = ImagesSettings::default();
    settings.pixels.time_budget_ms = 0;
    let service = Service::with(Limits::from_settings(&settings).unwrap());
    let form = Form::steps(&png(1, 1, [0, 0, 0]), "[]");
    service.post(&form).await.assert_error(504, 9529, "0 ms");
}
