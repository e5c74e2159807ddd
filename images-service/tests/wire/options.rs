//! Steps and output options: what is refused, and by which name.

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

#[tokio::test]
async fn a_wrong_option_is_named_with_its_element() {
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
        (
            r#""brightness":256"#,
            "brightness must be between 0 and 255",
        ),
        (r#""sharpen":11"#, "sharpen must be between 0 and 10"),
        (r#""blur":251"#, "blur must be between 0 and 250"),
        (r#""dpr":0"#, "dpr must be"),
        (r#""zoom":2"#, "zoom must be between 0 and 1"),
        (r#""segment":"background""#, "segment must be one of"),
    ] {
        let answer = steps(&format!(
            r#"[{{"imageIndex":0}},{{"imageIndex":1,{element}}}]"#
        ))
        .await;
        answer.assert_error(400, 9432, &format!("transforms[1].{names}"));
    }
}

#[tokio::test]
async fn an_option_of_the_platform_that_is_lacking_is_refused_by_name() {
    for (key, value) in [
        ("trim", r#"{"top":1}"#),
        ("border", r#"{"width":1}"#),
        ("blur", "3"),
        ("sharpen", "1"),
        ("brightness", "2"),
        ("contrast", "0.5"),
        ("gamma", "2"),
        ("saturation", "0"),
        ("segment", r#""foreground""#),
        ("dpr", "2"),
        ("upscale", r#""generate""#),
        ("gravity", r#""face""#),
        ("gravity", r#""auto""#),
        ("gravity", r#""entropy""#),
    ] {
        let answer = steps(&format!(r#"[{{"{key}":{value}}}]"#)).await;
        answer.assert_error(400, 9432, &format!("transforms[0].{key} "));
        answer.assert_error(400, 9432, "not supported yet");
    }
    for option in [
        r#""repeat":true"#,
        r#""repeat":"x""#,
        r#""composite":"xor""#,
    ] {
        let draw = format!(r#"[{{"drawImageIndex":1,"targetImageIndex":0,{option}}}]"#);
        steps(&draw)
            .await
            .assert_error(400, 9432, "not supported yet");
    }
}

#[tokio::test]
async fn a_value_that_changes_nothing_is_accepted() {
    let neutral = r#"[{"imageIndex":0,"width":null,"dpr":1,"zoom":0,"upscale":"interpolate","brightness":1,
        "contrast":0,"gamma":1,"saturation":1,"sharpen":0,"blur":0.9,"trim":null,"rotate":360},
        {"drawImageIndex":1,"targetImageIndex":0,"repeat":false,"composite":"over","opacity":null,"top":-1.6}]"#;
    steps(neutral).await.assert_error(415, 9412, "");
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
async fn what_is_no_list_of_steps_is_a_malformed_request() {
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
    let steps = r#"[{"quality":80,"colour\"\u0001":1},{"quality":70},{"anim":false}]"#;
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
            r#"cf-images 299 "transform() has no option colour\\\"\\u{1}; it was ignored""#,
            r#"cf-images 299 "transform() has no option quality; it was ignored""#,
        ]
    );
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
