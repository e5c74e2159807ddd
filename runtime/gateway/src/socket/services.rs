//! The services of the bindings socket, and the choice of one by a request's headers.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderValue, Uri};
use safelight_hop::BindingService;
use safelight_protocol::BindingKind;
use safelight_protocol::extension::CF_IMAGE_HEADER;
use safelight_protocol::fetcher::URL_HEADER;
use safelight_protocol::headers::SERVICE;

use super::refusal::Refusal;

/// The services behind the socket, by `<kind>/<id>`.
#[derive(Default)]
pub struct SocketServices(BTreeMap<String, SocketService>);

/// A service behind the socket.
pub(super) struct SocketService {
    kind: BindingKind,
    /// The name of the hop in logs and faults.
    pub(super) hop: Arc<str>,
    /// The service, with its layers.
    pub(super) service: BindingService,
}

impl SocketServices {
    /// Adds a service that has its layers already. The id is that of the resource: a bucket, a worker. A later service
    /// replaces an earlier one of the same kind and id.
    pub fn insert(&mut self, kind: BindingKind, id: &str, hop: Arc<str>, service: BindingService) {
        let service = SocketService { kind, hop, service };
        self.0.insert(format!("{kind}/{id}"), service);
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
        // A foreign worker may pass its visitor's headers on; those must not set options of a `fetch`.
        head.headers.remove(CF_IMAGE_HEADER);
        match service.kind {
            BindingKind::Service | BindingKind::Assets => {
                let url = absolute_url(head).ok_or(Refusal::NoUrl)?;
                // Replaces the values that the client has sent.
                head.headers.insert(URL_HEADER, url);
            }
            BindingKind::Images | BindingKind::R2 => {}
        }
        Ok(service)
    }
}

/// The absolute URL of a request: its target, or its path on the host of its header.
fn absolute_url(head: &Parts) -> Option<HeaderValue> {
    let url = if head.uri.authority().is_some() {
        head.uri.clone()
    } else {
        let host = head.headers.get(HOST)?.to_str().ok()?;
        let path = head.uri.path_and_query()?.as_str();
        let url = Uri::builder().scheme("http").authority(host);
        url.path_and_query(path).build().ok()?
    };
    HeaderValue::try_from(url.to_string()).ok()
}
