//! The options of the output: what their values come to.

use safelight_protocol::form;

use crate::{client::Answer, form::Form, pictures, service::Service};

/// A JPEG of this quality, as the part of the form has it.
async fn jpeg(service: &Service, quality: Option<&str>) -> Answer {
    let form = Form::transform()
        .file(form::IMAGE, &pictures::busy())
        .string(form::TRANSFORMS, "[]")
        .string(form::OUTPUT_FORMAT, "image/jpeg");
    let form = match quality {
        Some(quality) => form.string(form::OUTPUT_QUALITY, quality),
        None => form,
    };
    let answer = service.post(&form.end()).await;
    answer.assert_good("image/jpeg");
    answer
}

#[tokio::test]
async fn a_quality_is_a_number_from_1_to_100_or_stands_for_one() {
    let service = Service::start();
    for (given, number) in [
        (None, "85"),
        (Some("high"), "90"),
        (Some("medium-high"), "70"),
        (Some("medium-low"), "50"),
        (Some("low"), "35"),
        (Some("0"), "1"),
        (Some("-20"), "1"),
        (Some("101"), "100"),
        (Some("1e9"), "100"),
        (Some("49.5"), "50"),
        (Some("49.4"), "49"),
    ] {
        let found = jpeg(&service, given).await;
        let meant = jpeg(&service, Some(number)).await;
        assert!(found.body == meant.body, "{given:?} is not {number}");
    }
    let all = ["1", "35", "49", "50", "70", "85", "90", "100"];
    let mut sizes = Vec::new();
    for number in all {
        sizes.push(jpeg(&service, Some(number)).await.body.len());
    }
    assert!(sizes.is_sorted_by(|a, b| a < b), "{sizes:?}");
}

#[tokio::test]
async fn formats_without_a_quality_ignore_it() {
    let service = Service::start();
    for format in ["image/gif", "rgb", "rgba"] {
        let form = |quality: &str| {
            let form = Form::transform()
                .file(form::IMAGE, &pictures::busy())
                .string(form::TRANSFORMS, "[]")
                .string(form::OUTPUT_FORMAT, format);
            form.string(form::OUTPUT_QUALITY, quality).end()
        };
        let (low, high) = (
            service.post(&form("1")).await,
            service.post(&form("100")).await,
        );
        assert_eq!(low.status, 200, "{format}");
        assert!(low.body == high.body, "{format}");
    }
}

#[tokio::test]
async fn parts_other_than_pictures_come_in_any_order() {
    let service = Service::start();
    let picture = pictures::busy();
    let strings = [
        (form::TRANSFORMS, r#"[{"width":9}]"#),
        (form::OUTPUT_FORMAT, "image/webp"),
        (form::OUTPUT_QUALITY, "30"),
        (form::BACKGROUND, "red"),
        (form::ANIM, "false"),
    ];
    let put = |form: Form, strings: &[(&str, &str)]| {
        strings
            .iter()
            .fold(form, |form, (name, text)| form.string(name, text))
    };
    let ordered = put(Form::transform().file(form::IMAGE, &picture), &strings).end();
    let expected = service.post(&ordered).await;
    expected.assert_good("image/webp");
    for first in 1..=strings.len() {
        let mut turned = strings;
        turned.reverse();
        let (before, after) = turned.split_at(first);
        let form = put(Form::transform(), before).file(form::IMAGE, &picture);
        let found = service.post(&put(form, after).end()).await;
        assert!(found.body == expected.body, "{first} before the picture");
    }
}
