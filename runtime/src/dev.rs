//! The dev server: both processes, from the config to the last request.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use safelight_outgoing::{Client, Policy};
use tokio::net::TcpListener;

use crate::bindings::Bindings;
use crate::bindings::images::Images;
use crate::bindings::pool::Pool;
use crate::bindings::r2::buckets::Buckets;
use crate::bindings::r2::{Credentials, R2};
use crate::cf_image::CfImages;
use crate::compile;
use crate::config::{BindingKind, Config, Dev};
use crate::faults::{Fault, FaultSet, Hop, Targets};
use crate::guest;
use crate::image_url::ImageUrls;
use crate::images_process::{ImagesProcess, ImagesSettings};
use crate::limits::WorkerLimits;
use crate::log::Log;
use crate::server::{self, Served};
use crate::state::State;
use crate::trace::{TraceOptions, Traces};
use crate::transformations::{Sources, Transformations};
use crate::worker::{Grants, Worker};

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

/// Runs the worker of `config` until `shutdown` ends.
///
/// # Errors
/// When the port is taken, or the worker or the images process cannot be started.
pub async fn run(
    config: &Config,
    options: &DevOptions,
    log: Log,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    if options.trace.trace && options.trace.trace_keep == Some(0) {
        bail!("--trace shows what is kept, and --trace-keep 0 keeps nothing");
    }
    // First what fails fastest, so that nobody waits for a build to hear that the port is taken.
    let faults = faults(config, options)?;
    let listener = listen(config, options).await?;
    // Held to the end of the run.
    let (_state, buckets) = open_buckets(config, options.persist_to.as_deref()).await?;
    let address = listener.local_addr()?;
    let mut shutdown = pin!(shutdown);
    let ((worker, image_urls), images) = tokio::select! {
        started = start(config, faults, &buckets, options.trace, &log) => started?,
        () = &mut shutdown => return Ok(()),
    };
    log.line(format_args!("{} is ready on http://{address}", config.name));
    // Asking for a trace is no call of the worker: it has connections of its own.
    let pool = images
        .as_ref()
        .map(|images| Pool::new(images.socket(), config.deadlines));
    let served = Served {
        worker,
        image_urls,
        traces: Traces::new(options.trace, pool, log.clone()),
        log,
        deadlines: config.deadlines,
    };
    server::run(listener, served, shutdown).await;
    if let Some(images) = images {
        images.stop().await;
    }
    Ok(())
}

/// Builds and loads the worker, and starts the images process if the worker has a use for it.
async fn start(
    config: &Config,
    faults: FaultSet,
    buckets: &Buckets,
    trace: TraceOptions,
    log: &Log,
) -> anyhow::Result<((Arc<Worker>, Option<ImageUrls>), Option<ImagesProcess>)> {
    let component = build(config).await?;
    let needs_images = config
        .bindings
        .iter()
        .any(|(_, kind)| *kind == BindingKind::Images)
        || config.image_urls.on;
    let program = std::env::current_exe().context("find the program's own file")?;
    let settings = ImagesSettings {
        deadlines: config.deadlines,
        allowed_addresses: config.image_urls.allowed_addresses.clone(),
        transports: trace.transports(),
    };
    let images = async {
        match needs_images {
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
    let compiling = compile_apart(&program, &component, cache.as_deref());
    let (images, compiled) = tokio::join!(images, compiling);
    compiled?;
    let images = images.context("start the images process")?;
    for fault in faults.iter() {
        log.line(format_args!("a fault is on: {fault}"));
    }
    let running = Running {
        images: images.as_ref(),
        buckets: Some(buckets),
        faults: Arc::new(faults),
    };
    let running_faults = running.faults.clone();
    let worker = Arc::new(load(config, &component, running, log.clone())?);
    let image_urls = match &images {
        Some(images) if config.image_urls.on => {
            Some(image_urls(config, images, &worker, &running_faults)?)
        }
        Some(_) | None => None,
    };
    Ok(((worker, image_urls), images))
}

fn image_urls(
    config: &Config,
    images: &ImagesProcess,
    worker: &Arc<Worker>,
    faults: &Arc<FaultSet>,
) -> anyhow::Result<ImageUrls> {
    let policy = Policy::with(config.image_urls.allowed_addresses.iter().cloned());
    let client = Client::new(policy).context("prepare the client for pictures")?;
    Ok(ImageUrls {
        transformations: Transformations::new(images.handle(), images.crasher(), faults.clone()),
        sources: Sources::on_hosts(client, faults.clone())
            .and_of_worker(worker.clone(), faults.clone()),
        allowed: config.image_urls.allowed_origins.clone(),
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
async fn build(config: &Config) -> anyhow::Result<PathBuf> {
    let config = config.clone();
    Ok(tokio::task::spawn_blocking(move || guest::build(&config)).await??)
}

fn targets(config: &Config) -> Targets {
    Targets::new(config.bindings.clone()).with_image_urls(&config.image_urls)
}

/// The faults of the config, then those of the command line.
fn faults(config: &Config, options: &DevOptions) -> anyhow::Result<FaultSet> {
    let targets = targets(config);
    for fault in &options.faults {
        targets
            .check(fault)
            .map_err(|error| anyhow::anyhow!("--fault `{fault}` {error}"))?;
    }
    Ok(FaultSet::arm(
        config.faults.iter().chain(&options.faults).cloned(),
    ))
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

/// What a worker's bindings are made of; without, it is only looked at.
#[derive(Default)]
pub struct Running<'a> {
    /// The images process.
    pub images: Option<&'a ImagesProcess>,
    /// The buckets of the config.
    pub buckets: Option<&'a Buckets>,
    /// What breaks on purpose.
    pub faults: Arc<FaultSet>,
}

/// Loads the component and grants it what the config says.
///
/// # Errors
/// When it is not a component that this host can run.
pub fn load(
    config: &Config,
    component: &Path,
    running: Running<'_>,
    log: Log,
) -> anyhow::Result<Worker> {
    let engine = compile::engine(compile::cache_folder().as_deref())?;
    let compiled = compile::component(&engine, component)?;
    Ok(Worker::link(
        &engine,
        component,
        &compiled,
        grants(config, running)?,
        log,
    )?)
}

fn grants(config: &Config, running: Running<'_>) -> anyhow::Result<Grants> {
    let cf_images = match running.images {
        Some(images) if config.image_urls.on => Some(cf_images(config, images, &running.faults)?),
        Some(_) | None => None,
    };
    let mut bindings = Bindings::new(running.faults.clone());
    let mut kinds = serde_json::Map::new();
    for (name, kind) in &config.bindings {
        kinds.insert(name.clone(), kind.as_str().into());
        // What is only checked, not served, grants nothing: every call is refused by name.
        match kind {
            BindingKind::Images => {
                if let Some(images) = running.images {
                    let hop = Hop::images(name, Some(images.crasher()));
                    bindings.grant(hop, Images::new(images.handle()));
                }
            }
            BindingKind::R2 => {
                let named = config.r2.iter().find(|r2| r2.binding == *name);
                let bucket = named.and_then(|r2| running.buckets?.get(&r2.bucket));
                if let Some(bucket) = bucket {
                    bindings.grant(Hop::r2(name), R2::new(bucket.clone()));
                }
            }
        }
    }
    let mut env = config.vars.clone();
    env.push((
        "BINDINGS".into(),
        serde_json::Value::Object(kinds).to_string(),
    ));
    Ok(Grants {
        env,
        bindings,
        cf_images,
        limits: WorkerLimits {
            cpu: config.limits.cpu,
            memory: config.limits.memory_bytes,
        },
        faults: running.faults,
        targets: targets(config),
    })
}

fn cf_images(
    config: &Config,
    images: &ImagesProcess,
    faults: &Arc<FaultSet>,
) -> anyhow::Result<CfImages> {
    let client = Client::new(Policy::anywhere()).context("prepare the client for pictures")?;
    Ok(CfImages {
        transformations: Transformations::new(images.handle(), images.crasher(), faults.clone()),
        sources: Sources::on_hosts(client, faults.clone()),
        fail_open: config.image_urls.cf_image_fail_open,
    })
}

/// The component of a worker that is only looked at, not run.
///
/// # Errors
/// When the worker cannot be built, or its component imports what this host lacks.
pub fn check(config: &Config, log: Log) -> anyhow::Result<PathBuf> {
    let component = guest::build(config)?;
    load(config, &component, Running::default(), log)?;
    Ok(component)
}
