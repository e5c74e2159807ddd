//! The dev server: both processes, from the config to the last request.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

use crate::bindings::Bindings;
use crate::bindings::images::Images;
use crate::bindings::pool::Pool;
use crate::compile;
use crate::config::{BindingKind, Config, Dev};
use crate::guest;
use crate::images_process::ImagesProcess;
use crate::limits::WorkerLimits;
use crate::log::Log;
use crate::server;
use crate::trace::{TraceOptions, Traces};
use crate::worker::{Grants, Worker};

/// What the command line says of a run; what it leaves open is in the config.
#[derive(Clone, Debug, Default)]
pub struct DevOptions {
    /// Address to listen on.
    pub ip: Option<IpAddr>,
    /// Port to listen on; 0 takes any that is free.
    pub port: Option<u16>,
    /// What to keep and show of the requests' hops.
    pub trace: TraceOptions,
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
    let listener = listen(config, options).await?;
    // Building runs other programs to their end; the signals of this one must be heard meanwhile.
    let component = tokio::task::block_in_place(|| guest::build(config))?;
    let needs_images = config
        .bindings
        .iter()
        .any(|(_, kind)| *kind == BindingKind::Images);
    let program = std::env::current_exe().context("find the program's own file")?;
    let images = async {
        match needs_images {
            true => {
                let transports = options.trace.transports();
                ImagesProcess::start(program.clone(), transports, log.clone())
                    .await
                    .map(Some)
            }
            false => Ok(None),
        }
    };
    let (images, compiled) = tokio::join!(images, compile_apart(&program, &component));
    compiled?;
    let images = images.context("start the images process")?;
    let worker = Arc::new(load(config, &component, images.as_ref(), log.clone())?);
    let address = listener.local_addr()?;
    log.line(format_args!("{} is ready on http://{address}", config.name));
    // Asking is no call of the worker: it has connections of its own.
    let pool = images.as_ref().map(|images| Pool::new(images.socket()));
    let traces = Traces::new(options.trace, pool, log.clone());
    server::run(listener, worker, log, traces, shutdown).await;
    if let Some(images) = images {
        images.stop().await;
    }
    Ok(())
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
async fn compile_apart(program: &Path, component: &Path) -> anyhow::Result<()> {
    let Some(folder) = compile::cache_folder() else {
        return Ok(());
    };
    let stamp = compile::Stamp::of(component, &folder)?;
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

/// Loads the component and grants it what the config says.
///
/// # Errors
/// When it is not a component that this host can run.
pub fn load(
    config: &Config,
    component: &Path,
    images: Option<&ImagesProcess>,
    log: Log,
) -> anyhow::Result<Worker> {
    let engine = compile::engine(compile::cache_folder().as_deref())?;
    let compiled = compile::component(&engine, component)?;
    Ok(Worker::link(
        &engine,
        component,
        &compiled,
        grants(config, images),
        log,
    )?)
}

fn grants(config: &Config, images: Option<&ImagesProcess>) -> Grants {
    let mut bindings = Bindings::default();
    let mut kinds = serde_json::Map::new();
    for (name, kind) in &config.bindings {
        kinds.insert(name.clone(), kind.as_str().into());
        match (kind, images) {
            (BindingKind::Images, Some(images)) => {
                bindings.grant(name, Images::new(Pool::new(images.socket())));
            }
            // Only checked, not served: every call is refused by name.
            (BindingKind::Images, None) => {}
        }
    }
    let mut env = config.vars.clone();
    env.push((
        "BINDINGS".into(),
        serde_json::Value::Object(kinds).to_string(),
    ));
    Grants {
        env,
        bindings,
        limits: WorkerLimits {
            cpu: config.limits.cpu,
            memory: config.limits.memory_bytes,
        },
    }
}

/// The component of a worker that is only looked at, not run.
///
/// # Errors
/// When the worker cannot be built, or its component imports what this host lacks.
pub fn check(config: &Config, log: Log) -> anyhow::Result<PathBuf> {
    let component = guest::build(config)?;
    load(config, &component, None, log)?;
    Ok(component)
}
