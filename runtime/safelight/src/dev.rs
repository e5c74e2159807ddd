//! The dev server: all its processes, from the configs to the last request.

mod bindings;
mod env;
mod socket;
mod state;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, bail};
use safelight_config::{Binding, BindingConfig, Config, Dev, Run};
use safelight_delivery::{ImageUrls, Transformations};
use safelight_gateway::Bindings;
use safelight_hop::faults::{Fault, FaultSet};
use safelight_hop::log::Log;
use safelight_images_client::ImagesProcess;
use safelight_net::pool::Pool;
use safelight_protocol::settings::{DeadlineSettings, ImagesSettings};
use safelight_r2::R2Error;
use safelight_worker::compile;
use safelight_worker::service::WorkerRegistry;
use tokio::net::TcpListener;

use self::env::World;
use self::socket::{BindingsSocket, Requests};
use crate::front::traces::{TraceOptions, Traces};
use crate::front::{Served, WorkerFront, server};
use crate::guest;

pub use self::bindings::{Open, open};
pub use self::env::check;

/// The command line's part of a run; the config decides what it leaves open.
#[derive(Clone, Debug, Default)]
pub struct DevOptions {
    /// Address to listen on.
    pub ip: Option<IpAddr>,
    /// Port to listen on; 0 takes any that is free.
    pub port: Option<u16>,
    /// Faults, after those of the config.
    pub faults: Vec<Fault>,
    /// What to keep and show of the requests' hops.
    pub trace: TraceOptions,
    /// Folder of the state.
    pub persist_to: Option<PathBuf>,
    /// Path of a Unix socket on which foreign runtimes reach the bindings.
    pub bindings_socket: Option<PathBuf>,
}

/// How long the end of a run waits for its bindings.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the workers of `run`, of which the first answers, until `shutdown` ends.
///
/// # Errors
/// When the port is taken, or a worker or the images process cannot be started.
pub async fn run(
    run: &Run,
    options: &DevOptions,
    log: Log,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    if options.trace.trace && options.trace.trace_keep == Some(0) {
        bail!("--trace shows what is kept, and --trace-keep 0 keeps nothing");
    }
    // The fastest failures come first, so that nobody waits for a build to hear that the port is taken.
    let faults = faults(run, options)?;
    let listener = listen(&run.first.config, options).await?;
    let mut workers = Vec::new();
    for (config, faults) in run.configs().zip(faults) {
        let open = open(config, options.persist_to.as_deref()).await?;
        workers.push(Prepared {
            config,
            faults,
            open,
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
    server.close().await;
    served
}

/// The dev server of one run.
struct DevServer<'a> {
    /// The first one answers clients.
    workers: Vec<Prepared<'a>>,
    options: &'a DevOptions,
    log: Log,
}

/// One worker of a run, before it is loaded.
struct Prepared<'a> {
    config: &'a Config,
    faults: Arc<FaultSet>,
    open: Open,
}

/// The workers of a run, ready to answer, in the order of their configs.
struct Started {
    workers: Vec<StartedWorker>,
    images: Option<ImagesProcess>,
}

/// One of them.
struct StartedWorker {
    front: Arc<WorkerFront>,
    bindings: Arc<Bindings>,
}

impl DevServer<'_> {
    /// Builds and loads the workers, and starts the images process if one of them has a use for it.
    async fn start(&self) -> anyhow::Result<Started> {
        let mut components = Vec::new();
        for worker in &self.workers {
            components.push(build(worker.config).await?);
        }
        let program = std::env::current_exe().context("find the program's own file")?;
        let cache = compile::cache_folder();
        if cache.is_none() {
            self.log.warn(
                "there is no cache folder to write to, so every start compiles the worker anew",
            );
        }
        let compiling = async {
            for component in components.iter().flatten() {
                compile_apart(&program, component, cache.as_deref()).await?;
            }
            anyhow::Ok(())
        };
        let (images, compiled) = tokio::join!(self.start_images(&program), compiling);
        compiled?;
        let images = images.context("start the images process")?;
        let registry = WorkerRegistry::default();
        let mut workers = Vec::new();
        for (worker, component) in self.workers.iter().zip(&components) {
            self.announce(worker);
            let world = World {
                images: images.as_ref(),
                registry: &registry,
                open: Some(&worker.open),
                faults: worker.faults.clone(),
            };
            let loaded = env::load(worker.config, component.as_deref(), world, &self.log)?;
            workers.push(StartedWorker {
                front: Arc::new(loaded.front),
                bindings: loaded.bindings,
            });
        }
        let names = self.workers.iter().map(|worker| worker.config.name.clone());
        registry.set(names.zip(workers.iter().map(|worker| worker.front.callee())));
        Ok(Started { workers, images })
    }

    async fn start_images(&self, program: &Path) -> std::io::Result<Option<ImagesProcess>> {
        let configs = || self.workers.iter().map(|worker| worker.config);
        // All workers share the process: it keeps to the config that the run began with.
        match configs().next() {
            Some(first) if configs().any(needs_images) => {
                let settings = images_settings(first, self.options.trace);
                let log = self.log.clone();
                let images = ImagesProcess::start(program.to_owned(), settings, log);
                images.await.map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Logs what its author should know of a worker that starts. Of secrets, only the names.
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

    /// Serves clients until `shutdown` ends. When it returns, no worker is left.
    async fn serve(
        &self,
        started: Started,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> anyhow::Result<()> {
        let (Some(first), Some(worker)) = (self.workers.first(), started.workers.first()) else {
            bail!("there is no worker to serve");
        };
        let address = listener.local_addr()?;
        let images = started.images.as_ref();
        self.announce_others(first.config);
        // Requests for traces are no calls of the worker: they have connections of their own.
        let pool = images.map(|images| Pool::new(images.socket(), first.config.deadlines));
        let traces = Traces::new(self.options.trace, pool, self.log.clone());
        let next_id = Arc::new(AtomicU64::new(1));
        let requests = Requests {
            next_id: next_id.clone(),
            traces: traces.clone(),
            log: self.log.clone(),
        };
        let socket = self.start_socket(&started, requests)?;
        let served = Served {
            worker: worker.front.clone(),
            targets: first.config.targets(),
            image_urls: image_urls(first, images, &worker.front)?,
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
            let is_public = |binding: &Binding| matches!(&binding.config, BindingConfig::R2(r2) if r2.public_path.is_some());
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
        started: &Started,
        requests: Requests,
    ) -> anyhow::Result<Option<BindingsSocket>> {
        let Some(path) = &self.options.bindings_socket else {
            return Ok(None);
        };
        let tables = started.workers.iter().map(|worker| &*worker.bindings);
        let configs = self.workers.iter().map(|worker| worker.config);
        BindingsSocket::start(path, configs.zip(tables), requests).map(Some)
    }

    /// Waits until the bindings have done what they do in the background. The next run cleans up what is left.
    async fn close(&self) {
        let closed = tokio::time::timeout(CLOSE_TIMEOUT, async {
            for worker in &self.workers {
                worker.open.close().await?;
            }
            Ok::<_, R2Error>(())
        });
        match closed.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self
                .log
                .warn(format_args!("the buckets could not be closed: {error}")),
            Err(_) => self
                .log
                .warn("the buckets are still at work; the next run clears up what is left"),
        }
    }
}

fn needs_images(config: &Config) -> bool {
    let mut bindings = config.bindings.iter();
    config.image_urls.enabled || bindings.any(|binding| binding.config == BindingConfig::Images)
}

fn images_settings(config: &Config, trace: TraceOptions) -> ImagesSettings {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let addresses = config.image_urls.allowed_addresses.iter();
    ImagesSettings {
        deadlines: DeadlineSettings {
            header_read_ms: ms(config.deadlines.header_read),
            body_read_ms: ms(config.deadlines.body_read),
            write_ms: ms(config.deadlines.write),
        },
        pixels: config.pixels,
        allowed_addresses: addresses.map(ToString::to_string).collect(),
        transports: trace.transports(),
    }
}

fn image_urls(
    worker: &Prepared<'_>,
    images: Option<&ImagesProcess>,
    front: &Arc<WorkerFront>,
) -> anyhow::Result<Option<ImageUrls>> {
    let config = worker.config;
    let Some(images) = images.filter(|_| config.image_urls.enabled) else {
        return Ok(None);
    };
    let faults = &worker.faults;
    let sources = env::remote_sources(config, faults)?;
    Ok(Some(ImageUrls {
        transformations: Transformations::new(images, faults.clone()),
        sources: sources.with_worker(front.source(), faults.clone()),
        allowed: config.image_urls.allowed_origins.clone(),
        worker: config.name.clone(),
    }))
}

/// Building runs other programs to their end, on a thread of its own, so that a request to end is heard meanwhile.
async fn build(config: &Config) -> anyhow::Result<Option<PathBuf>> {
    let config = config.clone();
    Ok(tokio::task::spawn_blocking(move || guest::build(&config)).await??)
}

/// For each worker the faults of its config, then those of the command line that can be applied to its hops.
fn faults(run: &Run, options: &DevOptions) -> anyhow::Result<Vec<Arc<FaultSet>>> {
    let targets: Vec<_> = run.configs().map(Config::targets).collect();
    for fault in &options.faults {
        // The first worker's message is the one for a run of one.
        let mut checks = targets.iter().map(|targets| targets.check(fault));
        if let Some(Err(error)) = checks.next()
            && !checks.any(|check| check.is_ok())
        {
            bail!("--fault `{fault}` {error}");
        }
    }
    let armed = run.configs().zip(&targets).map(|(config, targets)| {
        let is_possible = |fault: &&Fault| targets.check(fault).is_ok();
        let asked = options.faults.iter().filter(is_possible);
        let faults = config.faults.iter().chain(asked);
        Arc::new(FaultSet::arm(faults.cloned()))
    });
    Ok(armed.collect())
}

async fn listen(config: &Config, options: &DevOptions) -> anyhow::Result<TcpListener> {
    let ip = options.ip.or(config.dev.ip).unwrap_or(Dev::DEFAULT_IP);
    let port = options
        .port
        .or(config.dev.port)
        .unwrap_or(Dev::DEFAULT_PORT);
    let address = SocketAddr::new(ip, port);
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
                "port {port} on {ip} is taken by another program; choose another with --port"
            ),
            _ => anyhow::Error::new(error).context(format!("listen on {address}")),
        })
}

/// Fills the cache of compiled code in a child process, unless it holds this component already.
async fn compile_apart(
    program: &Path,
    component: &Path,
    cache: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(folder) = cache else { return Ok(()) };
    let stamp = compile::Stamp::of(component, folder)?;
    if stamp.exists() {
        return Ok(());
    }
    let status = tokio::process::Command::new(program)
        .arg("compile")
        .arg(component)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .context("start the compiler process")?;
    if !status.success() {
        bail!("failed to compile {}", component.display());
    }
    stamp.set();
    Ok(())
}
