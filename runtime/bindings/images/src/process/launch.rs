//! One child process, from its start until it says that it is ready; what it prints goes to the log.

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

/// How long the child may take to say that it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// How long what a dead child has said may take to arrive.
const TAIL_TIMEOUT: Duration = Duration::from_secs(1);
/// Lines of its standard error that are kept, in case it does not start.
const TAIL_LINES: usize = 10;

/// The means to start children that are all alike.
pub(super) struct Launcher {
    pub(super) program: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) settings: ImagesSettings,
    pub(super) log: Log,
}

/// A child that has said that it is ready.
pub(super) struct Running {
    pub(super) child: Child,
    pub(super) pid: u32,
    /// Its end tells the child to end. Held apart, because whoever waits for a child closes its input first.
    pub(super) stdin: Option<ChildStdin>,
}

/// Removes what a child that was killed has left behind, also when this program ends early.
impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
        if let Some(folder) = self.socket.parent() {
            // Made for this run alone; one that holds something else stays.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl Launcher {
    /// Starts a child and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the text has its last words.
    pub(super) async fn launch(&self) -> io::Result<Running> {
        self.make_folder()?;
        let mut child = self.spawn()?;
        let pid = child.id().unwrap_or_default();
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the images process has no output"));
        };
        let stdin = child.stdin.take();
        let words = StderrTail::default();
        let listening = tokio::spawn(follow(stderr, words.clone(), self.log.clone()));
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
            words.said(listening).await
        )))
    }

    /// Makes the socket's folder anew: a child that was told to end has taken it along.
    fn make_folder(&self) -> io::Result<()> {
        let Some(folder) = self.socket.parent() else {
            return Ok(());
        };
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    /// The command by which someone can see for himself.
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
            // A Ctrl-C on the terminal is for the runtime, which then takes this process down in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// Whether the child says that it is ready before its output ends.
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
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() == TAIL_LINES {
            words.pop_front();
        }
        words.push_back(line);
    }

    /// All that came to the end, as a text that follows the reason.
    async fn said(&self, mut listening: JoinHandle<()>) -> String {
        if tokio::time::timeout(TAIL_TIMEOUT, &mut listening)
            .await
            .is_err()
        {
            // Someone whom the child started still holds its standard error.
            listening.abort();
        }
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match words.is_empty() {
            true => ", without a word".to_owned(),
            false => format!(
                "; its last words:{}",
                words
                    .iter()
                    .map(|line| format!("\n    {line}"))
                    .collect::<String>()
            ),
        }
    }
}

async fn follow(output: impl AsyncRead + Unpin, words: StderrTail, log: Log) {
    follow_lines(BufReader::new(output).lines(), words, log).await;
}

async fn follow_lines(
    mut lines: Lines<BufReader<impl AsyncRead + Unpin>>,
    words: StderrTail,
    log: Log,
) {
    while let Ok(Some(line)) = lines.next_line().await {
        log.line(format_args!("images | {line}"));
        words.keep(line);
    }
}
