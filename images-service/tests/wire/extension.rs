//! Our extensions of the platform's form: parts by which picture URLs use options that the binding lacks.

use safelight_images::Limits;
use safelight_protocol::{extension, form};

use crate::{client::Answer, form::Form, pictures::png, service::Service};

const SVG: &str = "<svg xmlns='http://www.w3.org/2000/svg'><script>evil()</script><rect/></svg>";

/// A request of a URL: these parts, and then what the binding has.
fn url_form(parts: &[(&str, &str)], image: &[u8], overlays: &[&[u8]], steps: &str) -> Form {
    let form = Form::transform().string(extension::CALLER, "url");
    let form = form.file(form::IMAGE, image);
    let form = overlays
        .iter()
        .fold(form, |form, image| form.file(form::DRAW_IMAGE, image));
    let form = form
        .string(form::TRANSFORMS, steps)
        .string(form::OUTPUT_FORMAT, "image/png");
    let form = parts
        .iter()
        .fold(form, |form, (name, text)| form.string(name, text));
    form.end()
}

fn size(answer: &Answer) -> (u32, u32) {
    let info = png::Decoder::new(std::io::Cursor::new(&answer.body));
    let reader = info.read_info().unwrap();
    (reader.info().width, reader.info().height)
}

#[tokio::test]
async fn svg_is_passed_on_without_harm_where_no_pixels_are_wanted() {
    let service = Service::start();
    for choose in ["source", "auto", "fast", "svg"] {
        let form = url_form(&[(extension::CHOOSE, choose)], SVG.as_bytes(), &[], "[]");
        let answer = service.post(&form).await;
        answer.assert_good("image/svg+xml");
        assert!(answer.text().contains("<rect"), "{}", answer.text());
        assert!(!answer.text().contains("evil"), "{}", answer.text());
        assert_eq!(
            answer.header("safelight-summary"),
            Some("image/svg+xml > image/svg+xml 0x0")
        );
        let timing = answer.header("server-timing").unwrap();
        let none = "decode;dur=0.000, ops;dur=0.000, encode;dur=0.000";
        assert!(timing.ends_with(none), "{timing}");
    }
    let json = url_form(&[(extension::CHOOSE, "json")], SVG.as_bytes(), &[], "[]");
    let json = service.post(&json).await;
    assert_eq!(json.text(), r#"{"original":{"format":"image/svg+xml"}}"#);
    for parts in [&[][..], &[(extension::CHOOSE, "png")]] {
        let form = url_form(parts, SVG.as_bytes(), &[], "[]");
        service.post(&form).await.assert_error(415, 9412, "svg");
    }
    let pixels = png(2, 2, [1, 2, 3]);
    let form = url_form(&[(extension::CHOOSE, "svg")], &pixels, &[], "[]");
    service.post(&form).await.assert_error(415, 9412, "svg");
}

#[tokio::test]
async fn an_overlay_may_be_a_fraction_of_what_the_base_has_become() {
    let service = Service::start();
    let (red, blue) = (png(200, 100, [200, 0, 0]), png(50, 50, [0, 0, 200]));
    let steps = r#"[{"imageIndex":0,"width":80},
        {"imageIndex":1,"safelight_width":0.25,"safelight_height":0.5,"fit":"squeeze"},
        {"drawImageIndex":1,"targetImageIndex":0,"top":0,"left":0}]"#;
    let answer = service.post(&url_form(&[], &red, &[&blue], steps)).await;
    answer.assert_good("image/png");
    assert_eq!(size(&answer), (80, 40));
    let mut reader = png::Decoder::new(std::io::Cursor::new(&answer.body))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let at = |x: usize, y: usize| pixels[(y * 80 + x) * 3];
    // 20 by 20 pixels of blue.
    assert_eq!([at(19, 19), at(20, 19), at(19, 20)], [0, 200, 200]);
    for (steps, named) in [
        (
            r#"[{"imageIndex":1,"safelight_width":1}]"#,
            "safelight_width",
        ),
        (
            r#"[{"imageIndex":1,"safelight_height":0}]"#,
            "safelight_height",
        ),
        (
            r#"[{"imageIndex":0,"safelight_width":0.5}]"#,
            "fraction of itself",
        ),
    ] {
        let answer = service.post(&url_form(&[], &red, &[&blue], steps)).await;
        answer.assert_error(400, 9432, named);
    }
}

#[tokio::test]
async fn a_fraction_of_a_base_whose_content_decides_its_size_is_bounded_all_the_same() {
    let mut limits = Limits::default();
    limits.pixels.dimension = 300;
    let service = Service::with(limits);
    let (red, blue) = (png(200, 100, [200, 0, 0]), png(2, 50, [0, 0, 200]));
    let steps = r#"[{"imageIndex":0,"trim":"border","width":250,"fit":"contain"},
        {"imageIndex":1,"safelight_width":0.9,"fit":"contain"},
        {"drawImageIndex":1,"targetImageIndex":0}]"#;
    let answer = service.post(&url_form(&[], &red, &[&blue], steps)).await;
    answer.assert_error(403, 9413, "300");
}

#[tokio::test]
async fn the_sizes_of_a_segmented_picture_come_with_its_mask() {
    let service = Service::start();
    let picture = png(20, 10, [9, 9, 9]);
    let json = &[(extension::CHOOSE, "json")];
    let steps = r#"[{"imageIndex":0,"segment":"foreground","width":10}]"#;
    let answer = service.post(&url_form(json, &picture, &[], steps)).await;
    answer.assert_good("application/json");
    let sizes: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!((&sizes["width"], &sizes["height"]), (&10.into(), &5.into()));
    let mask = sizes["segment"]["foreground"].as_str().unwrap();
    // A PNG, in base64.
    assert!(mask.starts_with("iVBORw0KGgo"), "{mask}");
    let without = service.post(&url_form(json, &picture, &[], "[]")).await;
    assert!(!without.text().contains("segment"), "{}", without.text());
}

#[tokio::test]
async fn an_original_that_could_only_grow_is_passed_on_as_it_is() {
    let service = Service::start();
    let small = png(3, 3, [1, 2, 3]);
    let passed = service.post(&url_form(&[], &small, &[], "[]")).await;
    passed.assert_good("image/png");
    assert_eq!(passed.body, small);
    let warning = passed.header("warning").unwrap();
    assert_eq!(warning, "cf-images 299 \"original is smaller\"");
    // What is asked for, or is in the file, or is not of a URL, makes another picture of it.
    let mut tail = small.clone();
    tail.push(b'\n');
    let step = r#"[{"imageIndex":0,"width":2}]"#;
    let binding = Form::steps(&small, "[]");
    for form in [
        url_form(&[], &small, &[], step),
        url_form(&[], &tail, &[], "[]"),
        url_form(&[(form::BACKGROUND, "red")], &small, &[], "[]"),
        binding,
    ] {
        let answer = service.post(&form).await;
        answer.assert_good("image/png");
        assert_eq!(answer.header("warning"), None);
    }
}

#[tokio::test]
async fn sources_of_urls_have_a_limit_of_their_own() {
    let mut limits = Limits::default();
    limits.form.input_bytes = 1_000;
    limits.form.remote_bytes = 2_000;
    let service = Service::with(limits);
    let (large, larger) = (vec![b'x'; 2_000], vec![b'x'; 2_001]);
    let just = url_form(&[], &large, &[&large], "[]");
    service.post(&just).await.assert_error(415, 9412, "");
    let over = url_form(&[], &larger, &[], "[]");
    service.post(&over).await.assert_error(413, 9402, "image");
    let over = url_form(&[], &large, &[&larger], "[]");
    service
        .post(&over)
        .await
        .assert_error(413, 9402, "draw_image");
    // Behind the picture it is too late, and any other word is no caller.
    let late = Form::transform()
        .file(form::IMAGE, &large)
        .string(extension::CALLER, "url");
    service
        .post(&late.end())
        .await
        .assert_error(413, 9402, "image");
    let other = Form::transform()
        .string(extension::CALLER, "me")
        .file(form::IMAGE, &large);
    service
        .post(&other.end())
        .await
        .assert_error(413, 9402, "image");
}

#[tokio::test]
async fn a_jpeg_may_be_written_from_top_to_bottom() {
    let service = Service::start();
    let picture = png(100, 100, [9, 9, 9]);
    for (scan, frame) in [(None, 0xC2), (Some("baseline"), 0xC0)] {
        let form = Form::transform()
            .file(form::IMAGE, &picture)
            .string(form::TRANSFORMS, "[]")
            .string(form::OUTPUT_FORMAT, "image/jpeg");
        let form = match scan {
            Some(scan) => form.string(extension::JPEG, scan),
            None => form,
        };
        let answer = service.post(&form.end()).await;
        answer.assert_good("image/jpeg");
        let has = |marker| answer.body.windows(4).any(|at| at == [0xFF, marker, 0, 17]);
        assert!(has(frame), "{scan:?}");
    }
}
