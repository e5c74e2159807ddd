//! Requests for sources: their headers, and the test for the zone of a URL.

use http::header::{ACCEPT, VIA};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Uri};

/// The element of `Via` that marks requests for sources, so that no picture is transformed twice.
const IMAGE_RESIZING: &str = "image-resizing";

/// Whether a request comes from a transformation.
pub(crate) fn is_image_resizing(headers: &HeaderMap) -> bool {
    headers
        .get_all(VIA)
        .iter()
        .any(|value| value.to_str().is_ok_and(|via| via.contains(IMAGE_RESIZING)))
}

/// The headers of a request for a source. Of the visitor's headers only `Via` is passed on, which lists the proxies.
pub(crate) fn subrequest_headers(visitors: &HeaderMap) -> HeaderMap {
    let proxies = visitors.get_all(VIA).iter();
    let proxies = proxies.filter_map(|via| via.to_str().ok());
    let via: Vec<_> = proxies.chain([IMAGE_RESIZING]).collect();
    let via = HeaderValue::try_from(via.join(", "));
    HeaderMap::from_iter([
        (VIA, via.unwrap_or(HeaderValue::from_static(IMAGE_RESIZING))),
        (ACCEPT, HeaderValue::from_static("image/*,*/*;q=0.8")),
    ])
}

/// Whether both URLs have the same host and port.
pub(crate) fn is_same_zone(url: &Uri, asked: &Uri) -> bool {
    let port = |uri: &Uri| {
        uri.port_u16()
            .unwrap_or(match uri.scheme() == Some(&Scheme::HTTPS) {
                true => 443,
                false => 80,
            })
    };
    let same_host = match (url.host(), asked.host()) {
        (Some(url), Some(asked)) => url.eq_ignore_ascii_case(asked),
        (_, _) => false,
    };
    same_host && port(url) == port(asked)
}
