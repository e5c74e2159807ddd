//! The response for a client: a result with the headers that the platform sets.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    VARY, WARNING, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use safelight_hop::{Body, body};
use safelight_protocol::etag::{EntityTag, if_none_match};
use sha2::{Digest as _, Sha256};

use crate::error::RESIZED;
use crate::request::{Transformed, content_length};

/// Keeps an SVG from running scripts and from loading anything.
const SVG_POLICY: &str = "default-src 'none'; navigate-to 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline';";
/// Minimum cache lifetime without a warning, in seconds.
const MIN_LIFETIME_S: u64 = 3_600;

/// Maximum number of warnings of this crate. Each is a header.
const MAX_WARNINGS: usize = 16;

/// The parts of a response that do not come from the images process.
#[derive(Default)]
pub struct ResponseHints {
    /// The names of the request headers on which the result depends.
    pub vary: Vec<&'static str>,
    /// The texts of the warnings.
    pub warnings: Vec<String>,
}

impl ResponseHints {
    fn put_vary(&self, headers: &mut HeaderMap) {
        if let Ok(vary) = HeaderValue::try_from(self.vary.join(", "))
            && !vary.is_empty()
        {
            headers.insert(VARY, vary);
        }
    }
}

/// The caching headers of a source that also apply to the result, and the result's entity tag.
pub struct CacheValidators {
    cache_control: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
    /// The entity tag of the result.
    etag: Option<HeaderValue>,
}

impl CacheValidators {
    /// The validators for a source with these headers and a result of these options. Without options there is no tag.
    pub fn new(headers: &HeaderMap, options: Option<String>) -> Self {
        let get = |name| headers.get(name).cloned();
        let tagged = headers.get(ETAG).zip(options);
        Self {
            cache_control: get(CACHE_CONTROL),
            last_modified: get(LAST_MODIFIED),
            etag: tagged.and_then(|(etag, options)| result_etag(etag, &options)),
        }
    }

    /// The 304 response, if the client's copy is current.
    pub fn not_modified(
        &self,
        headers: &HeaderMap,
        hints: &ResponseHints,
    ) -> Option<http::Response<Body>> {
        let etag = self.etag.as_ref()?.to_str().ok()?;
        let etag = EntityTag::parse(etag).ok()?;
        if if_none_match(headers, &etag) != Some(true) {
            return None;
        }
        let mut response = http::Response::new(body::full(""));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        self.put(response.headers_mut());
        hints.put_vary(response.headers_mut());
        Some(response)
    }

    fn put(&self, headers: &mut HeaderMap) {
        let values = [
            (CACHE_CONTROL, &self.cache_control),
            (LAST_MODIFIED, &self.last_modified),
            (ETAG, &self.etag),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
    }

    /// Whether the origin forbids caches to store the result for [`MIN_LIFETIME_S`].
    fn is_too_restrictive(&self) -> bool {
        let text = self
            .cache_control
            .as_ref()
            .and_then(|value| value.to_str().ok());
        let text = text.unwrap_or_default().to_ascii_lowercase();
        let words: Vec<_> = text.split(',').map(str::trim).collect();
        let forbids = |word: &&str| matches!(*word, "no-store" | "no-cache" | "private");
        let seconds = |name: &str| {
            let mut pairs = words.iter().filter_map(|word| word.split_once('='));
            let (_, seconds) = pairs.find(|(key, _)| *key == name)?;
            seconds.parse::<u64>().ok()
        };
        // The value for shared caches has precedence.
        let lifetime = seconds("s-maxage").or_else(|| seconds("max-age"));
        words.iter().any(forbids) || lifetime.is_some_and(|seconds| seconds < MIN_LIFETIME_S)
    }
}

/// The entity tag of a result: `"cf-<opaque>:<etag of the origin>"`.
fn result_etag(etag: &HeaderValue, options: &str) -> Option<HeaderValue> {
    let origin = etag.to_str().ok()?;
    let plain = origin.trim_start_matches("W/").trim_matches('"');
    let hash = Sha256::new()
        .chain_update(options)
        .chain_update(origin)
        .finalize();
    let opaque: String = URL_SAFE_NO_PAD.encode(hash).chars().take(22).collect();
    HeaderValue::try_from(format!("\"cf-{opaque}:{plain}\"")).ok()
}

/// The response for the client.
pub fn success_response(
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
        content_length(from).unwrap_or(0),
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
    use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{CacheValidators, ResponseHints, escape_warning, limit_warnings};

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    fn etag(origin: &str, options: &str) -> String {
        let origin = CacheValidators::new(&headers(ETAG, origin), Some(options.into()));
        origin.etag.unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn the_etag_depends_on_the_options_and_on_the_origins() {
        let first = etag("\"abc\"", "width=80");
        assert!(
            first.starts_with("\"cf-") && first.ends_with(":abc\""),
            "{first}"
        );
        assert_eq!(first.len(), "\"cf-".len() + 22 + ":abc\"".len());
        assert_ne!(first, etag("\"abc\"", "width=81"));
        assert_ne!(first, etag("\"abd\"", "width=80"));
        let options = Some("width=80".to_owned());
        assert_eq!(CacheValidators::new(&HeaderMap::new(), options).etag, None);
        assert_eq!(
            CacheValidators::new(&headers(ETAG, "\"abc\""), None).etag,
            None
        );
    }

    #[test]
    fn a_client_that_has_the_result_is_told_so() {
        let source = headers(ETAG, "W/\"abc\"");
        let origin = CacheValidators::new(&source, Some("width=80".into()));
        let etag = etag("W/\"abc\"", "width=80");
        let asked = |value: &str| {
            origin
                .not_modified(&headers(IF_NONE_MATCH, value), &ResponseHints::default())
                .is_some()
        };
        assert!(asked(&etag));
        assert!(asked(&format!("\"x\", W/{etag}")));
        assert!(asked("*"));
        assert!(!asked("\"abc\""));
        assert!(
            origin
                .not_modified(&HeaderMap::new(), &ResponseHints::default())
                .is_none()
        );
    }

    #[test]
    fn less_than_an_hour_is_too_restrictive() {
        for (value, expected) in [
            ("no-store", true),
            ("private, max-age=7200", true),
            ("No-Cache", true),
            ("public, max-age=60", true),
            ("max-age=3600", false),
            ("max-age=60, s-maxage=7200", false),
            ("max-age=7200, s-maxage=60", true),
            ("public, max-age=86400, must-revalidate", false),
        ] {
            let origin = CacheValidators::new(&headers(CACHE_CONTROL, value), None);
            assert_eq!(origin.is_too_restrictive(), expected, "{value}");
        }
        assert!(!CacheValidators::new(&HeaderMap::new(), None).is_too_restrictive());
    }

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
