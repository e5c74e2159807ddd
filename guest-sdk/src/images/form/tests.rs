//! The form on the wire.

use safelight_protocol::{
    Format, ImageDrawOptions, ImageOutputOptions, ImageTransform, NamedQuality,
};
use serde_json::{Value, json};

use super::{Form, Part};
use crate::{Body, Error, ImageTransformer, Images, Text, now::now};

fn images() -> Images {
    Images::new("http://bindings.internal/IMAGES".to_owned())
}

fn form(transformer: ImageTransformer, output: &ImageOutputOptions) -> Form {
    Form::transform(transformer.drawing, output).unwrap()
}

fn png() -> ImageOutputOptions {
    ImageOutputOptions::new(Format::Png)
}

fn bytes(body: Body) -> Result<String, String> {
    now(body.text(1 << 20)).map_err(|error| error.to_string())
}

/// Each part as its name and content.
fn parts(form: Form) -> Vec<(&'static str, String)> {
    let read = |part| match part {
        Part::File { name, content } => (name, bytes(content).unwrap()),
        Part::Text { name, content } => (name, content),
    };
    form.parts.into_iter().map(read).collect()
}

/// JSON as a receiver sees it, to whom `800` and `800.0` are the same number.
fn received(json: &str) -> Value {
    fn same(value: Value) -> Value {
        match value {
            Value::Number(number) => json!(number.as_f64()),
            Value::Array(items) => items.into_iter().map(same).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(key, value)| (key, same(value)))
                .collect(),
            other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other,
        }
    }
    same(serde_json::from_str(json).unwrap())
}

#[test]
fn nested_drawings_become_numbered_pictures_and_a_flat_list_of_steps() {
    let images = images();
    let nested = images
        .input("S")
        .transform(ImageTransform::new().rotate(90))
        .draw(
            images.input("K").transform(ImageTransform::new().width(40)),
            ImageDrawOptions::new().top(0).left(0),
        )
        .transform(ImageTransform::new().blur(4));
    let text = images.text(Text::new("Hi", "https://f.test/a.woff2").size(24));
    let whole = images
        .input("B")
        .transform(ImageTransform::new().width(800))
        .draw(
            nested,
            ImageDrawOptions::new().bottom(12).right(12).opacity(0.6),
        )
        .draw(text, ImageDrawOptions::new().bottom(0))
        .transform(ImageTransform::new().sharpen(1));
    let output = ImageOutputOptions::new(Format::Webp)
        .quality(80)
        .anim(false);

    let parts = parts(form(whole, &output));

    let names: Vec<_> = parts.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "image",
            "draw_image",
            "draw_image",
            "draw_text",
            "transforms",
            "output_format",
            "output_quality",
            "anim"
        ]
    );
    let contents: Vec<_> = parts.iter().map(|(_, content)| content.as_str()).collect();
    assert_eq!(contents[..3], ["B", "S", "K"]);
    assert_eq!(
        received(contents[3]),
        received(r#"{"text":"Hi","font":{"url":"https://f.test/a.woff2"},"size":24}"#)
    );
    assert_eq!(
        received(contents[4]),
        received(
            r#"[{"imageIndex":0,"width":800},
                {"imageIndex":1,"rotate":90},
                {"imageIndex":2,"width":40},
                {"drawImageIndex":2,"targetImageIndex":1,"top":0,"left":0},
                {"imageIndex":1,"blur":4},
                {"drawImageIndex":1,"targetImageIndex":0,"bottom":12,"right":12,"opacity":0.6},
                {"drawImageIndex":3,"targetImageIndex":0,"bottom":0},
                {"imageIndex":0,"sharpen":1}]"#
        )
    );
    assert_eq!(contents[5..], ["image/webp", "80", "false"]);
}

#[test]
fn a_draw_without_options_names_its_two_pictures_only() {
    let parts = parts(form(
        images().input("P").draw("Q", ImageDrawOptions::new()),
        &png(),
    ));
    assert_eq!(
        parts,
        [
            ("image", "P".to_owned()),
            ("draw_image", "Q".to_owned()),
            (
                "transforms",
                r#"[{"drawImageIndex":1,"targetImageIndex":0}]"#.to_owned()
            ),
            ("output_format", "image/png".to_owned()),
        ]
    );
}

#[test]
fn text_can_be_the_base_and_its_defaults_are_left_to_the_service() {
    let parts = parts(form(
        images().text(Text::new("a\"b", "https://f.test/a.ttf")),
        &png(),
    ));
    assert_eq!(parts[0].0, "text_input");
    assert_eq!(
        received(&parts[0].1),
        json!({"text":"a\"b","font":{"url":"https://f.test/a.ttf"}})
    );
}

#[test]
fn options_of_the_output_that_were_not_given_have_no_part() {
    let output = png().background("#fff").quality(NamedQuality::MediumHigh);
    let names = |output: &ImageOutputOptions| -> Vec<_> {
        parts(form(images().input("P"), output))
            .into_iter()
            .skip(2)
            .collect()
    };
    assert_eq!(names(&png()), [("output_format", "image/png".to_owned())]);
    assert_eq!(
        names(&output)[1..],
        [
            ("output_quality", "medium-high".to_owned()),
            ("background", "#fff".to_owned())
        ]
    );
}

#[test]
fn the_form_has_the_platforms_bytes() {
    let body = form(images().input("PIXELS"), &png()).into_body("B");
    let expected = "--B\r\ncontent-disposition: form-data; name=\"image\"; filename=\"image\"\r\n\r\nPIXELS\r\n\
        --B\r\ncontent-disposition: form-data; name=\"transforms\"\r\n\r\n[]\r\n\
        --B\r\ncontent-disposition: form-data; name=\"output_format\"\r\n\r\nimage/png\r\n\
        --B--\r\n";
    assert_eq!(body.length(), Some(expected.len() as u64));
    assert_eq!(bytes(body).unwrap(), expected);
    assert_eq!(
        bytes(Form::info("".into()).into_body("B")).unwrap(),
        "--B\r\ncontent-disposition: form-data; name=\"image\"; filename=\"image\"\r\n\r\n\r\n--B--\r\n"
    );
}

#[test]
fn an_input_that_breaks_leaves_the_form_without_its_end() {
    let broken = Body::stream(async |body| {
        body.write("half").await;
        Err(Error::from("the sender left"))
    });
    let mut body = form(images().input(broken), &png()).into_body("B");
    assert_eq!(body.length(), None);
    let mut sent = Vec::new();
    let error = loop {
        match now(body.chunk()) {
            Ok(piece) => sent.extend_from_slice(piece.expect("a broken form must not end")),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "the sender left");
    assert!(sent.ends_with(b"\r\n\r\nhalf"), "{}", sent.escape_ascii());
}
