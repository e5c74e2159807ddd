//! The dev server: both processes, from the config to the last request.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

use crate::bindings::Bindings;
use crate::bindings::assets::Assets;
use crate::bindings::assets::site::Site;
use crate::bindings::images::Images;
use crate::bindings::pool::Pool;
use crate::bindings::service::{Callees, WorkerService};
use crate::compile;
use crate::config::{BindingKind, Config, Dev, Run};
use crate::faults::{Fault, FaultSet, Hop, Targets};
use crate::guest;
use crate::images_process::ImagesProcess;
use crate::limits::WorkerLimits;
use crate::log::Log;
use crate::server::{self, Served};
use crate::trace::{TraceOptions, Traces};
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
}

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
    let config = &run.first.config;
    let faults = faults(run, options)?;
    let listener = listen(config, options).await?;
    let address = listener.local_addr()?;
    let mut shutdown = pin!(shutdown);
    let (workers, images) = tokio::select! {
        started = start(run, faults, options.trace, &log) => started?,
        () = &mut shutdown => return Ok(()),
    };
    let Some(worker) = workers.first().cloned() else {
        bail!("there is no worker to serve");
    };
    for other in run.configs().skip(1) {
        log.line(format_args!(
            "{} is there for the other workers",
            other.name
        ));
    }
    log.line(format_args!("{} is ready on http://{address}", config.name));
    // Asking for a trace is no call of the worker: it has connections of its own.
    let pool = images
        .as_ref()
        .map(|images| Pool::new(images.socket(), config.deadlines));
    let served = Served {
        worker,
        traces: Traces::new(options.trace, pool, log.clone()),
        log,
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

/// Builds and loads the workers, and starts the images process if one of them has a use for it.
async fn start(
    run: &Run,
    faults: Vec<Arc<FaultSet>>,
    trace: TraceOptions,
    log: &Log,
) -> anyhow::Result<(Vec<Arc<Worker>>, Option<ImagesProcess>)> {
    let mut components = Vec::new();
    for config in run.configs() {
        components.push(build(config).await?);
    }
    let program = std::env::current_exe().context("find the program's own file")?;
    let images = async {
        match run.configs().any(needs_images) {
            true => {
                let (program, transports) = (program.clone(), trace.transports());
                let deadlines = run.first.config.deadlines;
                ImagesProcess::start(program, deadlines, transports, log.clone())
                    .await
                    .map(Some)
            }
            false => Ok(None),
        }
    };
    let cache = compile::cache_folder();
    if cache.is_none() {
        log.warn("there is no cache folder to write to, so every start compiles the worker anew");
    }
    let compiling = async {
        for component in &components {
            compile_apart(&program, component, cache.as_deref()).await?;
        }
        anyhow::Ok(())
    };
    let (images, compiled) = tokio::join!(images, compiling);
    compiled?;
    let images = images.context("start the images process")?;
    let callees = Callees::default();
    let mut workers = Vec::new();
    for ((config, component), faults) in run.configs().zip(&components).zip(faults) {
        tell(config, &faults, log);
        let running = Running {
            images: images.as_ref(),
            callees: callees.clone(),
            faults,
        };
        workers.push(Arc::new(load(config, component, running, log.clone())?));
    }
    let names = run.configs().map(|config| config.name.clone());
    callees.set(names.zip(&workers));
    Ok((workers, images))
}

fn needs_images(config: &Config) -> bool {
    let mut kinds = config.bindings.iter().map(|(_, kind)| *kind);
    kinds.any(|kind| kind == BindingKind::Images)
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

/// Building runs other programs to their end, on a thread of its own, so that a request to end is heard meanwhile.
async fn build(config: &Config) -> anyhow::Result<PathBuf> {
    let config = config.clone();
    Ok(tokio::task::spawn_blocking(move || guest::build(&config)).await??)
}

/// For each worker the faults of its config, then those of the command line that can strike it.
fn faults(run: &Run, options: &DevOptions) -> anyhow::Result<Vec<Arc<FaultSet>>> {
    let targets = run
        .configs()
        .map(|config| Targets::new(config.bindings.clone()));
    let targets: Vec<_> = targets.collect();
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

/// What a worker's bindings are made of; without, it is only looked at.
#[derive(Default)]
pub struct Running<'a> {
    /// The images process.
    pub images: Option<&'a ImagesProcess>,
    /// The workers that service bindings reach.
    pub callees: Callees,
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
        grants(config, running, &log)?,
        log,
    )?)
}

fn grants(config: &Config, running: Running<'_>, log: &Log) -> anyhow::Result<Grants> {
    let assets = assets(config, log)?;
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
            BindingKind::Service => {
                let mut services = config.services.iter();
                if let Some(service) = services.find(|service| service.binding == *name) {
                    let service = WorkerService::new(&service.service, running.callees.clone());
                    bindings.grant(Hop::service(name), service);
                }
            }
            BindingKind::Assets => {
                if let Some(assets) = &assets {
                    bindings.grant(Hop::assets(name), assets.clone());
                }
            }
        }
    }
    let mut env = config.vars.clone();
    let secrets = config.secrets.iter();
    env.extend(secrets.map(|secret| (secret.name.clone(), secret.value.reveal().to_owned())));
    env.push((
        "BINDINGS".into(),
        serde_json::Value::Object(kinds).to_string(),
    ));
    let site = assets
        .zip(config.assets.as_ref())
        .map(|(assets, config)| Site::new(assets, config));
    Ok(Grants {
        env,
        bindings,
        site,
        limits: WorkerLimits {
            cpu: config.limits.cpu,
            memory: config.limits.memory_bytes,
        },
        faults: running.faults,
        targets: Targets::new(config.bindings.clone()),
    })
}

/// The worker's static files, if it has any.
fn assets(config: &Config, log: &Log) -> anyhow::Result<Option<Assets>> {
    let Some(assets) = &config.assets else {
        return Ok(None);
    };
    let (opened, instructions) = Assets::open(assets).context("serve `assets.directory`")?;
    for name in instructions {
        let directory = assets.directory.display();
        // What it hides would be seen.
        if name == "/.assetsignore" {
            bail!(
                "{directory}{name} is not supported by safelight yet: move what it names elsewhere"
            );
        }
        log.warn(format_args!(
            "{directory}{name} is not applied by safelight yet"
        ));
    }
    Ok(Some(opened))
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
