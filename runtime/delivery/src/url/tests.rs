//! Tests: the options of a URL together with the client's headers.

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::options::Options;
use super::{redirect_to_source, transform_request};
use crate::subrequest::{is_image_resizing, subrequest_headers};

pub(super) fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    pairs.iter().map(pair).collect()
}

#[test]
fn the_result_varies_by_the_headers_that_it_depends_on() {
    for (options, hints, parts, vary) in [
        ("f=webp", &[("accept", "image/avif")][..], "image/webp", ""),
        (
            "f=auto",
            &[("accept", "image/webp,image/avif")],
            "avif,webp",
            "accept",
        ),
        ("f=auto", &[], "auto", "accept"),
        (
            "f=webp,q=80,scq=30",
            &[("save-data", "on")],
            "30",
            "rtt save-data ect downlink",
        ),
        (
            "f=webp,q=80,scq=30",
            &[],
            "80",
            "rtt save-data ect downlink",
        ),
    ] {
        let options = Options::parse(options).unwrap();
        let (request, hints) = transform_request(options, &headers(hints));
        assert_eq!(request.output.parts().last().unwrap().1, parts);
        assert_eq!(hints.vary.join(" "), vary);
    }
}

#[test]
fn an_automatic_width_is_part_of_the_transform() {
    let options = Options::parse("width=auto,f=webp").unwrap();
    let (request, hints) =
        transform_request(options, &headers(&[("sec-ch-viewport-width", "700")]));
    assert_eq!(
        serde_json::to_string(&request.transforms).unwrap(),
        r#"[{"imageIndex":0,"width":768}]"#
    );
    assert_eq!(hints.vary, ["sec-ch-viewport-width", "sec-ch-dpr"]);
}

#[test]
fn a_request_of_a_transformation_is_known_by_its_via() {
    assert!(is_image_resizing(&headers(&[(
        "via",
        "1.1 a, image-resizing"
    )])));
    assert!(!is_image_resizing(&headers(&[("via", "1.1 a")])));
}

#[test]
fn a_source_is_told_by_which_proxies_the_request_came_and_nothing_else_of_it() {
    let visitors = headers(&[("via", "1.1 a"), ("cookie", "secret"), ("accept", "x/y")]);
    let sent = subrequest_headers(&visitors);
    assert_eq!(sent["via"], "1.1 a, image-resizing");
    assert_eq!(sent.len(), 2);
    assert_eq!(
        subrequest_headers(&HeaderMap::new())["via"],
        "image-resizing"
    );
}

#[test]
fn the_redirect_of_an_error_leads_to_a_source_of_the_same_zone_only() {
    let location = |path: &str| {
        let uri: Uri = format!("http://zone.test{path}").parse().unwrap();
        let (request, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        let response = redirect_to_source(&request)?;
        assert_eq!(response.status(), 307);
        Some(response.headers()["location"].to_str().unwrap().to_owned())
    };
    let at = |source: &str| location(&format!("/cdn-cgi/image/fit=x,onerror=redirect/{source}"));
    assert_eq!(at("a.png?b").as_deref(), Some("http://zone.test/a.png?b"));
    assert_eq!(
        at("http://zone.test/a").as_deref(),
        Some("http://zone.test/a")
    );
    assert_eq!(
        at("https://img.zone.test/a").as_deref(),
        Some("https://img.zone.test/a")
    );
    assert_eq!(
        at("//other.test/a").as_deref(),
        Some("http://zone.test//other.test/a")
    );
    assert_eq!(at("https://evilzone.test/a"), None);
    assert_eq!(at("https://other.test/a"), None);
    assert_eq!(location("/cdn-cgi/image/fit=x/a.png"), None);
}
