//! Steps and output options: the refused values, and the names in the errors.

use safelight_protocol::form;

use crate::{client::Answer, form::Form, pictures::png, service::Service};

async fn steps(steps: &str) -> Answer {
    let service = Service::start();
    let form = Form::transform()
        .file(form::IMAGE, b"no image")
        .file(form::DRAW_IMAGE, b"no image")
        .string(form::TRANSFORMS, steps)
        .string(form::OUTPUT_FORMAT, "image/png")
        .end();
    service.post(&form).await
}

async fn assert_named(element: &str, names: &str) {
    let elements = format!(r#"[{{"imageIndex":0}},{{"imageIndex":1,{element}}}]"#);
    let answer = steps(&elements).await;
    answer.assert_error(400, 9432, &format!("transforms[1].{names}"));
}

#[tokio::test]
async fn a_wrong_size_or_place_is_named_with_its_element() {
    for (element, names) in [
        (r#""width":0"#, "width must be at least 1"),
        (r#""width":0.4"#, "width must be at least 1"),
        (r#""height":-5"#, "height must be at least 1"),
        (r#""width":"100""#, "width must be a number"),
        (r#""fit":"stretch""#, "fit must be one of"),
        (r#""fit":1"#, "fit must be a string"),
        (r#""gravity":"north""#, "gravity must be one of"),
        (
            r#""gravity":[0,0]"#,
            "gravity must be a string or an object",
        ),
        (
            r#""gravity":{"x":1.5}"#,
            "gravity.x must be between 0 and 1",
        ),
        (r#""gravity":{"y":"0"}"#, "gravity.y must be a number"),
        (
            r#""gravity":{"mode":"edge"}"#,
            "gravity.mode must be one of",
        ),
        (r#""rotate":45"#, "rotate must be 0, 90, 180, 270 or 360"),
        (r#""rotate":"90""#, "rotate must be a number"),
        (r#""flip":"x""#, "flip must be one of h, v, hv"),
        (r#""background":"fff""#, "background must be a CSS colour"),
        (r#""background":7"#, "background must be a string"),
    ] {
        assert_named(element, names).await;
    }
}

#[tokio::test]
async fn a_wrong_option_of_any_other_kind_is_named_with_its_element() {
    for (element, names) in [
        (
            r#""brightness":256"#,
            "brightness must be between 0 and 255",
        ),
        (r#""sharpen":11"#, "sharpen must be between 0 and 10"),
        (r#""blur":251"#, "blur must be between 0 and 250"),
        (r#""brightness":-1"#, "brightness must be between 0 and 255"),
        (r#""contrast":"2""#, "contrast must be a number"),
        (r#""gamma":255.1"#, "gamma must be between 0 and 255"),
        (r#""saturation":true"#, "saturation must be a number"),
        (r#""blur":-1"#, "blur must be between 0 and 250"),
        (r#""dpr":0"#, "dpr must be above 0 and at most 10"),
        (r#""dpr":10.5"#, "dpr must be above 0 and at most 10"),
        (r#""dpr":"2""#, "dpr must be a number"),
        (r#""upscale":"magic""#, "upscale must be one of"),
        (r#""trim":3"#, "trim must be border or an object"),
        (r#""trim":"auto""#, "trim must be border or an object"),
        (r#""trim":{"top":-1}"#, "trim.top must be at least 0"),
        (r#""trim":{"left":"1"}"#, "trim.left must be a number"),
        (
            r#""trim":{"border":1}"#,
            "trim.border must be true, false or an object",
        ),
        (
            r#""trim":{"border":{"tolerance":256}}"#,
            "trim.border.tolerance must be between 0 and 255",
        ),
        (
            r#""trim":{"border":{"color":"no"}}"#,
            "trim.border.color must be a CSS colour",
        ),
        (
            r#""trim":{"border":{"keep":-1}}"#,
            "trim.border.keep must be at least 0",
        ),
        (r#""border":"black""#, "border must be an object"),
        (
            r#""border":{"width":-1}"#,
            "border.width must be at least 0",
        ),
        (
            r#""border":{"color":"no"}"#,
            "border.color must be a CSS colour",
        ),
        (r#""zoom":2"#, "zoom must be between 0 and 1"),
        (r#""segment":"background""#, "segment must be one of"),
    ] {
        assert_named(element, names).await;
    }
}

#[tokio::test]
async fn every_option_of_the_platform_passes_with_any_of_its_values() {
    let every = r##"[{"imageIndex":0,"width":null,"dpr":2,"zoom":0.5,"upscale":"generate","brightness":1.1,"contrast":0,
        "gamma":0.5,"saturation":0,"sharpen":10,"blur":250,"segment":"foreground","gravity":"face","rotate":360,
        "border":{"color":"red","width":0,"top":1.5,"left":null}},
        {"trim":"border","gravity":"auto","blur":0.9,"background":null},
        {"trim":{"top":1,"left":0.25,"width":3,"border":{"color":"#fff","tolerance":1.5,"keep":2}},"gravity":"entropy"},
        {"trim":{"border":true}},{"trim":{"border":false,"height":0}},{"trim":null,"border":{}},
        {"drawImageIndex":1,"targetImageIndex":0,"repeat":false,"composite":"over","opacity":null,"top":-1.6},
        {"drawImageIndex":1,"targetImageIndex":0,"repeat":"x","composite":"lighter"},
        {"drawImageIndex":1,"targetImageIndex":0,"repeat":true,"composite":"xor"}]"##;
    steps(every).await.assert_error(415, 9412, "");
}

#[tokio::test]
async fn a_wrong_drawing_is_named() {
    for (option, names) in [
        (r#""opacity":1.1"#, "opacity must be between 0 and 1"),
        (
            r#""top":1,"bottom":1"#,
            "bottom cannot be combined with top",
        ),
        (
            r#""left":0,"right":0"#,
            "right cannot be combined with left",
        ),
        (r#""top":"1""#, "top must be a number"),
        (r#""repeat":"z""#, "repeat must be"),
        (r#""composite":"multiply""#, "composite must be one of"),
    ] {
        let draw = format!(r#"[{{"drawImageIndex":1,"targetImageIndex":0,{option}}}]"#);
        let answer = steps(&draw).await;
        answer.assert_error(400, 9432, &format!("transforms[0].{names}"));
    }
}

#[tokio::test]
async fn a_text_that_is_no_list_of_steps_is_a_malformed_request() {
    for (json, names) in [
        ("", "transforms"),
        ("[", "transforms"),
        ("{}", "transforms is not an array"),
        ("[1]", "transforms[0]"),
        (r#"[{},{"imageIndex":2}]"#, "transforms[1].imageIndex"),
        (r#"[{"imageIndex":-1}]"#, "transforms[0].imageIndex"),
        (r#"[{"imageIndex":"0"}]"#, "transforms[0].imageIndex"),
        (r#"[{"drawImageIndex":1}]"#, "targetImageIndex"),
        (
            r#"[{"drawImageIndex":null,"targetImageIndex":0}]"#,
            "drawImageIndex",
        ),
        (
            r#"[{"drawImageIndex":2,"targetImageIndex":0}]"#,
            "drawImageIndex",
        ),
        (
            r#"[{"drawImageIndex":0,"targetImageIndex":1}]"#,
            "draws image 0",
        ),
        (
            r#"[{"drawImageIndex":1,"targetImageIndex":1}]"#,
            "draws image 1",
        ),
        (&"[".repeat(100_000), "transforms"),
    ] {
        steps(json).await.assert_error(400, 9523, names);
    }
}

#[tokio::test]
async fn a_wrong_output_is_named() {
    let service = Service::start();
    for (option, value, names) in [
        (form::OUTPUT_FORMAT, "png", "invalid output format"),
        (form::OUTPUT_FORMAT, "", "invalid output format"),
        (form::OUTPUT_QUALITY, "abc", "output_quality"),
        (form::OUTPUT_QUALITY, "NaN", "output_quality"),
        (form::OUTPUT_QUALITY, "inf", "output_quality"),
        (form::BACKGROUND, "nocolour", "background"),
        (form::ANIM, "yes", "anim"),
    ] {
        let form = Form::transform()
            .file(form::IMAGE, b"x")
            .string(form::TRANSFORMS, "[]");
        let form = match option {
            form::OUTPUT_FORMAT => form,
            _ => form.string(form::OUTPUT_FORMAT, "image/png"),
        };
        let answer = service.post(&form.string(option, value).end()).await;
        answer.assert_error(400, 9432, names);
    }
}

#[tokio::test]
async fn an_option_without_effect_is_a_warning_once() {
    let service = Service::start();
    let steps = r#"[{"quality":80,"colour\"\u0001":1,"trim":{"all":1}},{"quality":70,"border":{"style":1}},{"anim":false}]"#;
    let answer = service
        .post(&Form::steps(&png(1, 1, [0, 0, 0]), steps))
        .await;
    answer.assert_good("image/png");
    let mut warnings: Vec<_> = answer
        .headers
        .get_all("warning")
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    warnings.sort_unstable();
    assert_eq!(
        warnings,
        [
            r#"cf-images 299 "transform() has no option anim; it was ignored""#,
            r#"cf-images 299 "transform() has no option border.style; it was ignored""#,
            r#"cf-images 299 "transform() has no option colour\\\"\\u{1}; it was ignored""#,
            r#"cf-images 299 "transform() has no option quality; it was ignored""#,
            r#"cf-images 299 "transform() has no option trim.all; it was ignored""#,
        ]
    );
}

#[tokio::test]
async fn an_index_that_a_step_of_its_kind_does_not_have_is_an_option_without_effect() {
    let form = Form::transform()
        .file(form::IMAGE, &png(2, 2, [0, 0, 0]))
        .file(form::DRAW_IMAGE, &png(1, 1, [9, 9, 9]))
        .string(
            form::TRANSFORMS,
            r#"[{"imageIndex":0,"targetImageIndex":1},{"drawImageIndex":1,"targetImageIndex":0,"imageIndex":1}]"#,
        )
        .string(form::OUTPUT_FORMAT, "image/png")
        .end();
    let answer = Service::start().post(&form).await;
    answer.assert_good("image/png");
    assert_eq!(
        warnings(&answer),
        [
            r#"cf-images 299 "transform() has no option targetImageIndex; it was ignored""#,
            r#"cf-images 299 "draw() has no option imageIndex; it was ignored""#,
        ]
    );
}

#[tokio::test]
async fn warnings_beyond_their_number_are_said_to_be_there() {
    for (options, more) in [(16, false), (17, true), (300, true)] {
        let step: Vec<String> = (0..options).map(|n| format!(r#""o{n}":1"#)).collect();
        let answer = result(&png(1, 1, [0, 0, 0]), &format!("[{{{}}}]", step.join(","))).await;
        answer.assert_good("image/png");
        let warnings = warnings(&answer);
        assert_eq!(warnings.len(), 16 + usize::from(more));
        let last = r#"cf-images 299 "there are more warnings than these""#;
        assert_eq!(warnings.last() == Some(&last), more, "{warnings:?}");
    }
}

#[tokio::test]
async fn an_answer_says_what_was_done_and_how_long_it_took() {
    let service = Service::start();
    let form = Form::transform()
        .file(form::IMAGE, &png(4, 3, [1, 2, 3]))
        .file(form::DRAW_IMAGE, &png(1, 1, [1, 2, 3]))
        .string(
            form::TRANSFORMS,
            r#"[{"width":2},{"drawImageIndex":1,"targetImageIndex":0}]"#,
        )
        .string(form::OUTPUT_FORMAT, "rgba")
        .end();
    let answer = service.post(&form).await;
    answer.assert_good("application/octet-stream");
    assert_eq!(
        answer.header("safelight-summary"),
        Some("image/png 4x3 + 1 overlay > 2 steps > rgba 2x2")
    );
    let timing = answer.header("server-timing").unwrap();
    let stages: Vec<_> = timing
        .split(", ")
        .map(|stage| stage.split_once(";dur=").unwrap())
        .collect();
    assert!(
        stages.iter().all(|(_, ms)| ms.parse::<f64>().is_ok()),
        "{timing}"
    );
    let names: Vec<_> = stages.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["form", "queue", "decode", "ops", "encode"]);
}

async fn result(picture: &[u8], steps: &str) -> Answer {
    Service::start().post(&Form::steps(picture, steps)).await
}

fn warnings(answer: &Answer) -> Vec<&str> {
    let all = answer.headers.get_all("warning").iter();
    all.map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn a_device_pixel_ratio_multiplies_every_length_in_pixels_wherever_it_stands() {
    // Of 20x10: 2 off the left, a quarter off the top, then 12x6 and a border of 2 and 1.
    let steps = r#"[{"border":{"width":1,"left":0.5},"dpr":2,"fit":"squeeze","height":3,"trim":{"left":1,"top":0.25},"width":6}]"#;
    let answer = result(&png(20, 10, [1, 2, 3]), steps).await;
    answer.assert_good("image/png");
    assert!(warnings(&answer).is_empty());
    let summary = answer.header("safelight-summary").unwrap();
    assert!(summary.ends_with("image/png 15x10"), "{summary}");
    let only = result(&png(20, 10, [1, 2, 3]), r#"[{"dpr":2,"fit":"contain"}]"#).await;
    let summary = only.header("safelight-summary").unwrap();
    assert!(
        summary.ends_with("image/png 20x10"),
        "no size without width or height: {summary}"
    );
}

#[tokio::test]
async fn a_trim_of_601_pixels_cuts_1202_where_each_is_two() {
    let picture = png(1300, 1, [1, 2, 3]);
    for (trim, left) in [
        (r#"{"left":601}"#, 98),
        (r#"{"width":601}"#, 1202),
        // A fraction is one of the picture, however many pixels a pixel has.
        (r#"{"left":0.5}"#, 650),
        (r#"{"right":600.25}"#, 99),
    ] {
        let answer = result(&picture, &format!(r#"[{{"dpr":2,"trim":{trim}}}]"#)).await;
        answer.assert_good("image/png");
        let summary = answer.header("safelight-summary").unwrap();
        let size = format!("image/png {left}x1");
        assert!(summary.ends_with(&size), "{trim}: {summary}");
    }
}

#[tokio::test]
async fn a_device_pixel_ratio_above_three_is_warned_of() {
    for (dpr, expected) in [
        (3, None),
        (4, Some(r#"cf-images 299 "dpr > 3 should never be used""#)),
    ] {
        let answer = result(
            &png(2, 2, [1, 2, 3]),
            &format!(r#"[{{"dpr":{dpr},"width":1}}]"#),
        )
        .await;
        answer.assert_good("image/png");
        assert_eq!(warnings(&answer), expected.into_iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_answer_warns_of_approximations() {
    let steps = r#"[{"segment":"foreground"},{"segment":"foreground","width":1,"height":1,"fit":"cover","gravity":"face"}]"#;
    let answer = result(&png(4, 2, [1, 2, 3]), steps).await;
    answer.assert_good("image/png");
    let expected = [
        r#"cf-images 299 "segment approximated""#,
        r#"cf-images 299 "face detection unavailable""#,
    ];
    assert_eq!(warnings(&answer), expected);
}
