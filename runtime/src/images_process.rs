//! The images process from the runtime's side: start it, know when it serves, start it again, take it down.
//!
//! The child's standard input is a pipe that nobody writes to. It ends when this program ends, in whatever way, and the
//! child ends with it: no `kill -9` leaves an images process behind.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::log::Log;

/// What the child writes, on a line of its own, once it takes requests.
pub const READY_LINE: &str = "images process ready";
/// How long the child may take to say that it is ready.
const READY_TIME: Duration = Duration::from_secs(20);
/// How long the child may take to finish its requests when it is told to end.
const STOP_TIME: Duration = Duration::from_secs(12);
/// Pause before the first restart; it doubles with every failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A child that lived this long was well: the next pause is the first one again.
const WELL_TIME: Duration = Duration::from_secs(10);
/// Failed starts in a row after which the log says how to look into it.
const FAILURES_TO_EXPLAIN: u32 = 3;

/// The running images process and whoever watches it.
pub struct ImagesProcess {
    socket: PathBuf,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
}

impl ImagesProcess {
    /// Starts `program` as an images process on a private socket and waits until it serves. It keeps what its
    /// transport did for so many calls.
    ///
    /// # Errors
    /// When it cannot be started or ends before it is ready; its own words are in the log by then.
    pub async fn start(program: PathBuf, transports: u16, log: Log) -> std::io::Result<Self> {
        let socket = private_socket();
        let launcher = Launcher {
            program,
            socket: socket.clone(),
            transports,
            log,
        };
        let running = launcher.launch().await?;
        let (stop, stopped) = oneshot::channel();
        let supervisor = tokio::spawn(launcher.supervise(running, stopped));
        Ok(Self {
            socket,
            stop,
            supervisor,
        })
    }

    /// The socket on which it serves.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Lets it finish its requests and waits for its end.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.supervisor.await;
    }
}

/// A path that nobody else uses. The images process makes the folder, for its own user alone.
fn private_socket() -> PathBuf {
    let base = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    base.join(format!("safelight-{}-{nanos:x}", std::process::id()))
        .join("images.sock")
}

struct Launcher {
    program: PathBuf,
    socket: PathBuf,
    transports: u16,
    log: Log,
}

/// A child that has said that it is ready.
struct Running {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

/// Why a watched child is not running any more.
enum Ended {
    ByRequest,
    ByItself(String),
}

impl Launcher {
    async fn launch(&self) -> std::io::Result<Running> {
        let mut child = Command::new(&self.program)
            .args(["images", "--end-with-stdin", "--socket"])
            .arg(&self.socket)
            .args(["--trace-keep", &self.transports.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            // A Ctrl-C on the terminal is for the runtime, which then takes this process down in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let Some(stdout) = child.stdout.take() else {
            return Err(std::io::Error::other("the images process has no output"));
        };
        let mut output = BufReader::new(stdout).lines();
        let ready = async {
            while let Some(line) = output.next_line().await? {
                if line == READY_LINE {
                    return Ok(true);
                }
                self.log.line(format_args!("images | {line}"));
            }
            Ok::<_, std::io::Error>(false)
        };
        match tokio::time::timeout(READY_TIME, ready).await {
            Ok(Ok(true)) => Ok(Running { child, output }),
            Ok(Ok(false)) => {
                let status = child.wait().await?;
                Err(std::io::Error::other(format!(
                    "the images process ended with {status}"
                )))
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(std::io::Error::other(format!(
                "the images process was not ready after {} s",
                READY_TIME.as_secs()
            ))),
        }
    }

    async fn supervise(self, mut running: Running, mut stopped: oneshot::Receiver<()>) {
        let mut pause = FIRST_PAUSE;
        let mut failures = 0;
        loop {
            let started = Instant::now();
            match self.watch(running, &mut stopped).await {
                Ended::ByRequest => return,
                Ended::ByItself(how) => {
                    self.log.warn(format_args!(
                        "the images process ended: {how}; it is restarted"
                    ));
                }
            }
            if started.elapsed() > WELL_TIME {
                pause = FIRST_PAUSE;
            }
            running = loop {
                tokio::select! {
                    () = tokio::time::sleep_until(Instant::now() + pause) => {}
                    _ = &mut stopped => return,
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
                match self.launch().await {
                    Ok(running) => {
                        self.log.line("the images process is back");
                        break running;
                    }
                    Err(error) => {
                        failures += 1;
                        self.explain(&error, failures);
                    }
                }
            };
            failures = 0;
        }
    }

    fn explain(&self, error: &std::io::Error, failures: u32) {
        self.log
            .warn(format_args!("failed to start the images process: {error}"));
        if failures.is_multiple_of(FAILURES_TO_EXPLAIN) {
            self.log.warn(format_args!(
                "it failed {failures} times in a row; to see why, run: {} images --socket {}",
                self.program.display(),
                self.socket.display()
            ));
        }
    }

    /// Passes on what the child prints until it ends, by itself or because it was told to.
    async fn watch(&self, mut running: Running, stopped: &mut oneshot::Receiver<()>) -> Ended {
        loop {
            tokio::select! {
                line = running.output.next_line() => match line {
                    Ok(Some(line)) => self.log.line(format_args!("images | {line}")),
                    Ok(None) | Err(_) => break,
                },
                // Also when the handle was dropped: nobody needs the process any more.
                _ = &mut *stopped => {
                    drop(running.child.stdin.take());
                    if tokio::time::timeout(STOP_TIME, running.child.wait()).await.is_err() {
                        let _ = running.child.kill().await;
                    }
                    return Ended::ByRequest;
                }
            }
        }
        Ended::ByItself(match running.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        })
    }
}
