//! The start of one child process until it is ready. Its output goes to the log.

use std::collections::VecDeque;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use safelight_hop::log::Log;
use safelight_protocol::settings::ImagesSettings;

use super::READY_LINE;

/// Maximum wait for the child to be ready.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum wait for the rest of the output of a child that has ended.
const TAIL_TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum lines of its standard error that are kept for the error of a failed start.
const TAIL_LINES: usize = 10;

/// Starts children with the same settings.
pub(super) struct Launcher {
    pub(super) program: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) settings: ImagesSettings,
    pub(super) log: Log,
}

/// A child that is ready.
pub(super) struct Running {
    pub(super) child: Child,
    pub(super) pid: u32,
    /// The child ends when this is closed. It is held apart, because `Child::wait` closes the child's own.
    pub(super) stdin: Option<ChildStdin>,
}

/// Removes the socket of a killed child, also when this program ends early.
impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
        if let Some(folder) = self.socket.parent() {
            // The folder was made for this run alone. A folder with other files stays.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl Launcher {
    /// Starts a child and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready. The text has the end of its standard error.
    pub(super) async fn launch(&self) -> io::Result<Running> {
        self.make_folder()?;
        let mut child = self.spawn()?;
        let pid = child.id().unwrap_or_default();
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the images process has no output"));
        };
        let stdin = child.stdin.take();
        let tail = StderrTail::default();
        let reading = tokio::spawn(follow(stderr, tail.clone(), self.log.clone()));
        let mut output = BufReader::new(stdout).lines();
        let failure = match tokio::time::timeout(READY_TIMEOUT, self.ready(&mut output)).await {
            Ok(Ok(true)) => {
                tokio::spawn(follow_lines(
                    output,
                    StderrTail::default(),
                    self.log.clone(),
                ));
                return Ok(Running { child, pid, stdin });
            }
            Ok(Ok(false)) => format!("it ended with {}", child.wait().await?),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it was not ready after {} s", READY_TIMEOUT.as_secs()),
        };
        let _ = child.kill().await;
        Err(io::Error::other(format!(
            "{failure}{}",
            tail.text(reading).await
        )))
    }

    /// Makes the socket's folder again: a child removes it at its end.
    fn make_folder(&self) -> io::Result<()> {
        let Some(folder) = self.socket.parent() else {
            return Ok(());
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    /// The command that starts the process by hand.
    pub(super) fn by_hand(&self) -> String {
        format!(
            "{} images --socket {}",
            self.program.display(),
            self.socket.display()
        )
    }

    fn spawn(&self) -> io::Result<Child> {
        let settings = serde_json::to_string(&self.settings)?;
        Command::new(&self.program)
            .args(["images", "--end-with-stdin", "--socket"])
            .arg(&self.socket)
            .arg("--settings")
            .arg(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C on the terminal goes to the runtime alone, which then stops this process in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// Whether the child is ready before its output ends.
    async fn ready(&self, output: &mut Lines<BufReader<ChildStdout>>) -> io::Result<bool> {
        while let Some(line) = output.next_line().await? {
            if line == READY_LINE {
                return Ok(true);
            }
            self.log.line(format_args!("images | {line}"));
        }
        Ok(false)
    }
}

/// The last lines of a child's standard error.
#[derive(Clone, Default)]
struct StderrTail(Arc<Mutex<VecDeque<String>>>);

impl StderrTail {
    fn keep(&self, line: String) {
        let mut tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    }

    /// All lines up to the end of the output, as a text that follows the reason.
    async fn text(&self, mut reading: JoinHandle<()>) -> String {
        if tokio::time::timeout(TAIL_TIMEOUT, &mut reading)
            .await
            .is_err()
        {
            // A process that the child started still holds its standard error.
            reading.abort();
        }
        let tail = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tail.is_empty() {
            true => ", without output on standard error".to_owned(),
            false => format!(
                "; the end of its standard error:{}",
                tail.iter()
                    .map(|line| format!("\n    {line}"))
                    .collect::<String>()
            ),
        }
    }
}

async fn follow(output: impl AsyncRead + Unpin, tail: StderrTail, log: Log) {
    follow_lines(BufReader::new(output).lines(), tail, log).await;
}

async fn follow_lines(
    mut lines: Lines<BufReader<impl AsyncRead + Unpin>>,
    tail: StderrTail,
    log: Log,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        log.line(format_args!("images | {line}"));
        tail.keep(line);
    }
}
