//! The command line: flags, subcommands and the exit code.

mod events;
mod images;
mod pixels;
mod r2;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand};
use safelight_config::{Config, Loaded, Run};
use safelight_hop::faults::Fault;
use safelight_hop::log::Log;
use safelight_worker::compile;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use self::events::{EventWriter, show_events};
use self::images::ImagesArguments;
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
        /// Keep the forms of Images calls that ended a pixel process in this folder, at most 100.
        #[arg(long, value_name = "DIR")]
        keep_crashers: Option<PathBuf>,
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
    Images(#[command(flatten)] ImagesArguments),
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
    if pixels::is_pixel_process() {
        return pixels::serve();
    }
    match run_command(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log_error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run_command(command: Command) -> anyhow::Result<()> {
    let one_thread = Builder::new_current_thread;
    match command {
        Command::Dev {
            workers,
            port,
            ip,
            faults,
            trace,
            persist_to,
            keep_crashers,
            bindings_socket,
        } => {
            let options = DevOptions {
                ip,
                port,
                faults,
                trace,
                persist_to,
                keep_crashers,
                bindings_socket,
            };
            block_on(Builder::new_multi_thread(), async |log| {
                let run = workers.load(log)?;
                let shutdown = interrupted()?;
                let events = log.clone();
                show_events(move || EventWriter(events.clone()));
                dev::run(&run, &options, log.clone(), shutdown).await
            })
        }
        Command::Build { project } => {
            block_on(one_thread(), async |log| build(&project.load(log)?, log))
        }
        Command::Check { project } => {
            block_on(one_thread(), async |log| check(&project.load(log)?, log))
        }
        Command::R2 { command } => block_on(one_thread(), async |log| command.run(log).await),
        Command::Images(arguments) => {
            // Other threads would not be confined, so this comes before any starts.
            let service = arguments.confine()?;
            // It has one thread for its connections, and leaves the cores to the pixels.
            block_on(one_thread(), async |log| service.serve(log).await)
        }
        Command::Compile { component } => compile_into_cache(&component),
    }
}

/// Runs a command on a runtime, with a log to standard output, which is complete when the command has ended.
fn block_on(
    mut runtime: Builder,
    command: impl AsyncFnOnce(&Log) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (log, log_writer) = Log::stdout();
    // A guest that spins is polled for a tick at a time, so I/O is polled often to keep the others fast.
    let runtime = runtime
        .enable_all()
        .event_interval(8)
        .build()
        .context("start the runtime");
    let result = runtime.and_then(|runtime| {
        let result = runtime.block_on(command(&log));
        // A blocking read of standard input may be in progress on a thread, and would delay the exit.
        runtime.shutdown_background();
        result
    });
    log_writer.finish();
    result
}

#[expect(
    clippy::print_stderr,
    reason = "the only place that prints the error with which the program ends"
)]
fn log_error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
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
