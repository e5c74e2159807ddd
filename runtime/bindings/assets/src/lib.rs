//! Static files: a service that answers from a folder, for a worker's binding and in front of the worker.

mod etags;
mod file;
mod folder;
mod intent;
mod path;
pub mod site;

use std::fs::{File, Metadata};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::{
    ACCEPT_RANGES, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED, LOCATION, RANGE,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use safelight_config::{AssetsConfig, NotFoundHandling};
use safelight_hop::{Body, Call, HopService, body, caller_url};
use safelight_net::conditions::{RangeOutcome, Representation};
use safelight_protocol::digest;
use safelight_protocol::etag::EntityTag;
use tower::service_fn;

use etags::{Etags, Tag};
use folder::{FILE_BYTES, Folder};
use intent::{Handling, Intent};

/// Whether the tag of the file that answers was known already.
const CACHE_STATUS: HeaderName = HeaderName::from_static("cf-cache-status");

/// The service behind an assets binding.
#[derive(Clone)]
pub struct Assets {
    folder: Folder,
    handling: Handling,
    etags: Arc<Etags>,
}

/// What a path comes to on the disk.
enum Found {
    Nothing,
    /// The right address of what was asked for, without its query.
    Elsewhere(String),
    File(Box<FoundFile>),
    TooLarge,
}

/// A file that answers.
struct FoundFile {
    file: File,
    metadata: Metadata,
    name: String,
    status: StatusCode,
    tag: Tag,
    tag_was_known: bool,
}

impl Assets {
    /// The files that a config names.
    ///
    /// # Errors
    /// When there are too many files, or one is too large, or one cannot be looked at.
    pub fn open(config: &AssetsConfig) -> io::Result<(Self, Vec<&'static str>)> {
        let folder = Folder::new(&config.directory);
        let instructions = folder.survey()?;
        let assets = Self {
            folder,
            handling: Handling {
                html: config.html,
                not_found: config.not_found,
            },
            etags: Arc::default(),
        };
        Ok((assets, instructions))
    }

    /// The service behind an assets binding.
    pub fn into_service(self) -> impl HopService {
        service_fn(move |call: Call| {
            let assets = self.clone();
            async move {
                let (request, _body) = caller_url::restore(call.request)?.into_parts();
                Ok(assets.answer(&request).await)
            }
        })
    }

    /// Whether the folder is there by now.
    pub fn are_there(&self) -> bool {
        self.folder.is_there()
    }

    /// Whether a file, or the way to one, answers this path, where nothing is found in the given way.
    async fn has_answer(&self, path: &str, not_found: NotFoundHandling) -> bool {
        let handling = Handling {
            not_found,
            ..self.handling
        };
        let (folder, path) = (self.folder.clone(), path::decoded(path));
        let look = move || handling.intent(&path, &|name| folder.has(name)).is_some();
        tokio::task::spawn_blocking(look).await.unwrap_or(false)
    }

    /// Answers a request by the path of its URL; nothing else of the URL matters, except that a redirect keeps the query.
    pub async fn answer(&self, request: &Parts) -> Response<Body> {
        let assets = self.clone();
        let path = request.uri.path().to_owned();
        let found = tokio::task::spawn_blocking(move || assets.find(&path)).await;
        let found = found.unwrap_or_else(|error| Err(io::Error::other(error)));
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        match found {
            Ok(Found::Nothing) => bare(StatusCode::NOT_FOUND),
            Ok(Found::Elsewhere(_) | Found::File(_)) if !is_read => {
                let mut response = bare(StatusCode::METHOD_NOT_ALLOWED);
                set(&mut response, ALLOW, "GET, HEAD");
                response
            }
            Ok(Found::Elsewhere(path)) => elsewhere(&path, request.uri.query()),
            Ok(Found::File(found)) => match found.answer(request).await {
                Ok(response) => response,
                Err(error) => failed(&format!("the asset cannot be read: {error}")),
            },
            Ok(Found::TooLarge) => failed("the asset is larger than 25 MiB"),
            Err(error) => failed(&format!("the asset cannot be read: {error}")),
        }
    }

    fn find(&self, path: &str) -> io::Result<Found> {
        let name = path::decoded(path);
        let exists = |name: &str| self.folder.has(name);
        let (name, right, status) = match self.handling.intent(&name, &exists) {
            None => return Ok(Found::Nothing),
            Some(Intent::Redirect(to)) => return Ok(Found::Elsewhere(path::encoded(&to))),
            Some(Intent::File(file)) => (file, path::encoded(&name), StatusCode::OK),
            Some(Intent::Page { file, is_error }) => {
                let status = match is_error {
                    true => StatusCode::NOT_FOUND,
                    false => StatusCode::OK,
                };
                (file, path::encoded(&name), status)
            }
        };
        // Each file has one address: as it would be written afresh.
        if right != path {
            return Ok(Found::Elsewhere(right));
        }
        let Some((mut file, metadata)) = self.folder.open(&name)? else {
            return Ok(Found::Nothing);
        };
        if metadata.len() > FILE_BYTES {
            return Ok(Found::TooLarge);
        }
        let (tag, tag_was_known) = self.etags.of(&mut file, &metadata)?;
        Ok(Found::File(Box::new(FoundFile {
            file,
            metadata,
            name,
            status,
            tag,
            tag_was_known,
        })))
    }
}

impl FoundFile {
    async fn answer(self, request: &Parts) -> io::Result<Response<Body>> {
        let length = self.metadata.len();
        let modified = self.metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let representation = Representation {
            etag: EntityTag {
                is_weak: false,
                opaque: self.tag.etag.trim_matches('"'),
            },
            modified,
            length,
        };
        // A page that says that there is nothing is not what the caller asked for, in part or whole.
        let outcome = match self.status {
            StatusCode::OK => representation.range(&request.method, &request.headers),
            _ => RangeOutcome::Whole,
        };
        let mut response = match outcome {
            RangeOutcome::NotModified => bare(StatusCode::NOT_MODIFIED),
            RangeOutcome::Unsatisfiable => {
                let mut response = bare(StatusCode::RANGE_NOT_SATISFIABLE);
                set(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
                return Ok(response);
            }
            RangeOutcome::Whole => {
                let mut response = self.part(request, self.status, (0, length)).await?;
                let name = HeaderName::from_static(digest::REPR_DIGEST);
                set(&mut response, name, &digest::value(self.tag.crc32c));
                response
            }
            RangeOutcome::Part {
                start,
                length: size,
            } => {
                let part = (start, size);
                let mut response = self
                    .part(request, StatusCode::PARTIAL_CONTENT, part)
                    .await?;
                let range = format!("bytes {start}-{}/{length}", start + size - 1);
                set(&mut response, CONTENT_RANGE, &range);
                response
            }
        };
        set(&mut response, ETAG, &self.tag.etag);
        let date = httpdate::fmt_http_date(modified);
        set(&mut response, LAST_MODIFIED, &date);
        set(&mut response, ACCEPT_RANGES, "bytes");
        if is_cacheable(&request.headers) {
            let control = "public, max-age=0, must-revalidate";
            set(&mut response, CACHE_CONTROL, control);
        }
        let status = if self.tag_was_known { "HIT" } else { "MISS" };
        set(&mut response, CACHE_STATUS, status);
        Ok(response)
    }

    async fn part(
        &self,
        request: &Parts,
        status: StatusCode,
        (start, length): (u64, u64),
    ) -> io::Result<Response<Body>> {
        let body = match request.method == Method::HEAD {
            true => body::full(""),
            false => file::body(self.file.try_clone()?, start, length).await?,
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
        if let Some(kind) = content_type(&self.name) {
            set(&mut response, CONTENT_TYPE, &kind);
        }
        Ok(response)
    }
}

fn is_cacheable(headers: &HeaderMap) -> bool {
    !headers.contains_key(AUTHORIZATION) && !headers.contains_key(RANGE)
}

/// By the extension of the file's name; none if that is unknown.
fn content_type(name: &str) -> Option<String> {
    let kind = mime_guess::from_path(name).first_raw()?;
    Some(match kind.starts_with("text/") {
        true => format!("{kind}; charset=utf-8"),
        false => kind.to_owned(),
    })
}

fn elsewhere(path: &str, query: Option<&str>) -> Response<Body> {
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = bare(StatusCode::TEMPORARY_REDIRECT);
    set(&mut response, LOCATION, &format!("{path}{query}"));
    response
}

fn failed(what: &str) -> Response<Body> {
    let mut response = Response::new(body::full(format!("{what}\n")));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    set(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

fn bare(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(body::full(""));
    *response.status_mut() = status;
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests;
