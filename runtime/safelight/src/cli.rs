//! The command line: flags, subcommands and the exit code.

mod av1;
mod events;
mod images;
mod r2;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use safelight_config::{Config, Loaded, Run};
use safelight_hop::faults::Fault;
use safelight_hop::log::Log;
use safelight_images::Limits;
use safelight_images_client::READY_LINE;
use safelight_worker::compile;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

use self::events::{EventWriter, show_events};
use self::images::ImagesFlags;
use crate::dev::{self, DevOptions};
use crate::front::traces::TraceOptions;
use crate::guest;

/// Runs worker code on your own machine with the bindings it would have in production.
#[derive(Parser)]
#[command(name = "safelight", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the worker in DIR and serve it, with its bindings; further workers are its services.
    Dev {
        #[command(flatten)]
        workers: Workers,
        /// Port to listen on; 0 takes any free port [default: dev.port of the config, else 8787].
        #[arg(long)]
        port: Option<u16>,
        /// Address to listen on [default: dev.ip of the config, else 127.0.0.1].
        #[arg(long)]
        ip: Option<IpAddr>,
        /// Break calls of a binding on purpose, as in `IMAGES:truncate=200000,nth=2,seed=7`; may be given several
        /// times.
        #[arg(long = "fault", value_name = "FAULT")]
        faults: Vec<Fault>,
        #[command(flatten)]
        trace: TraceOptions,
        /// Folder of the state of bindings [default: safelight.storage.state of the config, else .safelight/state beside
        /// it].
        #[arg(long, value_name = "FOLDER")]
        persist_to: Option<PathBuf>,
        /// Serve the bindings on a Unix socket too, for a foreign runtime such as workerd.
        #[arg(long, value_name = "PATH")]
        bindings_socket: Option<PathBuf>,
    },
    /// Build the worker in DIR and print the path of its component.
    Build {
        #[command(flatten)]
        project: Project,
    },
    /// Check the config and the worker in DIR without serving it.
    Check {
        #[command(flatten)]
        project: Project,
    },
    /// Put, get, list and delete the objects of the buckets that a config names.
    R2 {
        #[command(subcommand)]
        command: r2::R2Command,
    },
    /// Run the images process alone, for another runtime or a test.
    Images {
        /// Path of the Unix socket to serve on. Its folder must exist.
        #[arg(long)]
        socket: PathBuf,
        /// End when standard input ends.
        #[arg(long, hide = true)]
        end_with_stdin: bool,
        #[command(flatten)]
        flags: ImagesFlags,
    },
    /// Compile a component into the cache.
    #[command(hide = true)]
    Compile { component: PathBuf },
}

#[derive(Args)]
struct Project {
    /// Folder of the worker.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Environment of the config to use (`env.NAME`).
    #[arg(long)]
    env: Option<String>,
    /// Config file to use instead of the one in DIR.
    #[arg(long)]
    config: Option<PathBuf>,
}

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    if av1::is_decoder() {
        return av1::serve();
    }
    let cli = Cli::parse();
    // Before other threads start.
    if let Command::Images { .. } = cli.command {
        safelight_images::heap::limit_malloc_arenas();
    }
    let (log, log_writer) = Log::stdout();
    // The images process has one thread for its connections, and leaves the cores to the pixels.
    let mut runtime = match cli.command {
        Command::Dev { .. } => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    // A guest that spins is polled for a tick at a time, so I/O is polled often to keep the others fast.
    let runtime = runtime
        .enable_all()
        .event_interval(8)
        .build()
        .context("start the runtime");
    let result = runtime.and_then(|runtime| {
        let result = runtime.block_on(execute(cli.command, &log));
        // A blocking read of standard input may be in progress on a thread, and would delay the exit.
        runtime.shutdown_background();
        result
    });
    log_writer.finish();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the only place that prints the error with which the program ends"
)]
fn log_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

async fn execute(command: Command, log: &Log) -> anyhow::Result<()> {
    match command {
        Command::Dev {
            workers,
            port,
            ip,
            faults,
            trace,
            persist_to,
            bindings_socket,
        } => {
            let run = workers.load(log)?;
            let shutdown = interrupted()?;
            let events = log.clone();
            show_events(move || EventWriter(events.clone()));
            let options = DevOptions {
                ip,
                port,
                faults,
                trace,
                persist_to,
                bindings_socket,
            };
            dev::run(&run, &options, log.clone(), shutdown).await
        }
        Command::Build { project } => build(&project.load(log)?, log),
        Command::Check { project } => check(&project.load(log)?, log),
        Command::R2 { command } => command.run(log).await,
        Command::Images {
            socket,
            end_with_stdin,
            flags,
        } => {
            let end = match end_with_stdin {
                true => End::Stdin,
                false => End::Signal,
            };
            let mut limits = flags.limits()?;
            limits.pixels.decode.av1 = av1::decoder()?;
            images(&socket, limits, end, log).await
        }
        Command::Compile { component } => compile_into_cache(&component),
    }
}

fn build(config: &Config, log: &Log) -> anyhow::Result<()> {
    match guest::build(config)? {
        Some(component) => log.line(component.display()),
        None if config.build.is_none() => {
            bail!("{} has no `main` to build", config.file.display())
        }
        None => {}
    }
    Ok(())
}

fn check(config: &Config, log: &Log) -> anyhow::Result<()> {
    match dev::check(config, log)? {
        Some(component) => log.line(format_args!(
            "{} is a worker that can run here",
            component.display()
        )),
        None => log.line(format_args!(
            "{} can be served without a worker",
            config.name
        )),
    }
    Ok(())
}

impl Project {
    fn load(&self, log: &Log) -> anyhow::Result<Config> {
        let loaded = Config::load(&self.dir, self.config.as_deref(), self.env.as_deref())?;
        warn(&loaded, log);
        Ok(loaded.config)
    }
}

/// The workers of a run.
#[derive(Args)]
struct Workers {
    /// Folders of the workers; the first one answers, the others are services.
    #[arg(value_name = "DIR", default_value = ".")]
    dirs: Vec<PathBuf>,
    /// Environment of the configs to use (`env.NAME`).
    #[arg(long)]
    env: Option<String>,
    /// Config file to use instead of those in folders; may be given several times, as DIR may.
    #[arg(long, conflicts_with = "dirs")]
    config: Vec<PathBuf>,
}

impl Workers {
    fn load(&self, log: &Log) -> anyhow::Result<Run> {
        let paths = match self.config.as_slice() {
            [] => &self.dirs,
            _ => &self.config,
        };
        let (first, others) = paths.split_first().context("find a worker to run")?;
        let run = Run::load(first, others, self.env.as_deref())?;
        for loaded in std::iter::once(&run.first).chain(&run.others) {
            warn(loaded, log);
        }
        Ok(run)
    }
}

fn warn(loaded: &Loaded, log: &Log) {
    for warning in &loaded.warnings {
        log.warn(warning);
    }
}

fn compile_into_cache(component: &Path) -> anyhow::Result<()> {
    let engine = compile::engine(compile::cache_folder().as_deref())?;
    compile::component(&engine, component)?;
    Ok(())
}

/// The event that ends an images process, in addition to a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// No other event.
    Signal,
    /// The end of standard input, which the program that started it holds.
    Stdin,
}

async fn images(socket: &Path, limits: Limits, end: End, log: &Log) -> anyhow::Result<()> {
    // Dropping the file removes it, after the last request.
    let bound = safelight_net::socket::bind(socket)?;
    let interrupted = interrupted()?;
    show_events(std::io::stdout);
    log.line(READY_LINE);
    let shutdown = async {
        tokio::select! {
            () = interrupted => {}
            () = stdin_ended(), if end == End::Stdin => {}
        }
    };
    let served = safelight_images::run(bound.listener, limits, shutdown).await;
    drop(bound.file);
    if end == End::Stdin
        && let Some(folder) = socket.parent()
    {
        // The folder was created for this run. If it has other content, it stays.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(served?)
}

/// Completes at the end of standard input, which the program that started this one closes when it exits.
async fn stdin_ended() {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0; 64];
    while matches!(stdin.read(&mut ignored).await, Ok(1..)) {}
}

/// Completes at the first SIGINT or SIGTERM.
fn interrupted() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
