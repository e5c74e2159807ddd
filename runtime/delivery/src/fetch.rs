//! `fetch` with `cf.image`: transformation of a picture that a worker fetches.
//!
//! The SDK sends the options in the header [`CF_IMAGE_HEADER`], which never leaves this program.

mod options;

use std::sync::Arc;
use std::time::Duration;

use http::header::ETAG;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use safelight_hop::{Body, RequestContext};
use safelight_outgoing::Policy;
use safelight_outgoing::target::Target;
use safelight_protocol::extension::CF_IMAGE_HEADER;
use safelight_protocol::paths::IMAGE_URL_PREFIX;
use serde_json::{Map, Value};

use self::options::{Options, OverlaySource};
use crate::deliver::Delivery;
use crate::error::{DeliveryError, ErrorKind};
use crate::output::{AcceptedFormats, Format};
use crate::request::{Part, TransformRequest};
use crate::response_hints::ResponseHints;
use crate::source::{CREDENTIALS, Sources};
use crate::subrequest::{is_image_resizing, subrequest_headers};
use crate::transform::Transformations;

/// Maximum length of the options, in bytes.
const MAX_OPTIONS_BYTES: usize = 64 * 1024;

/// Transforms the pictures that a worker fetches.
#[derive(Clone)]
pub struct CfImages {
    pub transformations: Transformations,
    /// The client for sources. It reaches fewer hosts than a plain `fetch`, since a source's URL may come from a
    /// visitor.
    pub sources: Sources,
    /// Whether an error is answered with the untransformed source.
    pub fail_open: bool,
    /// The rules for hosts and addresses.
    pub policy: Policy,
}

/// The options of one `fetch`, as JSON text.
pub struct CfImageOptions(Vec<u8>);

/// The options as a JSON object, or the error of their text.
pub type ParsedOptions = Result<Map<String, Value>, DeliveryError>;

impl CfImageOptions {
    /// Takes the options out of a request's headers.
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CF_IMAGE_HEADER).iter();
        // Two headers become a text that is not JSON, so `parse` refuses them.
        let first = values.next()?.as_bytes().to_vec();
        let all = values.fold(first, |all, next| {
            [&all, &b","[..], next.as_bytes()].concat()
        });
        headers.remove(CF_IMAGE_HEADER);
        Some(Self(all))
    }

    /// Parses the options. An empty object requests no transformation.
    ///
    /// # Errors
    /// When the text is too long or not a JSON object.
    pub fn parse(&self) -> ParsedOptions {
        let bad =
            |why: String| DeliveryError::new(ErrorKind::BadOptions, format!("cf.image {why}"));
        if self.0.len() > MAX_OPTIONS_BYTES {
            return Err(bad(format!("is longer than {MAX_OPTIONS_BYTES} bytes")));
        }
        match serde_json::from_slice(&self.0) {
            Ok(Value::Object(options)) => Ok(options),
            Ok(_) => Err(bad("must be an object".into())),
            Err(error) => Err(bad(format!("is not JSON: {error}"))),
        }
    }
}

/// Removes the options header of a visitor, so that a worker that passes its request's headers on does not apply them.
pub fn strip_header(headers: &mut HeaderMap) {
    headers.remove(CF_IMAGE_HEADER);
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

impl CfImages {
    /// Whether an error is answered with the response of a plain `fetch`. A denied host is never fetched.
    pub fn fails_open(&self, head: &Parts, error: &DeliveryError) -> bool {
        let target = Target::parse(&head.uri.to_string());
        let is_denied = target.is_ok_and(|target| self.policy.denies(&target));
        // The request's body is dropped by now, so only requests without one can be sent again.
        self.fail_open && is_read(&head.method) && !is_denied && error.kind != ErrorKind::Denied
    }

    /// Answers a `fetch` with this head and these options. Logs an error. `between_bytes` is the guest's limit of the
    /// response's pauses.
    ///
    /// # Errors
    /// When the options are invalid, a source is not a success, or the images process returns an error or fails.
    pub async fn fetch(
        &self,
        head: &Parts,
        options: ParsedOptions,
        context: &Arc<RequestContext>,
        between_bytes: Option<Duration>,
    ) -> Result<http::Response<Body>, DeliveryError> {
        let fetched = match options {
            Ok(options) => self.transform(head, &options, context, between_bytes).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &fetched {
            context.note(format_args!(
                "cf.image answers {}: {}",
                error.kind.number(),
                error.text
            ));
        }
        fetched
    }

    async fn transform(
        &self,
        head: &Parts,
        options: &Map<String, Value>,
        context: &Arc<RequestContext>,
        between_bytes: Option<Duration>,
    ) -> Result<http::Response<Body>, DeliveryError> {
        if !is_read(&head.method) {
            return Err(DeliveryError::new(
                ErrorKind::MethodNotAllowed,
                "the method must be GET or HEAD",
            ));
        }
        if is_image_resizing(&head.headers) || head.uri.path().starts_with(IMAGE_URL_PREFIX) {
            let text = "the picture is the result of a transformation";
            return Err(DeliveryError::new(ErrorKind::Loop, text));
        }
        let mut parsed = Options::parse(options)?;
        let mut vary = Vec::new();
        if parsed.output.format == Format::Auto {
            vary.push("accept");
            parsed.output.accepted = AcceptedFormats::from_headers(&head.headers);
        }
        let plain = subrequest_headers(&head.headers);
        let headers = match parsed.share_credentials {
            true => with_credentials(&plain, &head.headers),
            false => plain.clone(),
        };
        let url = head.uri.to_string();
        let source = self.sources.fetch_remote(&url, &headers, context).await?;
        let mut overlays = Vec::with_capacity(parsed.overlays.len());
        // The result's identity: the options, the overlays' tags and the resolved request.
        let mut tags = vec![serde_json::to_string(options).ok()];
        for (index, source) in parsed.overlays.into_iter().enumerate() {
            let (part, tag) = self.overlay(index + 1, source, &plain, context).await?;
            overlays.push(part);
            tags.push(tag);
        }
        let request = TransformRequest {
            transforms: parsed.transforms,
            overlays,
            output: parsed.output,
        };
        tags.push(Some(request.text()));
        let tags: Option<Vec<_>> = tags.into_iter().collect();
        let delivery = Delivery {
            source,
            request,
            identity: tags.map(|tags| tags.join(",")),
            hints: ResponseHints {
                vary,
                warnings: parsed.warnings,
            },
            between_bytes,
        };
        delivery.run(&self.transformations, head, context).await
    }

    /// An overlay with its entity tag, if it has one. A text has none, because its font may change.
    async fn overlay(
        &self,
        number: usize,
        source: OverlaySource,
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<(Part, Option<String>), DeliveryError> {
        let url = match source {
            OverlaySource::Text(text) => return Ok((Part::Text(text), None)),
            OverlaySource::Url(url) => url,
        };
        match self.sources.fetch_remote(&url, headers, context).await {
            Ok(fetched) => {
                let tag = fetched.response.headers().get(ETAG);
                let tag = tag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
                Ok((Part::Picture(fetched.response.into_body()), tag))
            }
            Err(error) => {
                let status = if error.kind == ErrorKind::NotFound {
                    StatusCode::NOT_FOUND
                } else {
                    StatusCode::BAD_GATEWAY
                };
                let text = format!("overlay {number}: {}", error.text);
                Err(DeliveryError::new(ErrorKind::Overlay(status), text))
            }
        }
    }
}

fn with_credentials(headers: &HeaderMap, own: &HeaderMap) -> HeaderMap {
    let shared = CREDENTIALS.iter();
    let shared = shared.filter_map(|name| Some((name.clone(), own.get(name)?.clone())));
    let mut headers = headers.clone();
    headers.extend(shared);
    headers
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use safelight_protocol::extension::CF_IMAGE_HEADER;

    use super::CfImageOptions;

    #[test]
    fn the_header_is_taken_away_and_two_of_them_are_nothing() {
        let mut headers = HeaderMap::new();
        assert!(CfImageOptions::take(&mut headers).is_none());
        headers.append(CF_IMAGE_HEADER, HeaderValue::from_static("{}"));
        headers.append(CF_IMAGE_HEADER, HeaderValue::from_static("{}"));
        let options = CfImageOptions::take(&mut headers).unwrap();
        assert!(!headers.contains_key(CF_IMAGE_HEADER));
        assert_eq!(options.parse().unwrap_err().kind.number(), 9401);
    }

    #[test]
    fn a_text_that_is_no_json_object_is_9401() {
        let long = format!("{{\"a\":\"{}\"}}", "b".repeat(70_000));
        for text in ["", "[]", "7", "{", "{\"width\":NaN}", &long] {
            let options = CfImageOptions(text.into());
            assert_eq!(options.parse().unwrap_err().kind.number(), 9401);
        }
        let empty = CfImageOptions(b"{}".to_vec());
        assert!(empty.parse().unwrap().is_empty());
    }
}
