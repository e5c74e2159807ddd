//! The bindings socket of a run: the services of all its workers, for a foreign runtime.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use http::request::Parts;
use safelight_config::Config;
use safelight_gateway::Bindings;
use safelight_gateway::socket::{SocketNumbers, SocketServer, SocketService, SocketServices};
use safelight_hop::RequestContext;
use safelight_hop::log::Log;
use safelight_hop::request::RequestGuard;
use safelight_hop::trace::Arrival;
use safelight_net::socket::{SocketFile, bind};
use safelight_net::{Deadlines, deadline};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::bindings::{OpenBindings, on_socket};
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

/// A worker, for the services of its bindings.
pub(super) struct SocketWorker<'a> {
    pub config: &'a Config,
    /// The open state of its bindings.
    pub open: &'a OpenBindings,
    /// The services of its bindings.
    pub bindings: &'a Bindings,
}

impl BindingsSocket {
    /// Serves the bindings of these workers on a socket at `path`. `deadlines` are those of its connections.
    ///
    /// # Errors
    /// Fails when the socket cannot be bound.
    pub(super) fn start<'a>(
        path: &Path,
        workers: impl IntoIterator<Item = SocketWorker<'a>>,
        deadlines: Deadlines,
        requests: Requests,
    ) -> anyhow::Result<Self> {
        let bound = bind(path).context("bind the bindings socket")?;
        let mut services = SocketServices::default();
        for worker in workers {
            worker.insert_into(&mut services, &requests.log);
        }
        let names: Vec<_> = services.names().collect();
        requests.log.line(format_args!(
            "the bindings socket is {}; it has: {}",
            path.display(),
            names.join(", ")
        ));
        let server = SocketServer {
            services,
            deadlines,
            log: requests.log.clone(),
            begin: move |head: &Parts, numbers, open| requests.begin(head, numbers, open),
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

impl SocketWorker<'_> {
    /// Adds the services of the worker's bindings. Logs those that cannot be reached.
    fn insert_into(&self, services: &mut SocketServices, log: &Log) {
        for binding in &self.config.bindings {
            let Some(service) = self.bindings.get(&binding.name) else {
                continue;
            };
            let (kind, resource) = (
                binding.config.kind(),
                on_socket(self.config, binding, self.open),
            );
            let id = resource.id;
            let service = SocketService {
                hop: binding.name.as_str().into(),
                service: service.clone(),
                with_caller_url: resource.with_caller_url,
                state: resource.state,
            };
            if !services.insert(kind, id, service) {
                log.warn(format_args!(
                    "{kind}/{id} of {} is not on the bindings socket, where the name leads to that of another worker",
                    self.config.name
                ));
            }
        }
    }
}

impl Requests {
    fn begin(
        &self,
        head: &Parts,
        numbers: SocketNumbers,
        open: deadline::RequestGuard,
    ) -> RequestGuard {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let trace = self.traces.begin(&Arrival {
            id,
            method: &head.method,
            uri: &head.uri,
            version: head.version,
            connection: numbers.connection,
            request_on_connection: numbers.request_on_connection,
        });
        let log = self.log.clone();
        let context = RequestContext::new(id, head.method.clone(), &head.uri, log);
        let traces = self.traces.clone();
        RequestGuard::new(Arc::new(context.with_trace(trace)), open)
            .with_on_end(move |context| traces.show(context))
    }
}
