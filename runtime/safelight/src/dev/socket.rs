//! The bindings socket of a run: the services of all its workers, for a foreign runtime.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use http::request::Parts;
use safelight_config::Config;
use safelight_gateway::Bindings;
use safelight_gateway::socket::{SocketServer, SocketServices};
use safelight_hop::RequestContext;
use safelight_hop::log::Log;
use safelight_hop::request::RequestGuard;
use safelight_hop::trace::Arrival;
use safelight_net::deadline;
use safelight_net::socket::{SocketFile, bind};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::bindings::socket_id;
use crate::front::traces::Traces;

/// A bindings socket, which serves until it is stopped.
pub(super) struct BindingsSocket {
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    /// Removes the socket when it is dropped, after the last call.
    _file: SocketFile,
}

/// The state that calls on the socket share with the requests of clients.
pub(super) struct Requests {
    /// The number of the next request.
    pub next_id: Arc<AtomicU64>,
    /// The traces of the last requests.
    pub traces: Arc<Traces>,
    /// The log.
    pub log: Log,
}

impl BindingsSocket {
    /// Serves the bindings of these workers on a socket at `path`.
    ///
    /// # Errors
    /// When the socket cannot be bound.
    pub(super) fn start<'a>(
        path: &Path,
        workers: impl IntoIterator<Item = (&'a Config, &'a Bindings)>,
        requests: Requests,
    ) -> anyhow::Result<Self> {
        let bound = bind(path).context("bind the bindings socket")?;
        let mut services = SocketServices::default();
        let mut deadlines = None;
        for (config, bindings) in workers {
            deadlines.get_or_insert(config.deadlines);
            for binding in &config.bindings {
                if let Some(service) = bindings.get(&binding.name) {
                    let id = socket_id(config, binding);
                    let hop = binding.name.as_str().into();
                    services.insert(binding.config.kind(), id, hop, service.clone());
                }
            }
        }
        let names: Vec<_> = services.names().collect();
        requests.log.line(format_args!(
            "the bindings socket is {}; it has: {}",
            path.display(),
            names.join(", ")
        ));
        let server = SocketServer {
            services,
            deadlines: deadlines.unwrap_or_default(),
            begin: move |head: &Parts, open| requests.begin(head, open),
        };
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server.run(bound.listener, async move {
            // A dropped sender stops the server as well.
            let _ = stopped.await;
        }));
        Ok(Self {
            stop,
            server,
            _file: bound.file,
        })
    }

    /// Stops the server after the calls in flight, within its drain timeout.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.server.await;
    }
}

impl Requests {
    fn begin(&self, head: &Parts, open: deadline::RequestGuard) -> RequestGuard {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let trace = self.traces.begin(&Arrival {
            id,
            method: &head.method,
            uri: &head.uri,
            version: head.version,
            connection: 0,
            request_on_connection: 0,
        });
        let log = self.log.clone();
        let context = RequestContext::new(id, head.method.clone(), &head.uri, log);
        let traces = self.traces.clone();
        RequestGuard::new(Arc::new(context.with_trace(trace)), open)
            .with_on_end(move |context| traces.show(context))
    }
}
