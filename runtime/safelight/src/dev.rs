//! The dev server: both processes, from the configs to the last request.

mod grants;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use safelight_outgoing::Client;
use tokio::net::TcpListener;

use crate::bindings::pool::Pool;
use crate::bindings::r2::buckets::Buckets;
use crate::bindings::r2::{Credentials, R2Error};
use crate::bindings::service::Callees;
use crate::compile;
use crate::config::{BindingKind, Config, Dev, Run};
use crate::faults::{Fault, FaultSet, Targets};
use crate::guest;
use crate::image_url::ImageUrls;
use crate::images_process::{ImagesProcess, ImagesSettings};
use crate::log::Log;
use crate::server::{self, Served};
use crate::state::State;
use crate::trace::{TraceOptions, Traces};
use crate::transformations::{Sources, Transformations};
use crate::worker::Worker;

pub use grants::{Running, check, load};

/// What the command line says of a run; what it leaves open is in the config.
#[derive(Clone, Debug, Default)]
pub struct DevOptions {
    /// Address to listen on.
    pub ip: Option<IpAddr>,
    /// Port to listen on; 0 takes any that is free.
    pub port: Option<u16>,
    /// What to break on purpose, after what the config says.
    pub faults: Vec<Fault>,
    /// What to keep and show of the requests' hops.
    pub trace: TraceOptions,
    /// Folder of what bindings keep.
    pub persist_to: Option<PathBuf>,
}

/// How long the end of a run waits for its buckets.
const CLOSE_TIME: Duration = Duration::from_secs(5);

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
    // First what fails fastest, so that nobody waits for a build to hear that the port is taken.
    let faults = faults(run, options)?;
    let listener = listen(&run.first.config, options).await?;
    let mut kept = Vec::new();
    for config in run.configs() {
        kept.push(open_buckets(config, options.persist_to.as_deref()).await?);
    }
    // The states are held to the end of the run.
    let (_states, buckets): (Vec<_>, Vec<_>) = kept.into_iter().unzip();
    let served = serve(
        run,
        options,
        (&faults, &buckets),
        &log,
        (listener, shutdown),
    )
    .await;
    close(&buckets, &log).await;
    served
}

/// Serves clients until `shutdown` ends. When it returns, no worker is left.
async fn serve(
    run: &Run,
    options: &DevOptions,
    (faults, buckets): (&[Arc<FaultSet>], &[Buckets]),
    log: &Log,
    (listener, shutdown): (TcpListener, impl Future<Output = ()>),
) -> anyhow::Result<()> {
    let config = &run.first.config;
    let address = listener.local_addr()?;
    let mut shutdown = pin!(shutdown);
    let (workers, images) = tokio::select! {
        started = start(run, faults, buckets, options.trace, log) => started?,
        () = &mut shutdown => return Ok(()),
    };
    let (Some(worker), Some(faults)) = (workers.first().cloned(), faults.first()) else {
        bail!("there is no worker to serve");
    };
    let image_urls = match &images {
        Some(images) if config.image_urls.on => Some(image_urls(config, images, &worker, faults)?),
        Some(_) | None => None,
    };
    for other in run.configs().skip(1) {
        let name = &other.name;
        log.line(format_args!("{name} is there for the other workers"));
        if other.r2.iter().any(|bucket| bucket.public_path.is_some()) {
            log.warn(format_args!(
                "the public paths of {name} are not served, as {} answers the clients of this run",
                config.name
            ));
        }
    }
    log.line(format_args!("{} is ready on http://{address}", config.name));
    // Asking for a trace is no call of the worker: it has connections of its own.
    let pool = images
        .as_ref()
        .map(|images| Pool::new(images.socket(), config.deadlines));
    let served = Served {
        worker,
        image_urls,
        traces: Traces::new(options.trace, pool, log.clone()),
        log: log.clone(),
        deadlines: config.deadlines,
    };
    server::run(listener, served, shutdown).await;
    // Workers know each other without keeping each other.
    drop(workers);
    if let Some(images) = images {
        images.stop().await;
    }
    Ok(())
}

/// Waits until what was stored, replaced or deleted is done with. What is not by then is left to the next run.
async fn close(buckets: &[Buckets], log: &Log) {
    let closed = tokio::time::timeout(CLOSE_TIME, async {
        for buckets in buckets {
            buckets.close().await?;
        }
        Ok::<_, R2Error>(())
    });
    match closed.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log.warn(format_args!("the buckets could not be closed: {error}")),
        Err(_) => log.warn("the buckets are still at work; the next run clears up what is left"),
    }
}

/// Builds and loads the workers, and starts the images process if one of them has a use for it.
async fn start(
    run: &Run,
    faults: &[Arc<FaultSet>],
    buckets: &[Buckets],
    trace: TraceOptions,
    log: &Log,
) -> anyhow::Result<(Vec<Arc<Worker>>, Option<ImagesProcess>)> {
    let mut components = Vec::new();
    for config in run.configs() {
        components.push(build(config).await?);
    }
    let program = std::env::current_exe().context("find the program's own file")?;
    // All workers share the process: it keeps to the config that the run began with.
    let first = &run.first.config;
    let settings = ImagesSettings {
        deadlines: first.deadlines,
        pixels: first.pixels,
        allowed_addresses: first.image_urls.allowed_addresses.clone(),
        transports: trace.transports(),
    };
    let images = async {
        match run.configs().any(needs_images) {
            true => ImagesProcess::start(program.clone(), settings, log.clone())
                .await
                .map(Some),
            false => Ok(None),
        }
    };
    let cache = compile::cache_folder();
    if cache.is_none() {
        log.warn("there is no cache folder to write to, so every start compiles the worker anew");
    }
    let compiling = async {
        for component in components.iter().flatten() {
            compile_apart(&program, component, cache.as_deref()).await?;
        }
        anyhow::Ok(())
    };
    let (images, compiled) = tokio::join!(images, compiling);
    compiled?;
    let images = images.context("start the images process")?;
    let callees = Callees::default();
    let mut workers = Vec::new();
    let kept = faults.iter().zip(buckets);
    for ((config, component), (faults, buckets)) in run.configs().zip(&components).zip(kept) {
        tell(config, faults, log);
        let running = Running {
            images: images.as_ref(),
            buckets: Some(buckets),
            callees: callees.clone(),
            faults: faults.clone(),
        };
        let component = component.as_deref();
        workers.push(Arc::new(load(config, component, running, log.clone())?));
    }
    let names = run.configs().map(|config| config.name.clone());
    callees.set(names.zip(&workers));
    Ok((workers, images))
}

fn needs_images(config: &Config) -> bool {
    let mut kinds = config.bindings.iter().map(|(_, kind)| *kind);
    config.image_urls.on || kinds.any(|kind| kind == BindingKind::Images)
}

/// Says what its author should know of a worker that starts. Of secrets, their names.
fn tell(config: &Config, faults: &FaultSet, log: &Log) {
    let name = &config.name;
    for secret in &config.secrets {
        let (secret, file) = (&secret.name, &secret.file);
        log.line(format_args!("{name} has the secret {secret} from {file}"));
    }
    for fault in faults.iter() {
        log.line(format_args!("a fault is on: {fault}"));
    }
}

fn image_urls(
    config: &Config,
    images: &ImagesProcess,
    worker: &Arc<Worker>,
    faults: &Arc<FaultSet>,
) -> anyhow::Result<ImageUrls> {
    let client = Client::new(config.image_urls.policy());
    let client = client.context("prepare the client for pictures")?;
    Ok(ImageUrls {
        transformations: Transformations::new(images.handle(), images.crasher(), faults.clone()),
        sources: Sources::on_hosts(client, config.image_urls.source_time, faults.clone())
            .and_of_worker(worker.clone(), faults.clone()),
        allowed: config.image_urls.allowed_origins.clone(),
        worker: config.name.clone(),
    })
}

/// Opens the config's buckets. The state is in use as long as its value lives.
///
/// # Errors
/// When the state or a bucket cannot be opened.
pub async fn open_buckets(
    config: &Config,
    persist_to: Option<&Path>,
) -> anyhow::Result<(Option<State>, Buckets)> {
    if config.r2.is_empty() {
        return Ok((None, Buckets::default()));
    }
    let mut state = State::of(config, persist_to)?;
    let names = config.r2.iter().map(|r2| r2.bucket.as_str());
    let credentials = match &config.storage.s3 {
        Some(_) => Some(Credentials::from_environment()?),
        None => None,
    };
    let buckets = Buckets::open(names, &state, &config.storage, credentials.as_ref()).await?;
    state.share().context("share the state with others")?;
    Ok((Some(state), buckets))
}

/// Building runs other programs to their end, on a thread of its own, so that a request to end is heard meanwhile.
async fn build(config: &Config) -> anyhow::Result<Option<PathBuf>> {
    let config = config.clone();
    Ok(tokio::task::spawn_blocking(move || guest::build(&config)).await??)
}

fn targets(config: &Config) -> Targets {
    Targets::new(config.bindings.clone()).with_image_urls(&config.image_urls)
}

/// For each worker the faults of its config, then those of the command line that can strike it.
fn faults(run: &Run, options: &DevOptions) -> anyhow::Result<Vec<Arc<FaultSet>>> {
    let targets: Vec<_> = run.configs().map(targets).collect();
    for fault in &options.faults {
        // The first worker's words are those for a run of one.
        let mut checks = targets.iter().map(|targets| targets.check(fault));
        if let Some(Err(error)) = checks.next()
            && !checks.any(|check| check.is_ok())
        {
            bail!("--fault `{fault}` {error}");
        }
    }
    let armed = run.configs().zip(&targets).map(|(config, targets)| {
        let can_strike = |fault: &&Fault| targets.check(fault).is_ok();
        let asked = options.faults.iter().filter(can_strike);
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
