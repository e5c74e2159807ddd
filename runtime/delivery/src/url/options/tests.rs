//! Tests: each option of a URL, and the form parts that it becomes.

use serde_json::{Value, json};

use super::{Options, redirects_on_error};
use crate::url::client_hints::AutoWidth;

fn read(text: &str) -> Options {
    Options::parse(text).unwrap_or_else(|error| panic!("{text}: {}", error.text))
}

fn transform(text: &str) -> Value {
    Value::Object(read(text).transform)
}

fn parts(text: &str) -> String {
    let parts = read(text).output.parts();
    let shown: Vec<_> = parts
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    shown.join(" ")
}

#[test]
fn options_that_change_pixels_become_one_transform() {
    for (text, expected) in [
        ("width=80", json!({"width": 80.0})),
        ("w=80,h=60", json!({"width": 80.0, "height": 60.0})),
        ("width=79.6", json!({"width": 80.0})),
        ("w=8,fit=cover", json!({"width": 8.0, "fit": "cover"})),
        (
            "w=8,fit=aspect-crop",
            json!({"width": 8.0, "fit": "aspect-crop"}),
        ),
        ("gravity=auto", json!({"gravity": "auto"})),
        ("g=0.5x0.25", json!({"gravity": {"x": 0.5, "y": 0.25}})),
        ("zoom=0.5", json!({"zoom": 0.5})),
        ("face-zoom=0.5", json!({"zoom": 0.5})),
        ("dpr=2", json!({"dpr": 2.0})),
        ("upscale=generate", json!({"upscale": "generate"})),
        ("flip=hv", json!({"flip": "hv"})),
        ("rotate=90", json!({"rotate": 90})),
        ("background=red", json!({"background": "red"})),
        ("background=%23ff000080", json!({"background": "#ff000080"})),
        ("background=fff", json!({"background": "#fff"})),
        (
            "background=rgba%28255%2C0%2C0%2C0.5%29",
            json!({"background": "rgba(255,0,0,0.5)"}),
        ),
        ("brightness=1.5", json!({"brightness": 1.5})),
        ("contrast=0.5", json!({"contrast": 0.5})),
        ("gamma=2", json!({"gamma": 2.0})),
        ("saturation=0", json!({"saturation": 0.0})),
        ("sharpen=3", json!({"sharpen": 3.0})),
        ("blur=20", json!({"blur": 20.0})),
        ("blur=0.5", json!({})),
        ("segment=foreground", json!({"segment": "foreground"})),
        (
            "trim=1;2;3;4",
            json!({"trim": {"top": 1.0, "right": 2.0, "bottom": 3.0, "left": 4.0}}),
        ),
        (
            "trim.top=5,trim.width=0.5",
            json!({"trim": {"top": 5.0, "width": 0.5}}),
        ),
        ("trim=border", json!({"trim": {"border": true}})),
        (
            "trim=border,trim.border.color=fff,trim.border.tolerance=3,trim.border.keep=2",
            json!({"trim": {"border": {"color": "#fff", "tolerance": 3.0, "keep": 2.0}}}),
        ),
        (
            "trim.border.tolerance=3",
            json!({"trim": {"border": {"tolerance": 3.0}}}),
        ),
    ] {
        assert_eq!(transform(text), expected, "{text}");
        assert_eq!(read(text).warnings, Vec::<String>::new(), "{text}");
    }
}

#[test]
fn options_of_the_result_become_parts_of_the_form() {
    for (text, expected) in [
        (
            "width=8",
            "output_format=image/jpeg safelight_choose=source",
        ),
        ("f=webp", "output_format=image/webp"),
        (
            "format=auto",
            "output_format=image/jpeg safelight_choose=auto",
        ),
        ("f=webp,q=40", "output_format=image/webp output_quality=40"),
        (
            "f=webp,quality=medium-low",
            "output_format=image/webp output_quality=medium-low",
        ),
        ("f=webp,anim=false", "output_format=image/webp anim=false"),
        (
            "f=jpeg,metadata=none",
            "output_format=image/jpeg safelight_metadata=none",
        ),
        (
            "f=jpeg,metadata=keep",
            "output_format=image/jpeg safelight_metadata=keep",
        ),
        (
            "compression=fast",
            "output_format=image/jpeg safelight_choose=fast",
        ),
        (
            "f=json,compression=fast",
            "output_format=image/jpeg safelight_choose=json",
        ),
    ] {
        assert_eq!(parts(text), expected, "{text}");
    }
}

#[test]
fn an_impossible_option_is_9401_and_is_named() {
    for text in [
        "width=0",
        "height=-5",
        "fit=fill",
        "gravity=up",
        "gravity=1y2",
        "zoom=2",
        "dpr=0",
        "dpr=11",
        "upscale=magic",
        "flip=x",
        "brightness=256",
        "contrast=-1",
        "gamma=300",
        "saturation=300",
        "sharpen=11",
        "blur=251",
        "segment=background",
        "trim=1;2;3",
        "trim=-1;2;3;4",
        "trim.left=-1",
        "trim.border.tolerance=256",
        "quality=best",
        "format=jpg",
        "format=image/webp",
        "anim=no",
        "metadata=all",
        "compression=slow",
        "onerror=ignore",
        "slow-connection-quality=bad",
        "wbreakpoints=a;b,w=auto",
        "wmobile=0,w=auto",
        "wdesktop=-1,w=auto",
    ] {
        let error = Options::parse(text).unwrap_err();
        assert_eq!(error.kind.number(), 9401, "{text}");
        let key = text.split('=').next().unwrap();
        assert!(error.text.contains(key), "{text}: {}", error.text);
    }
    let formats = Options::parse("format=jpg").unwrap_err().text;
    assert!(formats.contains("baseline-jpeg"), "{formats}");
}

#[test]
fn an_ignored_option_is_reported() {
    for (text, expected) in [
        (
            "width=abc,height=5",
            "width is not a number and was ignored",
        ),
        (
            "rotate=45",
            "rotate must be 0, 90, 180, 270 or 360 and was ignored",
        ),
        (
            "gravity=2x0.5",
            "gravity lies outside of 0 to 1 and was moved there",
        ),
        ("dpr=4", "dpr > 3 should never be used"),
        (
            "border=red",
            "border is not available in URLs and was ignored",
        ),
        ("colour=red", "the option colour is unknown and was ignored"),
        ("draw=x", "the option draw is unknown and was ignored"),
        (
            "w=80,wmobile=50",
            "wmobile is for width=auto and was ignored",
        ),
        (
            "w=auto,wdesktop=wide",
            "wdesktop is not a number and was ignored",
        ),
    ] {
        assert_eq!(read(text).warnings, [expected], "{text}");
    }
    assert_eq!(
        transform("gravity=2x0.5"),
        json!({"gravity": {"x": 1.0, "y": 0.5}})
    );
    assert_eq!(transform("rotate=45"), json!({}));
}

#[test]
fn the_width_may_be_left_to_the_client() {
    let options = read("width=auto,wbreakpoints=100;200,wmobile=50,wdesktop=70");
    let expected = AutoWidth {
        breakpoints: vec![100, 200],
        mobile: 50,
        desktop: 70,
    };
    assert_eq!(options.auto_width, Some(expected));
    assert!(options.transform.is_empty());
    assert_eq!(read("w=auto").auto_width, Some(AutoWidth::default()));
    assert_eq!(read("w=80,wmobile=50").auto_width, None);
}

#[test]
fn the_wish_for_a_redirect_is_found_among_mistakes() {
    assert!(redirects_on_error("onerror=redirect"));
    assert!(redirects_on_error("fit=wrong,onerror=redirect"));
    assert!(!redirects_on_error("onerror=no,onerror=redirect"));
    assert!(!redirects_on_error("width=8"));
}
