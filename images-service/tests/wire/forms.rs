//! The form: which parts, in which order, in how many pieces, up to which end.

use safelight_protocol::form;

use crate::{client::Answer, form::Form, pictures::png, service::Service};

/// Sends the form in every way in which a body can come in pieces, each on one connection after the other.
async fn in_every_way(form: &Form) -> Vec<Answer> {
    let service = Service::start();
    let mut client = service.connect().await;
    let mut answers = Vec::new();
    for request in [
        form.chunked(1),
        form.chunked(8192),
        form.chunked(usize::MAX),
        form.block(),
    ] {
        client.send(&request).await;
        answers.push(client.answer().await);
    }
    answers
}

#[tokio::test]
async fn a_form_comes_in_pieces_of_any_size() {
    let red = png(4, 3, [255, 0, 0]);
    for answer in in_every_way(&Form::info().file(form::IMAGE, &red).end()).await {
        answer.assert_good("application/json");
        let expected = format!(
            r#"{{"format":"image/png","file_size":{},"width":4,"height":3}}"#,
            red.len()
        );
        assert_eq!(answer.text(), expected);
    }
    let rgb = Form::transform()
        .file(form::IMAGE, &red)
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "rgb")
        .end();
    for answer in in_every_way(&rgb).await {
        answer.assert_good("application/octet-stream");
        assert_eq!(answer.body, [255, 0, 0].repeat(12));
    }
}

#[tokio::test]
async fn overlays_are_counted_in_the_order_of_the_form() {
    // The base is covered by image 2 and not by image 1, wherever the other parts stand.
    let form = Form::transform()
        .string(form::OUTPUT_FORMAT, "rgb")
        .file(form::DRAW_IMAGE, &png(2, 2, [0, 255, 0]))
        .string(
            form::TRANSFORMS,
            r#"[{"drawImageIndex":2,"targetImageIndex":0}]"#,
        )
        .file(form::IMAGE, &png(2, 2, [255, 0, 0]))
        .string(form::ANIM, "false")
        .file(form::DRAW_IMAGE, &png(2, 2, [0, 0, 255]))
        .end();
    for answer in in_every_way(&form).await {
        answer.assert_good("application/octet-stream");
        assert_eq!(answer.body, [0, 0, 255].repeat(4));
    }
}

#[tokio::test]
async fn a_form_without_its_closing_boundary_is_an_error_wherever_it_ends() {
    let whole = Form::steps(&png(1, 1, [9, 9, 9]), "[]");
    let service = Service::start();
    let mut client = service.connect().await;
    // The last four bytes are the two hyphens that close the form, and a line end that nobody needs.
    for length in 0..=whole.body().len() - 3 {
        for request in [
            whole.cut(length).chunked(1),
            whole.cut(length).chunked(usize::MAX),
        ] {
            client.send(&request).await;
            client.answer().await.assert_error(400, 9523, "boundary");
        }
    }
    client
        .send(&whole.cut(whole.body().len() - 2).chunked(1))
        .await;
    client.answer().await.assert_good("image/png");
}

#[tokio::test]
async fn an_epilogue_is_read_and_the_connection_is_used_again() {
    let red = png(1, 1, [255, 0, 0]);
    let form = Form::steps(&red, "[]")
        .raw("an epilogue\r\n")
        .raw(&"x".repeat(300_000));
    for answer in in_every_way(&form).await {
        answer.assert_good("image/png");
    }
}

#[tokio::test]
async fn every_part_that_must_be_there_is_named_when_it_is_not() {
    let service = Service::start();
    let picture = png(1, 1, [0, 0, 0]);
    let parts = [form::IMAGE, form::TRANSFORMS, form::OUTPUT_FORMAT];
    for missing in parts {
        let form = parts
            .into_iter()
            .filter(|part| *part != missing)
            .fold(Form::transform(), |form, part| match part {
                form::IMAGE => form.file(part, &picture),
                form::TRANSFORMS => form.string(part, "[]"),
                _ => form.string(part, "image/png"),
            })
            .end();
        service.post(&form).await.assert_error(400, 9523, missing);
    }
    let empty = Form::info().end();
    service
        .post(&empty)
        .await
        .assert_error(400, 9523, form::IMAGE);
}

#[tokio::test]
async fn parts_that_may_not_be_there_are_named() {
    let service = Service::start();
    let good = || {
        Form::transform()
            .file(form::IMAGE, b"x")
            .string(form::TRANSFORMS, "[]")
            .string(form::OUTPUT_FORMAT, "image/png")
    };
    for (form, names) in [
        (good().string("watermark", "x").end(), "watermark"),
        (
            good().string(form::TRANSFORMS, "[]").end(),
            form::TRANSFORMS,
        ),
        (good().file(form::IMAGE, b"x").end(), form::IMAGE),
        (
            good().string(form::TEXT_INPUT, "{}").end(),
            form::TEXT_INPUT,
        ),
        (
            Form::info()
                .file(form::IMAGE, b"x")
                .string(form::ANIM, "true")
                .end(),
            form::ANIM,
        ),
        (
            Form::info().raw("--------------------------012345678901234567890123\r\n"),
            "form",
        ),
    ] {
        service.post(&form).await.assert_error(400, 9523, names);
    }
}

#[tokio::test]
async fn an_image_without_a_byte_is_a_part_and_then_no_image() {
    let service = Service::start();
    let info = Form::info().file(form::IMAGE, b"").end();
    for request in [info.chunked(1), info.block()] {
        let mut client = service.connect().await;
        client.send(&request).await;
        client.answer().await.assert_error(415, 9412, "");
    }
    let transform = Form::steps(b"", "[]");
    service.post(&transform).await.assert_error(415, 9412, "");
}

#[tokio::test]
async fn content_that_looks_like_a_boundary_is_content() {
    let almost = "\r\n----------------------------01234567890123456789012\r\r\n--\r\n";
    let form = Form::steps(almost.as_bytes(), "[]");
    for answer in in_every_way(&form).await {
        answer.assert_error(415, 9412, "");
    }
}

#[tokio::test]
async fn a_request_without_a_boundary_is_no_form() {
    let service = Service::start();
    for content_type in [
        "",
        "Content-Type: image/png\r\n",
        "Content-Type: multipart/form-data\r\n",
    ] {
        let mut client = service.connect().await;
        let request = format!(
            "POST /info HTTP/1.1\r\nHost: x\r\n{content_type}Content-Length: 4\r\n\r\nGIF8"
        );
        client.send(request.as_bytes()).await;
        client.answer().await.assert_error(400, 9523, "boundary");
    }
}
