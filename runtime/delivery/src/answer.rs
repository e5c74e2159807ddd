//! The response for a client: a result with the headers that the platform sets.

use std::time::Duration;

use http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, WARNING, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue};
use safelight_hop::Body;
use safelight_hop::head::content_length;

use crate::error::RESIZED;
use crate::request::Transformed;
use crate::response_hints::ResponseHints;
use crate::validators::CacheValidators;

/// Keeps an SVG from running scripts and from loading anything.
const SVG_POLICY: &str = "default-src 'none'; navigate-to 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline';";
/// Maximum number of warnings of this crate. Each is a header.
const MAX_WARNINGS: usize = 16;

/// The response for the client.
pub(crate) fn success_response(
    transformed: Transformed,
    origin: &CacheValidators,
    hints: ResponseHints,
    source_time: Duration,
) -> http::Response<Body> {
    let from = &transformed.headers;
    let mut response = http::Response::new(transformed.body);
    let headers = response.headers_mut();
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        if let Some(value) = from.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    origin.put(headers);
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(SVG_POLICY),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for warning in from.get_all(WARNING) {
        headers.append(WARNING, warning.clone());
    }
    hints.put_vary(headers);
    let restrictive = "cache-control is too restrictive".to_owned();
    let restrictive = origin.is_too_restrictive().then_some(restrictive);
    for warning in limit_warnings(hints.warnings)
        .into_iter()
        .chain(restrictive)
    {
        if let Ok(value) =
            HeaderValue::try_from(format!("cf-images 299 \"{}\"", escape_warning(&warning)))
        {
            headers.append(WARNING, value);
        }
    }
    let resized = resized(from, source_time, transformed.time);
    if let Ok(resized) = HeaderValue::try_from(resized) {
        headers.insert(RESIZED, resized);
    }
    response
}

/// The first [`MAX_WARNINGS`] warnings, and one that counts the others.
fn limit_warnings(mut warnings: Vec<String>) -> Vec<String> {
    let left_out = warnings.len().saturating_sub(MAX_WARNINGS);
    if left_out > 0 {
        warnings.truncate(MAX_WARNINGS);
        warnings.push(format!("and {left_out} warnings more"));
    }
    warnings
}

/// The value of `cf-resized`: times of network and computation in milliseconds, version, bytes.
fn resized(from: &HeaderMap, source: Duration, all: Duration) -> String {
    let stage = |name: &str| {
        let timing = from
            .get("server-timing")
            .and_then(|value| value.to_str().ok());
        timing
            .unwrap_or_default()
            .split(',')
            .filter_map(|stage| stage.trim().split_once(";dur="))
            .find(|(stage, _)| *stage == name)
            .and_then(|(_, ms)| ms.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    format!(
        "internal=ok/m q=0 n={}+{:.0} c={:.0}+{:.0} v={} l={}",
        source.as_millis(),
        stage("form").min(all.as_secs_f64() * 1e3),
        stage("decode") + stage("ops"),
        stage("encode"),
        env!("CARGO_PKG_VERSION"),
        content_length(from).ok().flatten().unwrap_or(0),
    )
}

/// Escapes a text for a quoted string in a header.
fn escape_warning(text: &str) -> String {
    let printable = text.chars().map(|c| match c {
        ' '..='~' => c,
        _ => '?',
    });
    let printable: String = printable.collect();
    printable.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::{escape_warning, limit_warnings};

    #[test]
    fn warnings_that_are_left_out_are_counted() {
        let many = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(limit_warnings(many(16)), many(16));
        let most = limit_warnings(many(60));
        assert_eq!(most.len(), 17);
        assert_eq!(most.last().unwrap(), "and 44 warnings more");
    }

    #[test]
    fn a_warning_cannot_leave_its_quotes() {
        assert_eq!(escape_warning("a\"b\\c\r\nd"), "a\\\"b\\\\c??d");
    }
}
