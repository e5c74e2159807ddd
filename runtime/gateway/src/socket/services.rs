//! The services of the bindings socket, and the choice of one by a request's headers.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use safelight_hop::{BindingService, caller_url};
use safelight_protocol::BindingKind;
use safelight_protocol::extension::CF_IMAGE_HEADER;
use safelight_protocol::fetcher::URL_HEADER;
use safelight_protocol::headers::{FAULT, SERVICE};

use super::refusal::Refusal;

/// The services behind the socket, by `<kind>/<id>`.
#[derive(Default)]
pub struct SocketServices(BTreeMap<String, SocketService>);

/// A service behind the socket.
pub struct SocketService {
    /// The name of the hop in logs.
    pub hop: Arc<str>,
    /// The service, with its layers.
    pub service: BindingService,
    /// Whether a request reaches the service with the caller's whole URL in a header.
    pub with_caller_url: bool,
    /// The folder of the resource's state, by which two resources of one kind and id differ. None where one kind and id
    /// have one resource in a run.
    pub state: Option<PathBuf>,
}

impl SocketServices {
    /// Adds a service. The id is that of the resource: a bucket, a worker. Returns whether its name leads to its
    /// resource.
    ///
    /// The first service of a name stays. A second one is often harmless, since bindings may share a resource: its hop and
    /// its faults alone differ. Another resource of the same name cannot be reached.
    #[must_use]
    pub fn insert(&mut self, kind: BindingKind, id: &str, service: SocketService) -> bool {
        match self.0.entry(format!("{kind}/{id}")) {
            Entry::Vacant(vacant) => {
                vacant.insert(service);
                true
            }
            Entry::Occupied(first) => first.get().state == service.state,
        }
    }

    /// The names of all services, as the header spells them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The service that a request names. Rewrites the headers to those that the service's other clients send.
    pub(super) fn select(&self, head: &mut Parts) -> Result<&SocketService, Refusal> {
        let mut names = head.headers.get_all(&SERVICE).iter();
        let name = match (names.next(), names.next()) {
            (Some(name), None) => String::from_utf8_lossy(name.as_bytes()).into_owned(),
            (None, _) => return Err(Refusal::NoName),
            (Some(_), Some(_)) => return Err(Refusal::SeveralNames),
        };
        let Some(service) = self.0.get(&name) else {
            let known = self.0.keys().cloned().collect();
            return Err(Refusal::UnknownService { name, known });
        };
        head.headers.remove(&SERVICE);
        // A foreign worker may pass its visitor's headers on; those must not set options of a `fetch`, and faults of a
        // request are for the requests of clients.
        head.headers.remove(CF_IMAGE_HEADER);
        head.headers.remove(FAULT);
        if service.with_caller_url {
            let url = absolute_url(head).map_err(Refusal::NoUrl)?;
            // Replaces the values that the client has sent.
            head.headers.insert(URL_HEADER, url);
        }
        Ok(service)
    }
}

/// Returns the absolute URL of a request: its target, or its path on the host of its header.
fn absolute_url(head: &Parts) -> Result<HeaderValue, &'static str> {
    let url = if head.uri.authority().is_some() {
        head.uri.to_string()
    } else {
        let host = head.headers.get(HOST).ok_or("its Host is missing")?;
        // The target of `OPTIONS *` is no path.
        let path = head.uri.path_and_query().map(PathAndQuery::as_str);
        let path = path.filter(|path| path.starts_with('/'));
        let path = path.ok_or("its target is no path")?;
        let url = Uri::builder().scheme("http").authority(host.as_bytes());
        let url = url.path_and_query(path).build();
        url.map_err(|_| "its Host is invalid")?.to_string()
    };
    let url = caller_url::absolute(&url)?;
    HeaderValue::try_from(url.to_string()).map_err(|_| "it is not a URL")
}
