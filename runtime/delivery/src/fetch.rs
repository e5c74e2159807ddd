//! `fetch` with `cf.image`: a picture that a worker fetches, changed on its way.
//!
//! The worker says what it wants in a header of ours ([`CF_IMAGE_HEADER`]), which never leaves this program.

mod options;

use std::sync::Arc;

use http::header::ETAG;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use safelight_hop::{Body, RequestContext};
use safelight_outgoing::Policy;
use safelight_outgoing::target::Target;
use safelight_protocol::extension::CF_IMAGE_HEADER;
use safelight_protocol::paths::IMAGE_URL_PREFIX;
use serde_json::{Map, Value};

use self::options::{Drawn, Options};
use crate::answer::ResponseHints;
use crate::deliver::Delivery;
use crate::failure::{Code, Failure};
use crate::output::{Accepted, Format};
use crate::request::{Part, TransformRequest};
use crate::source::{CREDENTIALS, Sources};
use crate::subrequest::{is_image_resizing, subrequest_headers};
use crate::transform::Transformations;

/// Longest text of options, in bytes.
const MAX_OPTIONS_BYTES: usize = 64 * 1024;

/// Transforms the pictures that a worker fetches.
#[derive(Clone)]
pub struct CfImages {
    pub transformations: Transformations,
    /// Not every host that the worker's plain `fetch` reaches: sources follow redirects, and their URL may be a visitor's.
    pub sources: Sources,
    /// Whether a failure is answered with the source.
    pub fail_open: bool,
    /// The hosts that are denied.
    pub policy: Policy,
}

/// The options of one `fetch`, as the worker wrote them.
pub struct CfImageOptions(Vec<u8>);

/// The options as JSON, or the failure that they are not.
pub type ParsedOptions = Result<Map<String, Value>, Failure>;

impl CfImageOptions {
    /// Takes the options out of a request's headers.
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CF_IMAGE_HEADER).iter();
        // Two headers become a text that is not JSON.
        let first = values.next()?.as_bytes().to_vec();
        let all = values.fold(first, |all, next| {
            [&all, &b","[..], next.as_bytes()].concat()
        });
        headers.remove(CF_IMAGE_HEADER);
        Some(Self(all))
    }

    /// Parses the options. An empty object asks for nothing.
    ///
    /// # Errors
    /// When the text is too long or not an object.
    pub fn parse(&self) -> ParsedOptions {
        let bad = |why: String| Failure::new(Code::BadOptions, format!("cf.image {why}"));
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

/// Removes the options of a visitor: a worker that passes its request's headers on must not do as they say.
pub fn strip_header(headers: &mut HeaderMap) {
    headers.remove(CF_IMAGE_HEADER);
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

impl CfImages {
    /// Whether a failure is answered with what a plain `fetch` finds. No picture comes from a denied host in any way.
    pub fn fails_open(&self, head: &Parts, failure: &Failure) -> bool {
        let target = Target::parse(&head.uri.to_string());
        let is_denied = target.is_ok_and(|target| self.policy.denies(&target));
        // A body has been let go of, so nothing of another method can be sent.
        self.fail_open && is_read(&head.method) && !is_denied && failure.code != Code::Denied
    }

    /// Answers a `fetch` with this head and these options.
    ///
    /// # Errors
    /// When the options are wrong, a source has no success, or the images process refuses or fails. The failure is logged.
    pub async fn fetch(
        &self,
        head: &Parts,
        options: ParsedOptions,
        context: &Arc<RequestContext>,
    ) -> Result<http::Response<Body>, Failure> {
        let fetched = match options {
            Ok(options) => self.transform(head, &options, context).await,
            Err(failure) => Err(failure),
        };
        if let Err(failure) = &fetched {
            context.note(format_args!(
                "cf.image answers {}: {}",
                failure.code.number(),
                failure.text
            ));
        }
        fetched
    }

    async fn transform(
        &self,
        head: &Parts,
        options: &Map<String, Value>,
        context: &Arc<RequestContext>,
    ) -> Result<http::Response<Body>, Failure> {
        if !is_read(&head.method) {
            return Err(Failure::new(Code::Method, "the method must be GET or HEAD"));
        }
        if is_image_resizing(&head.headers) || head.uri.path().starts_with(IMAGE_URL_PREFIX) {
            let text = "the picture is the result of a transformation";
            return Err(Failure::new(Code::Loop, text));
        }
        let mut read = Options::read(options)?;
        let mut vary = Vec::new();
        if read.output.format == Format::Auto {
            vary.push("accept");
            read.output.accepted = Accepted::by(&head.headers);
        }
        let plain = subrequest_headers(&head.headers);
        let headers = match read.share_credentials {
            true => with_credentials(&plain, &head.headers),
            false => plain.clone(),
        };
        let url = head.uri.to_string();
        let source = self.sources.fetch_remote(&url, &headers, context).await?;
        let mut overlays = Vec::with_capacity(read.overlays.len());
        // All that makes the result what it is, so that no tag stands for two.
        let mut tags = vec![serde_json::to_string(options).ok()];
        for (number, drawn) in read.overlays.into_iter().enumerate() {
            let (part, tag) = self.overlay((number + 1, drawn), &plain, context).await?;
            overlays.push(part);
            tags.push(tag);
        }
        let request = TransformRequest {
            transforms: read.transforms,
            overlays,
            output: read.output,
        };
        tags.push(Some(request.text()));
        let tags: Option<Vec<_>> = tags.into_iter().collect();
        let delivery = Delivery {
            source,
            request,
            identity: tags.map(|tags| tags.join(",")),
            hints: ResponseHints {
                vary,
                warnings: read.warnings,
            },
        };
        delivery.run(&self.transformations, head, context).await
    }

    /// An overlay and its entity tag, if it has one. A text has none, because its font may change.
    async fn overlay(
        &self,
        (number, drawn): (usize, Drawn),
        headers: &HeaderMap,
        context: &Arc<RequestContext>,
    ) -> Result<(Part, Option<String>), Failure> {
        let url = match drawn {
            Drawn::Text(text) => return Ok((Part::Text(text), None)),
            Drawn::Url(url) => url,
        };
        match self.sources.fetch_remote(&url, headers, context).await {
            Ok(fetched) => {
                let tag = fetched.response.headers().get(ETAG);
                let tag = tag.and_then(|tag| tag.to_str().ok()).map(str::to_owned);
                Ok((Part::Picture(fetched.response.into_body()), tag))
            }
            Err(failure) => {
                let status = match failure.code {
                    Code::NotFound => StatusCode::NOT_FOUND,
                    _ => StatusCode::BAD_GATEWAY,
                };
                let text = format!("overlay {number}: {}", failure.text);
                Err(Failure::new(Code::Overlay(status), text))
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
        assert_eq!(options.parse().unwrap_err().code.number(), 9401);
    }

    #[test]
    fn what_is_not_an_object_of_json_is_9401() {
        let long = format!("{{\"a\":\"{}\"}}", "b".repeat(70_000));
        for text in ["", "[]", "7", "{", "{\"width\":NaN}", &long] {
            let options = CfImageOptions(text.into());
            assert_eq!(options.parse().unwrap_err().code.number(), 9401);
        }
        let empty = CfImageOptions(b"{}".to_vec());
        assert!(empty.parse().unwrap().is_empty());
    }
}
