//! The supervisor of the images process. It replaces a process that dies, hangs or breaks the protocol, after a pause
//! that doubles with each failure in a row.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::health;
use super::kill::{KillRequests, KillWaiters};
use super::launch::{Launcher, Running};
use super::link::{Link, ProcessState, Unhealthy};
use safelight_hop::log::{Log, Time};

/// Maximum time for the child to finish its requests at its stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(12);
/// Pause before the first restart; it doubles with every failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Maximum pause before a restart.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// Uptime from which on a child counts as healthy, as one that has answered a call does. The pause is then the first
/// again.
const MIN_HEALTHY_UPTIME: Duration = Duration::from_secs(10);
/// Failed starts in a row after which the log names the command to run by hand.
const FAILURES_TO_EXPLAIN: u32 = 3;

pub(super) struct Supervisor {
    pub(super) launcher: Launcher,
    pub(super) link: Arc<Link>,
    pub(super) state: watch::Sender<ProcessState>,
    pub(super) log: Log,
}

/// The end of a watched child.
enum WatchEnd {
    Stopped,
    Failed(String),
}

impl Supervisor {
    /// Watches one child after the other until it is stopped.
    pub(super) async fn run(
        self,
        running: Running,
        mut stopped: oneshot::Receiver<()>,
        mut kills: KillRequests,
    ) {
        self.watch_all(running, &mut stopped, &mut kills).await;
        self.state.send_replace(ProcessState::Down);
        self.link.pool.drop_idle();
    }

    async fn watch_all(
        &self,
        mut running: Running,
        stopped: &mut oneshot::Receiver<()>,
        kills: &mut KillRequests,
    ) {
        let mut pause = FIRST_PAUSE;
        for process in 0.. {
            self.state.send_replace(ProcessState::Up(process));
            let started = Instant::now();
            match self.watch(running, process, stopped, kills).await {
                WatchEnd::Stopped => return,
                WatchEnd::Failed(how) => {
                    if self.link.has_answered(process) || started.elapsed() > MIN_HEALTHY_UPTIME {
                        pause = FIRST_PAUSE;
                    }
                    let pause = Time(pause);
                    self.log.warn(format_args!(
                        "the images process {how}; it is restarted in {pause}"
                    ));
                }
            }
            running = match self.replace(&mut pause, stopped).await {
                Some(running) => running,
                None => return,
            };
        }
    }

    /// Watches one child until its end. An unhealthy child is killed.
    async fn watch(
        &self,
        mut running: Running,
        process: u64,
        stopped: &mut oneshot::Receiver<()>,
        kills: &mut KillRequests,
    ) -> WatchEnd {
        // Dropped last, when no call goes to the process any more.
        let mut waiting = KillWaiters::default();
        let in_flight = self.link.in_flight();
        let unhealthy = tokio::select! {
            // The sockets of a child that ends are closed before its end is known.
            biased;
            // An error means that the handle was dropped, which stops the process too.
            _ = stopped => {
                drop(running.stdin.take());
                if tokio::time::timeout(STOP_TIMEOUT, running.child.wait()).await.is_err() {
                    let _ = running.child.kill().await;
                }
                return WatchEnd::Stopped;
            }
            () = kills.end_of(&mut running.child, &mut waiting) => None,
            unhealthy = self.link.unhealthy(process) => Some(unhealthy.as_str().to_owned()),
            why = health::until_unhealthy(&self.launcher.socket, running.pid, in_flight) => Some(why),
        };
        // Calls must not go to the process any more before it is killed.
        self.state.send_replace(ProcessState::Down);
        self.link.pool.drop_idle();
        let _ = running.child.start_kill();
        let status = running.child.wait().await;
        WatchEnd::Failed(describe_end(unhealthy.as_deref(), status, &waiting))
    }

    /// Starts children until one is ready; none when it is stopped meanwhile.
    async fn replace(
        &self,
        pause: &mut Duration,
        stopped: &mut oneshot::Receiver<()>,
    ) -> Option<Running> {
        for failures in 1.. {
            tokio::select! {
                () = tokio::time::sleep_until(Instant::now() + *pause) => {}
                _ = &mut *stopped => return None,
            }
            *pause = (*pause * 2).min(MAX_PAUSE);
            let launched = tokio::select! {
                launched = self.launcher.launch() => launched,
                _ = &mut *stopped => return None,
            };
            match launched {
                Ok(running) => {
                    self.log.line("the images process is back");
                    return Some(running);
                }
                Err(error) => self.explain(&error, failures),
            }
        }
        None
    }

    fn explain(&self, error: &io::Error, failures: u32) {
        self.log
            .warn(format_args!("failed to start the images process: {error}"));
        if failures.is_multiple_of(FAILURES_TO_EXPLAIN) {
            self.log.warn(format_args!(
                "it failed {failures} times in a row; to see why, run: {}",
                self.launcher.by_hand()
            ));
        }
    }
}

/// Describes the end of a child. One that counted as unhealthy because it was about to end has ended by itself, or by those
/// who asked for it.
pub(super) fn describe_end(
    unhealthy: Option<&str>,
    status: io::Result<ExitStatus>,
    waiting: &KillWaiters,
) -> String {
    match (unhealthy, status) {
        (Some(why), Ok(status)) if was_killed(status) && waiting.is_empty() => {
            format!("{why}, and was killed")
        }
        (_, Ok(status)) => format!("ended: {status}"),
        (_, Err(error)) => format!("is lost: {error}"),
    }
}

fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::KILL.as_raw())
}

impl Unhealthy {
    fn as_str(self) -> &'static str {
        match self {
            Self::RefusesConnections => "refuses connections",
            Self::BreaksProtocol => "answers garbage",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use rustix::process::Signal;

    use super::{KillWaiters, describe_end};

    const KILLED: i32 = Signal::KILL.as_raw();
    const FAULT: i32 = Signal::SEGV.as_raw();

    #[test]
    fn the_end_of_a_process_is_told_with_its_cause() {
        let end = |unhealthy, status| {
            let status = Ok(ExitStatus::from_raw(status));
            describe_end(unhealthy, status, &KillWaiters::default())
        };
        assert_eq!(end(None, FAULT), "ended: signal: 11 (SIGSEGV)");
        assert_eq!(
            end(Some("refuses connections"), KILLED),
            "refuses connections, and was killed"
        );
        // It refused connections because it ended.
        assert_eq!(
            end(Some("refuses connections"), FAULT),
            "ended: signal: 11 (SIGSEGV)"
        );
    }
}
