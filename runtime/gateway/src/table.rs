//! The bindings of a worker: a table from names to services, each with the layers of every hop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::inject::HopFaults;
use safelight_hop::{
    Answer, BindingService, Body, Call, HopError, HopService, RequestContext, layered,
};
use safelight_protocol::BINDINGS_HOST;
use tower::ServiceExt as _;

/// The bindings of one worker.
#[derive(Default)]
pub struct Bindings {
    services: BTreeMap<Arc<str>, BindingService>,
    faults: Arc<FaultSet>,
}

impl Bindings {
    /// An empty table. `faults` apply to the calls of its bindings.
    pub fn new(faults: Arc<FaultSet>) -> Self {
        Self {
            services: BTreeMap::new(),
            faults,
        }
    }

    /// Binds a service to the hop's name, with the layers of every hop.
    pub fn bind(&mut self, hop: Hop, service: impl HopService) {
        let name = hop.name.clone();
        let faults = HopFaults::new(hop, self.faults.clone());
        self.services.insert(name, layered(service, faults));
    }

    /// The service of a name, with its layers.
    pub fn get(&self, name: &str) -> Option<&BindingService> {
        self.services.get(name)
    }

    /// Makes the call of a guest to `http://bindings.internal/<NAME>/<path>`. `between_bytes` is the guest's limit of the
    /// answer's pauses.
    ///
    /// # Errors
    /// When the worker has no binding of that name; the error lists its bindings. When the service returns an error.
    pub async fn call(
        &self,
        mut request: http::Request<Body>,
        context: Arc<RequestContext>,
        between_bytes: Option<Duration>,
    ) -> Answer {
        let (name, rest) = split_name(request.uri())?;
        let Some((name, service)) = self.services.get_key_value(name) else {
            return Err(HopError::UnknownBinding {
                name: name.to_owned(),
                known: self.services.keys().cloned().collect(),
            });
        };
        let name = name.clone();
        *request.uri_mut() = rest;
        let call = Call::new(name, request, context).with_between_bytes(between_bytes);
        service.clone().oneshot(call).await
    }
}

/// Splits `/<NAME>/<path>?<query>` into the name and the URI for the service.
fn split_name(uri: &Uri) -> Result<(&str, Uri), HopError> {
    let path = uri.path().trim_start_matches('/');
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let rest = Uri::try_from(format!("http://{BINDINGS_HOST}/{rest}{query}"))
        .map_err(|_| HopError::InvalidUri)?;
    Ok((name, rest))
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::split_name;

    #[test]
    fn the_first_segment_is_the_name_and_the_rest_belongs_to_the_service() {
        let uri = Uri::from_static("http://bindings.internal/IMAGES/transform?x=1");
        let (name, rest) = split_name(&uri).unwrap();
        assert_eq!(
            (name, rest.path_and_query().unwrap().as_str()),
            ("IMAGES", "/transform?x=1")
        );
    }

    #[test]
    fn a_name_alone_reaches_the_root() {
        let uri = Uri::from_static("http://bindings.internal/IMAGES");
        let (name, rest) = split_name(&uri).unwrap();
        assert_eq!((name, rest.path()), ("IMAGES", "/"));
    }
}
