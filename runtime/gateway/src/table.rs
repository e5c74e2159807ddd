//! The one table of a worker's bindings: a service per name, and the layers that all of them share.

pub mod assets;
pub mod caller_url;
mod conditions;
pub mod images;
pub mod pool;
pub mod r2;
pub mod service;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Uri;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::faults::{FaultSet, Hop, HopFaults};
use crate::hooks::BINDINGS_HOST;
use crate::record::RequestRecord;
use crate::{call_log, integrity};

/// What comes of a call.
pub type Answer = Result<http::Response<WasiBody>, Error>;

/// What can stand at the far end of a hop.
pub trait HopService:
    Service<
        http::Request<WasiBody>,
        Response = http::Response<WasiBody>,
        Error = Error,
        Future: Send,
    > + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> HopService for S where
    S: Service<
            http::Request<WasiBody>,
            Response = http::Response<WasiBody>,
            Error = Error,
            Future: Send,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// What every binding is: a service from request to response.
pub type BindingService =
    BoxCloneSyncService<http::Request<WasiBody>, http::Response<WasiBody>, Error>;

/// What a call carries for the layers: whose it is, and where it goes.
#[derive(Clone)]
pub struct CallContext {
    /// The hop: a binding by the worker's name for it, or a host.
    pub hop: Arc<str>,
    /// The request that made the call.
    pub record: Arc<RequestRecord>,
}

/// The bindings that a worker's config grants.
#[derive(Default)]
pub struct Bindings {
    services: BTreeMap<Arc<str>, BindingService>,
    faults: Arc<FaultSet>,
}

impl Bindings {
    /// No bindings yet; to those that come, these faults may happen.
    pub fn new(faults: Arc<FaultSet>) -> Self {
        Self {
            services: BTreeMap::new(),
            faults,
        }
    }

    /// Grants a service under the hop's name, with the layers that every binding has.
    pub fn grant(&mut self, hop: Hop, service: impl HopService) {
        let name = hop.name.clone();
        let faults = HopFaults::new(hop, self.faults.clone());
        self.services.insert(name, layered(service, faults));
    }

    /// Makes the call that a guest addressed to `http://bindings.internal/<NAME>/<path>`.
    ///
    /// # Errors
    /// When the name is not granted; the error names what is. Otherwise as the service does.
    pub async fn call(
        &self,
        mut request: http::Request<WasiBody>,
        record: Arc<RequestRecord>,
    ) -> Answer {
        let (name, rest) = split_name(request.uri())?;
        let Some((name, service)) = self.services.get_key_value(name) else {
            return Err(Error::InternalError(Some(self.not_granted(name))));
        };
        let context = CallContext {
            hop: name.clone(),
            record,
        };
        *request.uri_mut() = rest;
        request.extensions_mut().insert(context);
        service.clone().oneshot(request).await
    }

    fn not_granted(&self, name: &str) -> String {
        let granted: Vec<_> = self.services.keys().map(AsRef::as_ref).collect();
        let granted = match granted.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        format!("binding {name} is not granted to this worker; it has: {granted}")
    }
}

/// Puts the layers that every hop out of a worker has around a service: the outermost first, faults nearest to the
/// service, so that the others see what they do. A layer is an async function of a request and of what comes next.
pub fn layered(service: impl HopService, faults: HopFaults) -> BindingService {
    BoxCloneSyncService::new(service_fn(move |request| {
        let (service, faults) = (service.clone(), faults.clone());
        call_log::logged(request, |request| {
            integrity::proved(request, |request| {
                faults.suffered(request, |request| service.oneshot(request))
            })
        })
    }))
}

/// Splits `/<NAME>/<path>?<query>` into the name and a URI that the service sees.
fn split_name(uri: &Uri) -> Result<(&str, Uri), Error> {
    let path = uri.path().trim_start_matches('/');
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let rest = Uri::try_from(format!("http://{BINDINGS_HOST}/{rest}{query}"))
        .map_err(|_| Error::HttpRequestUriInvalid)?;
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
