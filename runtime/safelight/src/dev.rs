//! The dev server: starts the workers and processes of a run, serves them, and stops them.

mod bindings;
mod compile;
mod env;
mod images;
mod options;
mod socket;
mod state;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::{Context as _, bail};
use safelight_config::{Binding, Config, Run};
use safelight_gateway::Bindings;
use safelight_hop::faults::FaultSet;
use safelight_hop::log::{Log, Redaction};
use safelight_images_client::ImagesProcess;
use safelight_net::Deadlines;
use safelight_net::pool::Pool;
use safelight_worker::compile::cache_folder;
use safelight_worker::limits::AllMemory;
use safelight_worker::service::WorkerRegistry;
use tokio::net::TcpListener;

use self::bindings::WorkerResources;
use self::socket::{BindingsSocket, Requests, SocketWorker};
use crate::front::access::{Access, RunToken};
use crate::front::traces::Traces;
use crate::front::{Served, WorkerFront, server};

pub use self::bindings::{OpenBindings, open};
pub use self::env::check;
pub use self::options::DevOptions;

/// Runs the workers of `run` until `shutdown` ends. The first one answers clients.
///
/// # Errors
/// Fails when the port is taken, or a worker or the images process cannot be started.
pub async fn run(
    run: &Run,
    options: &DevOptions,
    log: Log,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    if options.trace.trace && options.trace.trace_keep == Some(0) {
        bail!("--trace shows what is kept, and --trace-keep 0 keeps nothing");
    }
    let redacted = run.configs().flat_map(|config| config.redact_query.clone());
    log.redact(Redaction::new(redacted));
    // The fastest checks come first, so that a taken port is reported before a long build.
    options.check_faults(run)?;
    let listener = options.listen(&run.first.config).await?;
    let mut workers = Vec::new();
    for config in run.configs() {
        workers.push(Prepared {
            config,
            faults: options.faults(config),
            open: open(config, options.persist_to.as_deref(), &log).await?,
        });
    }
    let server = DevServer {
        workers,
        options,
        log,
    };
    let mut shutdown = pin!(shutdown);
    let started = tokio::select! {
        started = server.start() => started.map(Some),
        () = &mut shutdown => Ok(None),
    };
    let served = match started {
        Ok(Some(started)) => server.serve(started, listener, shutdown).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    let open = server.workers.iter().map(|worker| &worker.open);
    bindings::close(open, &server.log).await;
    served
}

/// The dev server of one run.
struct DevServer<'a> {
    /// The workers. The first one answers clients.
    workers: Vec<Prepared<'a>>,
    options: &'a DevOptions,
    log: Log,
}

/// A worker of a run, before it is built.
struct Prepared<'a> {
    config: &'a Config,
    faults: Arc<FaultSet>,
    open: OpenBindings,
}

/// A worker of a run, before it is loaded.
struct Built<'a> {
    prepared: &'a Prepared<'a>,
    /// None for a site of static files alone.
    component: Option<PathBuf>,
}

/// The loaded workers of a run, in the order of their configs, and the images process.
struct Started<'a> {
    workers: Vec<StartedWorker<'a>>,
    images: Option<ImagesProcess>,
}

/// A loaded worker.
struct StartedWorker<'a> {
    prepared: &'a Prepared<'a>,
    front: Arc<WorkerFront>,
    bindings: Arc<Bindings>,
}

impl DevServer<'_> {
    /// Builds and loads the workers, and starts the images process if one of them needs it.
    async fn start(&self) -> anyhow::Result<Started<'_>> {
        let mut built = Vec::new();
        for prepared in &self.workers {
            let component = compile::build(prepared.config).await?;
            built.push(Built {
                prepared,
                component,
            });
        }
        let program = std::env::current_exe().context("find the program's own file")?;
        let cache = cache_folder();
        if cache.is_none() {
            self.log.warn(
                "there is no cache folder to write to, so every start compiles the worker anew",
            );
        }
        let compiling = async {
            for component in built.iter().filter_map(|built| built.component.as_ref()) {
                compile::compile_in_child(&program, component, cache.as_deref()).await?;
            }
            anyhow::Ok(())
        };
        let configs: Vec<_> = self.workers.iter().map(|worker| worker.config).collect();
        let images = images::start(&program, &configs, self.options, &self.log);
        let (images, compiled) = tokio::join!(images, compiling);
        compiled?;
        let images = images.context("start the images process")?;
        let registry = WorkerRegistry::default();
        let all_memory = self.all_memory();
        let private = self.private_paths(&configs);
        let mut workers = Vec::new();
        for Built {
            prepared,
            component,
        } in &built
        {
            self.announce(prepared);
            let resources = WorkerResources {
                images: images.as_ref(),
                registry: &registry,
                open: Some(&prepared.open),
                faults: prepared.faults.clone(),
                all_memory: &all_memory,
                private: &private,
            };
            let component = component.as_deref();
            let loaded = env::load(prepared.config, component, &resources, &self.log)?;
            workers.push(StartedWorker {
                prepared,
                front: Arc::new(loaded.front),
                bindings: loaded.bindings,
            });
        }
        registry.set(workers.iter().map(|worker| {
            let name = worker.prepared.config.name.clone();
            (name, worker.front.callee())
        }));
        Ok(Started { workers, images })
    }

    /// Returns the files and folders of the run that are never static files.
    fn private_paths(&self, configs: &[&Config]) -> Vec<PathBuf> {
        let mut private = state::private_paths(configs, self.options.persist_to.as_deref());
        let open = self.workers.iter();
        let open = open.filter_map(|worker| worker.open.state_folder());
        private.extend(open.map(Path::to_owned));
        private
    }

    /// The memory of all instances, by the first config.
    fn all_memory(&self) -> AllMemory {
        let first = self.workers.first().map(|worker| &worker.config.limits);
        AllMemory::new(first.map_or(0, |limits| limits.instances_memory_bytes))
    }

    /// Logs the secrets, by name, and the faults of a worker that starts.
    fn announce(&self, worker: &Prepared<'_>) {
        let name = &worker.config.name;
        for secret in &worker.config.secrets {
            let (secret, file) = (&secret.name, &secret.file);
            let line = format_args!("{name} has the secret {secret} from {file}");
            self.log.line(line);
        }
        for fault in worker.faults.iter() {
            self.log.line(format_args!("a fault is on: {fault}"));
        }
    }

    /// Serves clients until `shutdown` ends, then drops the workers and stops the images process.
    async fn serve(
        &self,
        started: Started<'_>,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let Some(worker) = started.workers.first() else {
            bail!("there is no worker to serve");
        };
        let first = worker.prepared;
        let address = listener.local_addr()?;
        let images = started.images.as_ref();
        self.announce_others(first.config);
        // Requests for traces are not calls of a worker, so they have a pool of their own.
        let pool = images.map(|images| Pool::new(images.socket(), first.config.deadlines));
        let traces = Traces::new(self.options.trace, pool, self.log.clone());
        let next_id = Arc::new(AtomicU64::new(1));
        let requests = Requests {
            next_id: next_id.clone(),
            traces: traces.clone(),
            log: self.log.clone(),
        };
        let socket = self.start_socket(&started, first.config.deadlines, requests)?;
        let token = RunToken::new().context("make the token of this run")?;
        // On a loopback address, all clients are on this machine.
        if !address.ip().is_loopback() {
            self.log.line(format_args!(
                "clients on other machines may set faults and read traces with the header safelight-token: {token}"
            ));
        }
        let served = Served {
            access: Access::new(first.config.allowed_hosts.clone(), token),
            worker: worker.front.clone(),
            targets: first.config.targets(),
            image_urls: images::image_urls(first.config, &first.faults, images, &worker.front)?,
            traces,
            log: self.log.clone(),
            deadlines: first.config.deadlines,
            next_id,
        };
        let name = &first.config.name;
        self.log
            .line(format_args!("{name} is ready on http://{address}"));
        server::run(listener, served, shutdown).await;
        if let Some(socket) = socket {
            socket.stop().await;
        }
        drop(started.workers);
        if let Some(images) = started.images {
            images.stop().await;
        }
        Ok(())
    }

    fn announce_others(&self, first: &Config) {
        for other in self.workers.iter().skip(1) {
            let name = &other.config.name;
            self.log
                .line(format_args!("{name} is there for the other workers"));
            let is_public = |binding: &Binding| binding.config.public_path().is_some();
            if other.config.bindings.iter().any(is_public) {
                self.log.warn(format_args!(
                    "the public paths of {name} are not served, as {} answers the clients of this run",
                    first.name
                ));
            }
        }
    }

    fn start_socket(
        &self,
        started: &Started<'_>,
        deadlines: Deadlines,
        requests: Requests,
    ) -> anyhow::Result<Option<BindingsSocket>> {
        let Some(path) = &self.options.bindings_socket else {
            return Ok(None);
        };
        let workers = started.workers.iter().map(|worker| SocketWorker {
            config: worker.prepared.config,
            open: &worker.prepared.open,
            bindings: &worker.bindings,
        });
        BindingsSocket::start(path, workers, deadlines, requests).map(Some)
    }
}
