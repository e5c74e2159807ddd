//! `/cdn-cgi/image/<options>/<source>`: a picture by its URL alone.
//!
//! | module | does |
//! |---|---|
//! | [`path`] | the path to options and source |
//! | [`pairs`] | the options' text to pairs |
//! | [`options`] | pairs to checked values |
//! | [`hints`] | what the client says of itself, where an option leaves something to it |

pub mod hints;
pub mod options;
pub mod pairs;
pub mod path;

use std::sync::Arc;

use http::header::{ACCEPT, LOCATION, VIA};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use safelight_outgoing::OriginPattern;
use serde_json::Value;
use wasmtime_wasi_http::WasiBody;

use crate::body;
use crate::outbound;
use crate::record::RequestRecord;
use crate::transformations::answer::{Extras, Origin, good};
use crate::transformations::output::{Accepted, Format};
use crate::transformations::source;
use crate::transformations::{Code, Failure, Fetched, Sources, Transformations, Wanted};

use options::Options;
use path::Source;

/// Where the paths of this interface begin.
pub const PREFIX: &str = "/cdn-cgi/image/";

/// Answers requests for pictures by URL.
pub struct ImageUrls {
    pub transformations: Transformations,
    pub sources: Sources,
    /// Which other hosts a source may be on; the worker's own always may.
    pub allowed: Vec<OriginPattern>,
    /// The worker's name, by which its own requests are known.
    pub worker: String,
}

impl ImageUrls {
    /// Answers a request whose path begins with [`PREFIX`] and whose URI is absolute.
    pub async fn answer(
        &self,
        request: &http::request::Parts,
        record: &Arc<RequestRecord>,
    ) -> http::Response<WasiBody> {
        let failure = match self.picture(request, record).await {
            Ok(response) => return response,
            Err(failure) => failure,
        };
        record.note(format_args!(
            "image-url answers {}: {}",
            failure.code.number(),
            failure.text
        ));
        if failure.code == Code::InTheWay {
            return failure.answer();
        }
        to_the_source(request).unwrap_or_else(|| failure.answer())
    }

    async fn picture(
        &self,
        request: &http::request::Parts,
        record: &Arc<RequestRecord>,
    ) -> Result<http::Response<WasiBody>, Failure> {
        if request.method != Method::GET && request.method != Method::HEAD {
            return Err(Failure::new(Code::Method, "the method must be GET or HEAD"));
        }
        if is_from_here(&request.headers) {
            let text = "the request comes from a transformation already (Via: image-resizing)";
            return Err(Failure::new(Code::Loop, text));
        }
        if request
            .headers
            .get(outbound::WORKER)
            .is_some_and(|worker| worker == self.worker.as_str())
        {
            let text = "a worker's plain fetch of its own /cdn-cgi/image/ is not transformed: fetch the picture itself, with cf.image";
            return Err(Failure::new(Code::InTheWay, text));
        }
        let path = path::Path::of(&request.uri)?;
        let options = Options::read(path.options)?;
        let source = Source::of(path.source, &request.uri)?;
        let headers = anonymous(&request.headers);
        let fetched = self.fetch(&source, &headers, record).await?;
        let (wanted, extras) = wanted(options, &request.headers);
        // What was left to the client is part of it, so that no tag stands for two results.
        let origin = Origin::of(fetched.response.headers(), Some(wanted.text()));
        if let Some(unchanged) = origin.unchanged(&request.headers, &extras) {
            return Ok(unchanged);
        }
        let source_time = fetched.time;
        let transformed = self.transformations.run(fetched, wanted, record).await?;
        let response = good(transformed, &origin, extras, source_time);
        Ok(match request.method == Method::HEAD {
            true => response.map(|_| body::full("")),
            false => response,
        })
    }

    async fn fetch(
        &self,
        source: &Source,
        headers: &HeaderMap,
        record: &Arc<RequestRecord>,
    ) -> Result<Fetched, Failure> {
        match source {
            Source::OfWorker(url) => self.sources.of_worker(url.clone(), headers, record).await,
            Source::Elsewhere(target) => {
                if !self.allowed.iter().any(|pattern| pattern.matches(target)) {
                    let text = format!(
                        "the source {} is not among safelight.allowed_origins",
                        target.url()
                    );
                    return Err(Failure::new(Code::NotAllowed, text));
                }
                self.sources
                    .of_host(target.url().as_str(), headers, record)
                    .await
            }
        }
    }
}

/// Whether a request is for this interface, however little it says.
pub fn is_path(path: &str) -> bool {
    path.starts_with(PREFIX) || Some(path) == PREFIX.strip_suffix('/')
}

/// Whether a request comes from a transformation.
pub fn is_from_here(headers: &HeaderMap) -> bool {
    headers
        .get_all(VIA)
        .iter()
        .any(|value| value.to_str().is_ok_and(|via| via.contains(source::VIA)))
}

/// The headers of a request for a source: nothing of the visitor's, but by which proxies the request has come.
pub fn anonymous(visitors: &HeaderMap) -> HeaderMap {
    let by = visitors.get_all(VIA).iter();
    let by = by.filter_map(|via| via.to_str().ok());
    let via: Vec<_> = by.chain([source::VIA]).collect();
    let via = HeaderValue::try_from(via.join(", "));
    HeaderMap::from_iter([
        (VIA, via.unwrap_or(HeaderValue::from_static(source::VIA))),
        (ACCEPT, HeaderValue::from_static("image/*,*/*;q=0.8")),
    ])
}

/// Fills in what the options leave to the client.
fn wanted(options: Options, headers: &HeaderMap) -> (Wanted, Extras) {
    let Options {
        mut transform,
        mut output,
        auto_width,
        slow_quality,
        warnings,
        ..
    } = options;
    let mut vary = Vec::new();
    if output.format == Format::Auto {
        vary.push("accept");
        output.accepted = Accepted::by(headers);
    }
    if let Some(auto) = auto_width {
        vary.extend(hints::WIDTH_HEADERS);
        transform.insert("width".into(), Value::from(auto.width(headers)));
    }
    if let Some(quality) = slow_quality {
        vary.extend(hints::SPEED_HEADERS);
        if hints::is_slow(headers) {
            output.quality = Some(quality);
        }
    }
    let transforms = match transform.is_empty() {
        true => Vec::new(),
        false => {
            transform.insert("imageIndex".into(), 0.into());
            vec![Value::Object(transform)]
        }
    };
    let wanted = Wanted {
        transforms,
        overlays: Vec::new(),
        output,
    };
    (wanted, Extras { vary, warnings })
}

/// The redirect that `onerror=redirect` asks for, if the source is of the same zone.
fn to_the_source(request: &http::request::Parts) -> Option<http::Response<WasiBody>> {
    let path = path::Path::of(&request.uri).ok()?;
    if !options::redirects_on_error(path.options) || is_from_here(&request.headers) {
        return None;
    }
    let location = match Source::of(path.source, &request.uri).ok()? {
        // Absolute, since a path may begin with what a browser takes for a host.
        Source::OfWorker(url) => url.to_string(),
        Source::Elsewhere(target) => {
            let zone = request.uri.authority().map_or("", Authority::host);
            let host = target.url().host_str()?;
            let rest = host.strip_suffix(zone)?;
            if zone.is_empty() || !(rest.is_empty() || rest.ends_with('.')) {
                return None;
            }
            target.url().to_string()
        }
    };
    let mut response = http::Response::new(body::full(""));
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let location = HeaderValue::try_from(location).ok()?;
    response.headers_mut().insert(LOCATION, location);
    Some(response)
}

#[cfg(test)]
mod tests;
