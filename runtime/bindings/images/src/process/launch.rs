//! The start of one child process until it is ready. Its output goes to the log.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use safelight_hop::log::Log;
use safelight_protocol::settings::ImagesSettings;

use super::READY_LINE;

/// Maximum wait for the child to be ready.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum wait for the rest of the output of a child that has ended.
const TAIL_TIMEOUT: Duration = Duration::from_secs(1);
/// The maximum length of a line of a child's output, in bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024;
/// Maximum lines of its standard error that are kept for the error of a failed start.
const TAIL_LINES: usize = 10;

/// The variables of the environment that a child gets. The others may be secrets.
const ENVIRONMENT: [&str; 3] = ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE", "RUST_LOG"];

/// Returns the part of this process's environment that a child gets.
fn kept_environment() -> impl Iterator<Item = (&'static str, OsString)> {
    ENVIRONMENT
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
}

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
    /// Fails when it does not become ready. The text has the end of its standard error.
    pub(super) async fn launch(&self) -> io::Result<Running> {
        self.make_folder()?;
        let mut child = self.spawn()?;
        let pid = child.id().unwrap_or_default();
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the images process has no output"));
        };
        let stdin = child.stdin.take();
        let tail = StderrTail::default();
        let stderr = BufReader::new(stderr);
        let reading = tokio::spawn(follow(stderr, Some(tail.clone()), self.log.clone()));
        let mut output = BufReader::new(stdout);
        let started = async {
            match self.ready(&mut output).await? {
                true => Ok::<_, io::Error>(None),
                // A child may close its output and live on.
                false => child.wait().await.map(Some),
            }
        };
        let failure = match tokio::time::timeout(READY_TIMEOUT, started).await {
            Ok(Ok(None)) => {
                tokio::spawn(follow(output, None, self.log.clone()));
                return Ok(Running { child, pid, stdin });
            }
            Ok(Ok(Some(status))) => format!("it ended with {status}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it was not ready after {} s", READY_TIMEOUT.as_secs()),
        };
        let _ = child.kill().await;
        Err(io::Error::other(format!(
            "{failure}{}",
            tail.text(reading).await
        )))
    }

    /// Makes the socket's folder again: a child removes it at its end. Another user may have made a folder of the name
    /// meanwhile, and would own the socket in it.
    ///
    /// # Errors
    /// Fails when it cannot be made, is not this user's or is open to others.
    fn make_folder(&self) -> io::Result<()> {
        let Some(folder) = self.socket.parent() else {
            return Ok(());
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let metadata = folder.symlink_metadata()?;
        let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
        match metadata.is_dir() && is_own && metadata.mode() & 0o077 == 0 {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "{} is not a folder of this user alone",
                folder.display()
            ))),
        }
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
            .env_clear()
            .envs(kept_environment())
            // The project's folder may hold secrets.
            .current_dir("/")
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

    /// Waits until the child is ready. Returns whether that came before the end of its output.
    async fn ready(&self, output: &mut BufReader<ChildStdout>) -> io::Result<bool> {
        while let Some(line) = next_line(output).await? {
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

/// Logs the lines of a child's output, and keeps the last ones in `tail`.
async fn follow(mut output: impl AsyncBufRead + Unpin, tail: Option<StderrTail>, log: Log) {
    while let Ok(Some(line)) = next_line(&mut output).await {
        log.line(format_args!("images | {line}"));
        if let Some(tail) = &tail {
            tail.keep(line);
        }
    }
}

/// Reads a line, without its end; none at the end of the output. Bytes that are not UTF-8 are replaced, and a line that is
/// longer than [`MAX_LINE_BYTES`] is several.
async fn next_line(output: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut limited = AsyncReadExt::take(output, MAX_LINE_BYTES);
    if limited.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&bytes);
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Some(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use safelight_hop::log::{Log, MemoryLog};
    use safelight_protocol::settings::ImagesSettings;
    use tempfile::TempDir;
    use tokio::time;

    use super::{Launcher, READY_TIMEOUT};

    /// Longest wait of a test for anything.
    const TEST_TIMEOUT: Duration = Duration::from_secs(60);

    /// A launcher of a shell script, and its log.
    fn launcher(folder: &TempDir, script: &str) -> (Launcher, MemoryLog) {
        let (source, program) = (folder.path().join("source"), folder.path().join("program"));
        std::fs::write(&source, format!("#!/bin/sh\n{script}\n")).unwrap();
        // A file that this program wrote is busy while another test's child still has its descriptor.
        let install = Command::new("install")
            .args(["-m", "700"])
            .args([&source, &program])
            .status();
        assert!(install.unwrap().success());
        let log = MemoryLog::default();
        let launcher = Launcher {
            program,
            socket: folder.path().join("run/images.sock"),
            settings: ImagesSettings::default(),
            log: Log::new(log.clone()),
        };
        (launcher, log)
    }

    async fn wait_for(log: &MemoryLog, line: &str) {
        let is_there = async {
            while !log.text().contains(line) {
                tokio::task::yield_now().await;
            }
        };
        let waited = time::timeout(TEST_TIMEOUT, is_there).await;
        assert!(waited.is_ok(), "no {line:?} in {:?}", log.text());
    }

    #[tokio::test]
    async fn a_folder_that_others_can_write_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (launcher, log) = launcher(&folder, "echo images process ready; exec sleep 1000");
        let run = launcher.socket.parent().unwrap();
        std::fs::create_dir(run).unwrap();
        std::fs::set_permissions(run, std::fs::Permissions::from_mode(0o777)).unwrap();
        let error = launcher.launch().await.map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains("is not a folder of this user alone"),
            "{error}"
        );
        assert_eq!(log.text(), "");
    }

    #[tokio::test]
    async fn output_that_is_not_utf8_is_logged_and_read_on() {
        let folder = tempfile::tempdir().unwrap();
        let script = "printf 'one \\377\\n'\necho images process ready\n\
                      printf 'two \\377\\n'\necho three\nexec sleep 1000";
        let (launcher, log) = launcher(&folder, script);
        let running = launcher.launch().await.unwrap();
        wait_for(&log, "images | three\n").await;
        let text = log.text();
        assert_eq!(
            text,
            "images | one \u{fffd}\nimages | two \u{fffd}\nimages | three\n"
        );
        drop(running);
    }

    #[tokio::test]
    async fn a_child_that_closes_its_output_and_lives_on_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let script = "exec >&-\necho closed >&2\nexec sleep 1000";
        let (launcher, log) = launcher(&folder, script);
        let launching = tokio::spawn(async move { launcher.launch().await.map(|_| ()) });
        wait_for(&log, "images | closed\n").await;
        time::pause();
        time::advance(READY_TIMEOUT).await;
        time::resume();
        let launched = time::timeout(TEST_TIMEOUT, launching).await;
        let error = launched.expect("a start that ends").unwrap().unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("it was not ready after 20 s"), "{text}");
    }
}
