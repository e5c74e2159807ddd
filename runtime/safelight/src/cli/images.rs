//! The images process: its flags, its confinement, and its service.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;
use safelight_hop::log::Log;
use safelight_images::process::{Confinement, ImagesFiles, confine_images_process};
use safelight_images::{Limits, PixelProgram};
use safelight_images_client::READY_LINE;
use safelight_outgoing::Exception;
use safelight_protocol::settings::{
    ImagesSettings, JpegDecoder, MAX_DEADLINE_MS, MAX_MEMORY_BUDGET_MB, MAX_MEMORY_TOTAL_MB,
    MAX_TIME_BUDGET_MS, MIN_MEMORY_TOTAL_MB, Sandbox,
};
use tokio::io::AsyncReadExt;

use super::events::show_events;
use super::{interrupted, pixels};

/// The arguments of `safelight images`.
#[derive(Args)]
pub(super) struct ImagesArguments {
    /// Path of the Unix socket to serve on. Its folder must exist.
    #[arg(long)]
    socket: PathBuf,
    /// End when standard input ends.
    #[arg(long, hide = true)]
    end_with_stdin: bool,
    #[command(flatten)]
    flags: ImagesFlags,
}

/// An images process that is confined, and does not serve yet.
pub(super) struct ImagesService {
    socket: PathBuf,
    ends_with_stdin: bool,
    limits: Limits,
    program: PixelProgram,
    confinement: Confinement,
}

impl ImagesArguments {
    /// Confines this thread, and the threads that it starts later, to what the service needs.
    ///
    /// # Errors
    /// Fails when a setting is invalid, when the socket's folder does not exist, and when the confinement is required and
    /// cannot hold.
    pub(super) fn confine(self) -> anyhow::Result<ImagesService> {
        safelight_images::heap::limit_malloc_arenas();
        // The limits are read from files of the system.
        let limits = self.flags.limits()?;
        let program = pixels::program()?;
        let folder = match self.socket.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let files = ImagesFiles {
            program: &program.program,
            folder,
            removes_folder: self.end_with_stdin,
            crashers: limits.crashers.as_deref(),
        };
        let confinement = match folder.is_dir() {
            true => confine_images_process(limits.sandbox, files)
                .context("confine the images process")?,
            // The socket's own error names the folder.
            false => Confinement::default(),
        };
        Ok(ImagesService {
            socket: self.socket,
            ends_with_stdin: self.end_with_stdin,
            limits,
            program,
            confinement,
        })
    }
}

impl ImagesService {
    /// Serves until a signal, or the end of standard input.
    ///
    /// # Errors
    /// Fails when the socket cannot be bound, or the service cannot start.
    pub(super) async fn serve(self, log: &Log) -> anyhow::Result<()> {
        // Dropping the file removes it, after the last request.
        let bound = safelight_net::socket::bind(&self.socket)?;
        let interrupted = interrupted()?;
        show_events(std::io::stdout);
        self.confinement.warn("the images process");
        log.line(READY_LINE);
        let shutdown = async {
            tokio::select! {
                () = interrupted => {}
                () = stdin_ended(), if self.ends_with_stdin => {}
            }
        };
        let served =
            safelight_images::run(bound.listener, self.limits, self.program, shutdown).await;
        drop(bound.file);
        if self.ends_with_stdin
            && let Some(folder) = self.socket.parent()
        {
            // The folder was created for this run. If it has other content, it stays.
            let _ = std::fs::remove_dir(folder);
        }
        Ok(served?)
    }
}

/// Completes at the end of standard input, which the program that started this one closes when it exits.
async fn stdin_ended() {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0; 64];
    while matches!(stdin.read(&mut ignored).await, Ok(1..)) {}
}

/// The settings of the images process. Each flag has precedence over `--settings`.
#[derive(Args)]
pub(super) struct ImagesFlags {
    /// All settings as one JSON object, as the runtime gives them.
    #[arg(long, value_name = "JSON", hide = true, value_parser = settings)]
    settings: Option<ImagesSettings>,
    /// Keep the transport records of the last N calls, at GET /trace?request=<number> on the socket [default: 0].
    #[arg(long, value_name = "N")]
    trace_keep: Option<u16>,
    /// Milliseconds from the first byte of a request's head to its last [default: 30000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MAX_DEADLINE_MS))]
    header_read_ms: Option<u64>,
    /// Longest pause between the bytes of a request's body, in milliseconds [default: 30000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MAX_DEADLINE_MS))]
    body_read_ms: Option<u64>,
    /// Longest pause of a client in reading, in milliseconds [default: 300000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MAX_DEADLINE_MS))]
    write_ms: Option<u64>,
    /// Refuse what needs a trained model (gravity=face, segment, upscale=generate) instead of approximating it.
    #[arg(long)]
    strict: bool,
    /// Refuse AVIF as an input, as production does for most accounts.
    #[arg(long)]
    no_avif_input: bool,
    /// Longest time for the pixels of one request, in milliseconds [default: 60000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MAX_TIME_BUDGET_MS))]
    time_budget_ms: Option<u64>,
    /// Most memory for the pixels of one request, in megabytes [default: 2000].
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=MAX_MEMORY_BUDGET_MB))]
    memory_budget_mb: Option<u64>,
    /// Most memory for all requests and the pixel processes together, in megabytes [default: half of the machine's].
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(MIN_MEMORY_TOTAL_MB..=MAX_MEMORY_TOTAL_MB))]
    memory_total_mb: Option<u64>,
    /// Confinement of the processes that work on pixels: auto (what the kernel has), require, or off [default: auto].
    #[arg(long, value_name = "WORD")]
    sandbox: Option<Sandbox>,
    /// Keep the forms of requests that ended a pixel process in this folder, at most 100.
    #[arg(long, value_name = "DIR")]
    keep_crashers: Option<PathBuf>,
    /// Decoder of JPEG: turbo, or zune, which never shrinks while it decodes [default: turbo].
    #[arg(long, value_name = "NAME")]
    jpeg_decoder: Option<JpegDecoder>,
    /// Address that may be reached for fonts although it is not public: `loopback`, a host, an address or a range, the
    /// first three with a port if only that is meant; may be given several times.
    #[arg(long = "allow-address", value_name = "ADDRESS")]
    allowed_addresses: Vec<Exception>,
}

impl ImagesFlags {
    /// The limits of a service with these settings.
    ///
    /// # Errors
    /// Fails when `--settings` has an invalid address.
    pub(super) fn limits(self) -> anyhow::Result<Limits> {
        Limits::from_settings(&self.settings()).map_err(|why| anyhow!("--settings: {why}"))
    }

    fn settings(self) -> ImagesSettings {
        let mut settings = self.settings.unwrap_or_default();
        set(&mut settings.transports, self.trace_keep);
        let deadlines = &mut settings.deadlines;
        set(&mut deadlines.header_read_ms, self.header_read_ms);
        set(&mut deadlines.body_read_ms, self.body_read_ms);
        set(&mut deadlines.write_ms, self.write_ms);
        let pixels = &mut settings.pixels;
        pixels.strict |= self.strict;
        pixels.avif_input &= !self.no_avif_input;
        set(&mut pixels.time_budget_ms, self.time_budget_ms);
        set(&mut pixels.memory_budget_mb, self.memory_budget_mb);
        set(&mut pixels.memory_total_mb, self.memory_total_mb.map(Some));
        set(&mut pixels.jpeg_decoder, self.jpeg_decoder);
        set(&mut pixels.sandbox, self.sandbox);
        set(&mut settings.crashers, self.keep_crashers.map(Some));
        let addresses = self.allowed_addresses.iter().map(ToString::to_string);
        settings.allowed_addresses.extend(addresses);
        settings
    }
}

fn set<T>(setting: &mut T, flag: Option<T>) {
    if let Some(flag) = flag {
        *setting = flag;
    }
}

fn settings(json: &str) -> Result<ImagesSettings, serde_json::Error> {
    serde_json::from_str(json)
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use safelight_protocol::settings::{
        DeadlineSettings, ImagesSettings, JpegDecoder, PixelSettings, Sandbox,
    };

    use super::ImagesFlags;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        flags: ImagesFlags,
    }

    fn parsed(flags: &[&str]) -> ImagesSettings {
        let words = ["images"].iter().chain(flags);
        Program::parse_from(words).flags.settings()
    }

    fn other() -> ImagesSettings {
        ImagesSettings {
            deadlines: DeadlineSettings {
                header_read_ms: 1,
                body_read_ms: 2,
                write_ms: 3,
            },
            pixels: PixelSettings {
                strict: true,
                avif_input: false,
                time_budget_ms: 4,
                memory_budget_mb: 5,
                memory_total_mb: Some(700),
                jpeg_decoder: JpegDecoder::Zune,
                sandbox: Sandbox::Require,
            },
            allowed_addresses: vec!["[127.0.0.1]:80".into()],
            transports: 6,
            crashers: Some("/kept".into()),
        }
    }

    #[test]
    fn flags_and_json_give_the_same_settings() {
        let flags = [
            "--header-read-ms=1",
            "--body-read-ms=2",
            "--write-ms=3",
            "--strict",
            "--no-avif-input",
            "--time-budget-ms=4",
            "--memory-budget-mb=5",
            "--memory-total-mb=700",
            "--sandbox=require",
            "--jpeg-decoder=zune",
            "--allow-address=127.0.0.1:80",
            "--trace-keep=6",
            "--keep-crashers=/kept",
        ];
        assert_eq!(parsed(&flags), other());
        let json = serde_json::to_string(&other()).unwrap();
        assert_eq!(parsed(&["--settings", &json]), other());
    }

    #[test]
    fn settings_without_flags_are_the_defaults() {
        assert_eq!(parsed(&[]), ImagesSettings::default());
    }

    #[test]
    fn a_flag_has_precedence_over_the_json() {
        let json = serde_json::to_string(&other()).unwrap();
        let settings = parsed(&["--settings", &json, "--write-ms=9"]);
        assert_eq!(settings.deadlines.write_ms, 9);
        assert_eq!(settings.deadlines.body_read_ms, 2);
    }
}
