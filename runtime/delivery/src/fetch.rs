//! `fetch` with `cf.image`: a picture that a worker fetches, changed on its way.
//!
//! The worker says what it wants in a header of ours ([`CF_IMAGE_HEADER`]), which never leaves this program.

mod options;

use std::sync::Arc;

use http::header::ETAG;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use safelight_outgoing::Policy;
use safelight_outgoing::target::Target;
use safelight_protocol::extension::CF_IMAGE_HEADER;
use serde_json::Value;
use wasmtime_wasi_http::{Error, WasiBody};

use self::options::{Drawn, Options};
use crate::body;
use crate::image_url;
use crate::outbound::Outbound;
use crate::record::RequestRecord;
use crate::transformations::answer::{Extras, Origin, good};
use crate::transformations::form::Part;
use crate::transformations::output::{Accepted, Format};
use crate::transformations::source::CREDENTIALS;
use crate::transformations::{Code, Failure, Sources, Transformations, Wanted};

/// Longest text of options, in bytes.
const OPTIONS_BYTES: usize = 64 * 1024;

/// Changes pictures that a worker fetches.
#[derive(Clone)]
pub struct CfImages {
    pub transformations: Transformations,
    /// Not wherever the worker's plain `fetch` reaches: these follow redirects, and their URL may be a visitor's.
    pub sources: Sources,
    /// Whether a failure is answered with the source.
    pub fail_open: bool,
    /// Knows the hosts that nothing is opened to.
    pub policy: Policy,
}

/// Takes what a request asks for out of its headers: nothing, or a text that nobody has looked at.
pub fn take(headers: &mut HeaderMap) -> Option<Vec<u8>> {
    let mut values = headers.get_all(CF_IMAGE_HEADER).iter();
    // Two of them become what no JSON is.
    let first = values.next()?.as_bytes().to_vec();
    let all = values.fold(first, |all, next| {
        [&all, &b","[..], next.as_bytes()].concat()
    });
    headers.remove(CF_IMAGE_HEADER);
    Some(all)
}

/// Takes away what a visitor says of this: a worker that passes its request's headers on must not do as they wish.
pub fn forget(headers: &mut HeaderMap) {
    headers.remove(CF_IMAGE_HEADER);
}

/// Why there is no answer to a binding's call that asks for a transformation.
pub fn not_for_bindings() -> Error {
    let text = "a transformation is for pictures that are fetched from another host, not for a binding's call";
    Error::InternalError(Some(text.into()))
}

/// Sends a request whose options have been taken, changed as they say.
///
/// # Errors
/// When there are no transformations here, or a plain request fails.
pub async fn fetch(
    images: Option<&CfImages>,
    (request, text): (http::Request<WasiBody>, Vec<u8>),
    outbound: &Outbound,
    record: Arc<RequestRecord>,
) -> Result<http::Response<WasiBody>, Error> {
    let options = read(&text);
    if options.as_ref().is_ok_and(|options| options.is_empty()) {
        return outbound.fetch(request, record).await;
    }
    let Some(images) = images else {
        let text = "transformations are off, as this worker has no Images binding; safelight.image_urls = true turns them on";
        return Err(Error::InternalError(Some(text.into())));
    };
    let (head, _ignored) = request.into_parts();
    let changed = match options {
        Ok(options) => images.change(&head, &options, &record).await,
        Err(failure) => Err(failure),
    };
    match changed {
        Ok(response) => Ok(response),
        Err(failure) => {
            record.note(format_args!(
                "cf.image answers {}: {}",
                failure.code.number(),
                failure.text
            ));
            match images.opens(&head, &failure) {
                false => Ok(failure.answer()),
                true => {
                    let plain = http::Request::from_parts(head, body::full("").boxed_unsync());
                    outbound.fetch(plain, record).await
                }
            }
        }
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn read(text: &[u8]) -> Result<serde_json::Map<String, Value>, Failure> {
    let bad = |why: String| Failure::new(Code::BadOptions, format!("cf.image {why}"));
    if text.len() > OPTIONS_BYTES {
        return Err(bad(format!("is longer than {OPTIONS_BYTES} bytes")));
    }
    match serde_json::from_slice(text) {
        Ok(Value::Object(options)) => Ok(options),
        Ok(_) => Err(bad("must be an object".into())),
        Err(error) => Err(bad(format!("is not JSON: {error}"))),
    }
}

impl CfImages {
    /// Whether a failure is answered with what a plain `fetch` finds: from a host that is denied no picture comes in any way.
    fn opens(&self, head: &http::request::Parts, failure: &Failure) -> bool {
        let target = Target::parse(&head.uri.to_string());
        let is_denied = target.is_ok_and(|target| self.policy.denies(&target));
        // A body has been let go of, so nothing of another method can be sent.
        self.fail_open && is_read(&head.method) && !is_denied && failure.code != Code::Denied
    }

    async fn change(
        &self,
        head: &http::request::Parts,
        options: &serde_json::Map<String, Value>,
        record: &Arc<RequestRecord>,
    ) -> Result<http::Response<WasiBody>, Failure> {
        if !is_read(&head.method) {
            return Err(Failure::new(Code::Method, "the method must be GET or HEAD"));
        }
        if image_url::is_from_here(&head.headers) || head.uri.path().starts_with(image_url::PREFIX)
        {
            let text = "the picture is the result of a transformation";
            return Err(Failure::new(Code::Loop, text));
        }
        let mut read = Options::read(options)?;
        let mut vary = Vec::new();
        if read.output.format == Format::Auto {
            vary.push("accept");
            read.output.accepted = Accepted::by(&head.headers);
        }
        let anonymous = image_url::anonymous(&head.headers);
        let headers = match read.share_credentials {
            true => with_credentials(&anonymous, &head.headers),
            false => anonymous.clone(),
        };
        let url = head.uri.to_string();
        let source = self.sources.of_host(&url, &headers, record).await?;
        let mut overlays = Vec::with_capacity(read.overlays.len());
        // All that makes the result what it is, so that no tag stands for two.
        let mut tags = vec![serde_json::to_string(options).ok()];
        for (number, drawn) in read.overlays.into_iter().enumerate() {
            let (part, tag) = self
                .overlay((number + 1, drawn), &anonymous, record)
                .await?;
            overlays.push(part);
            tags.push(tag);
        }
        let source_time = source.time;
        let wanted = Wanted {
            transforms: read.transforms,
            overlays,
            output: read.output,
        };
        tags.push(Some(wanted.text()));
        let tags: Option<Vec<_>> = tags.into_iter().collect();
        let origin = Origin::of(source.response.headers(), tags.map(|tags| tags.join(",")));
        let extras = Extras {
            vary,
            warnings: read.warnings,
        };
        if let Some(unchanged) = origin.unchanged(&head.headers, &extras) {
            return Ok(unchanged);
        }
        let transformed = self.transformations.run(source, wanted, record).await?;
        let response = good(transformed, &origin, extras, source_time);
        Ok(match head.method == Method::HEAD {
            true => response.map(|_| body::full("")),
            false => response,
        })
    }

    /// What is drawn, and the tag of what it is, if it has one. A text has none: its font may be another one tomorrow.
    async fn overlay(
        &self,
        (number, drawn): (usize, Drawn),
        headers: &HeaderMap,
        record: &Arc<RequestRecord>,
    ) -> Result<(Part, Option<String>), Failure> {
        let url = match drawn {
            Drawn::Text(text) => return Ok((Part::Text(text), None)),
            Drawn::Url(url) => url,
        };
        match self.sources.of_host(&url, headers, record).await {
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

    use super::{read, take};

    #[test]
    fn the_header_is_taken_away_and_two_of_them_are_nothing() {
        let mut headers = HeaderMap::new();
        assert_eq!(take(&mut headers), None);
        headers.append(CF_IMAGE_HEADER, HeaderValue::from_static("{}"));
        headers.append(CF_IMAGE_HEADER, HeaderValue::from_static("{}"));
        let text = take(&mut headers).unwrap();
        assert!(!headers.contains_key(CF_IMAGE_HEADER));
        assert_eq!(read(&text).unwrap_err().code.number(), 9401);
    }

    #[test]
    fn what_is_not_an_object_of_json_is_9401() {
        let long = format!("{{\"a\":\"{}\"}}", "b".repeat(70_000));
        for text in ["", "[]", "7", "{", "{\"width\":NaN}", &long] {
            assert_eq!(read(text.as_bytes()).unwrap_err().code.number(), 9401);
        }
        assert!(read(b"{}").unwrap().is_empty());
    }
}
