//! Cache validation: the caching headers of a result, its entity tag, and the 304 response.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, ETAG, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, StatusCode};
use safelight_hop::{Body, body};
use safelight_protocol::etag::{EntityTag, if_none_match};
use sha2::{Digest as _, Sha256};

use crate::response_hints::ResponseHints;

/// Minimum cache lifetime without a warning, in seconds.
const MIN_LIFETIME_S: u64 = 3_600;

/// The caching headers of a source that also apply to the result, and the result's entity tag.
pub(crate) struct CacheValidators {
    cache_control: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
    /// The entity tag of the result.
    etag: Option<HeaderValue>,
}

impl CacheValidators {
    /// The validators for a source with these headers and a result of these options. Without options there is no tag.
    pub(crate) fn new(headers: &HeaderMap, options: Option<String>) -> Self {
        let get = |name| headers.get(name).cloned();
        let tagged = headers.get(ETAG).zip(options);
        Self {
            cache_control: get(CACHE_CONTROL),
            last_modified: get(LAST_MODIFIED),
            etag: tagged.and_then(|(etag, options)| result_etag(etag, &options)),
        }
    }

    /// The 304 response, if the client's copy is current.
    pub(crate) fn not_modified(
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

    pub(crate) fn put(&self, headers: &mut HeaderMap) {
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
    pub(crate) fn is_too_restrictive(&self) -> bool {
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
    // A quote inside would end the result's tag. The hash covers it.
    let plain = origin.trim_start_matches("W/").replace('"', "");
    let hash = Sha256::new()
        .chain_update(options)
        .chain_update(origin)
        .finalize();
    let opaque: String = URL_SAFE_NO_PAD.encode(hash).chars().take(22).collect();
    HeaderValue::try_from(format!("\"cf-{opaque}:{plain}\"")).ok()
}

#[cfg(test)]
mod tests {
    use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{CacheValidators, ResponseHints};

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
    fn a_tag_with_a_quote_inside_is_recognised_when_it_comes_back() {
        let source = headers(ETAG, "\"a\"b\"");
        let origin = CacheValidators::new(&source, Some("width=80".into()));
        let etag = etag("\"a\"b\"", "width=80");
        assert!(etag.ends_with(":ab\""), "{etag}");
        let asked = headers(IF_NONE_MATCH, &etag);
        let hints = ResponseHints::default();
        assert!(origin.not_modified(&asked, &hints).is_some());
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
}
