//! Static files from a folder: the service behind an assets binding, and the files in front of a worker.
//!
//! | module | does |
//! |---|---|
//! | [`site`] | decides whether the files or the worker answer |
//! | `intent` | finds the file of a path, or the path that it redirects to |
//! | `path` | converts between the path of a URL and the name of a file |
//! | `folder` | opens the files below the folder |
//! | `survey` | lists the files at the start |
//! | `private` `ignore_file` | the entries that are never assets, and those that `.assetsignore` names |
//! | `asset_file` `file` | answers with a file or a part of it, streamed from the disk |
//! | `etags` | remembers the tags and checksums of files |
//! | `response` | builds answers without a file |

mod asset_file;
mod etags;
mod file;
mod folder;
mod ignore_file;
mod intent;
mod path;
mod private;
mod response;
pub mod site;
mod survey;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::ALLOW;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use safelight_config::{AssetsConfig, NotFoundHandling};
use safelight_hop::{Body, Call, HopService, caller_url};
use safelight_net::header::set;
use tower::service_fn;

use asset_file::AssetFile;
use etags::Etags;
use folder::{Folder, MAX_FILE_BYTES};
use intent::{Handling, Intent};
use response::{empty, redirect, server_error};

pub use survey::Survey;

/// The service behind an assets binding.
#[derive(Clone)]
pub struct Assets {
    folder: Folder,
    handling: Handling,
    etags: Arc<Etags>,
}

/// The outcome of looking a path up in the folder.
enum Lookup {
    NotFound,
    /// The canonical path of the file, without the query.
    Redirect(String),
    File(Box<AssetFile>),
    TooLarge,
}

impl Assets {
    /// Opens the folder of a config, of which the files and folders of `private` are never served. Returns what else is not
    /// served, too.
    ///
    /// # Errors
    /// Fails when there are too many files, one is too large, or a folder or `.assetsignore` cannot be read.
    pub fn open(config: &AssetsConfig, private: &[PathBuf]) -> io::Result<(Self, Survey)> {
        let folder = Folder::new(&config.directory, private);
        let survey = folder.survey()?;
        let assets = Self {
            folder,
            handling: Handling {
                html: config.html,
                not_found: config.not_found,
            },
            etags: Arc::default(),
        };
        Ok((assets, survey))
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

    /// Returns whether the folder exists.
    pub fn folder_exists(&self) -> bool {
        self.folder.exists()
    }

    /// Returns whether a file or a redirect answers this path, under the given handling of missing files.
    async fn has_answer(&self, path: &str, not_found: NotFoundHandling) -> bool {
        let handling = Handling {
            not_found,
            ..self.handling
        };
        let (folder, path) = (self.folder.clone(), path::decoded(path));
        let look = move || handling.intent(&path, &|name| folder.has(name)).is_some();
        tokio::task::spawn_blocking(look).await.unwrap_or(false)
    }

    /// Answers a request by the path of its URL. A redirect keeps the query.
    pub async fn answer(&self, request: &Parts) -> Response<Body> {
        let assets = self.clone();
        let path = request.uri.path().to_owned();
        let found = tokio::task::spawn_blocking(move || assets.look_up(&path)).await;
        let found = found.unwrap_or_else(|error| Err(io::Error::other(error)));
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        match found {
            Ok(Lookup::NotFound) => empty(StatusCode::NOT_FOUND),
            Ok(Lookup::Redirect(_) | Lookup::File(_)) if !is_read => {
                let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
                set(&mut response, ALLOW, "GET, HEAD");
                response
            }
            Ok(Lookup::Redirect(path)) => redirect(&path, request.uri.query()),
            Ok(Lookup::File(found)) => match found.answer(request).await {
                Ok(response) => response,
                Err(error) => server_error(&format!("the asset cannot be read: {error}")),
            },
            Ok(Lookup::TooLarge) => server_error("the asset is larger than 25 MiB"),
            Err(error) => server_error(&format!("the asset cannot be read: {error}")),
        }
    }

    fn look_up(&self, path: &str) -> io::Result<Lookup> {
        let name = path::decoded(path);
        let exists = |name: &str| self.folder.has(name);
        let (name, right, status) = match self.handling.intent(&name, &exists) {
            None => return Ok(Lookup::NotFound),
            Some(Intent::Redirect(to)) => return Ok(Lookup::Redirect(path::encoded(&to))),
            Some(Intent::File(file)) => (file, path::encoded(&name), StatusCode::OK),
            Some(Intent::Page { file, is_error }) => {
                let status = match is_error {
                    true => StatusCode::NOT_FOUND,
                    false => StatusCode::OK,
                };
                (file, path::encoded(&name), status)
            }
        };
        // Each file has one canonical path. Other spellings redirect to it.
        if right != path {
            return Ok(Lookup::Redirect(right));
        }
        let Some((mut file, metadata)) = self.folder.open(&name)? else {
            return Ok(Lookup::NotFound);
        };
        if metadata.len() > MAX_FILE_BYTES {
            return Ok(Lookup::TooLarge);
        }
        let (tag, tag_was_known) = self.etags.get(&mut file, &metadata)?;
        Ok(Lookup::File(Box::new(AssetFile {
            file,
            metadata,
            name,
            status,
            tag,
            tag_was_known,
        })))
    }
}

#[cfg(test)]
mod tests;
