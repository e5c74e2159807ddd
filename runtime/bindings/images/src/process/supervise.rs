//! What happens when the images process dies, hangs or misbehaves: it is replaced, after a pause that grows while none is of use.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::call::{Link, State, Unhealthy};
use super::health;
use super::kill::{KillRequests, KillWaiters};
use super::launch::{Launcher, Running};
use safelight_hop::log::{Log, Time};

/// How long the child may take to finish its requests when it is told to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(12);
/// Pause before the first restart; it doubles with every failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause before a restart.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// A child that lived this long was well, and so was one that answered a call: the next pause is the first one again.
const WELL_TIME: Duration = Duration::from_secs(10);
/// Failed starts in a row after which the log says how to look into it.
const FAILURES_TO_EXPLAIN: u32 = 3;

pub(super) struct Supervisor {
    pub(super) launcher: Launcher,
    pub(super) link: Arc<Link>,
    pub(super) state: watch::Sender<State>,
    pub(super) log: Log,
}

/// Why a watched child is not running any more.
enum Ended {
    ByRequest,
    Otherwise(String),
}

impl Supervisor {
    /// Watches one child after the other until told to stop, and leaves nothing behind.
    pub(super) async fn run(
        self,
        running: Running,
        mut stopped: oneshot::Receiver<()>,
        mut kills: KillRequests,
    ) {
        self.watch_all(running, &mut stopped, &mut kills).await;
        self.state.send_replace(State::Down);
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
            self.state.send_replace(State::Up(process));
            let started = Instant::now();
            match self.watch(running, process, stopped, kills).await {
                Ended::ByRequest => return,
                Ended::Otherwise(how) => {
                    if self.link.has_answered(process) || started.elapsed() > WELL_TIME {
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

    /// Watches one child until its end; one that is of no use any more is killed.
    async fn watch(
        &self,
        mut running: Running,
        process: u64,
        stopped: &mut oneshot::Receiver<()>,
        kills: &mut KillRequests,
    ) -> Ended {
        // Dropped last, when nobody is sent to the process any more.
        let mut waiting = KillWaiters::default();
        let in_flight = self.link.in_flight();
        let ended = tokio::select! {
            // Also when the handle was dropped: nobody needs the process any more.
            _ = stopped => {
                drop(running.stdin.take());
                if tokio::time::timeout(STOP_TIMEOUT, running.child.wait()).await.is_err() {
                    let _ = running.child.kill().await;
                }
                return Ended::ByRequest;
            }
            status = kills.end_of(&mut running.child, &mut waiting) => match status {
                Ok(status) => format!("ended: {status}"),
                Err(error) => format!("is lost: {error}"),
            },
            trouble = self.link.trouble(process) => killed(trouble.as_str()),
            why = health::fails(&self.launcher.socket, running.pid, in_flight) => killed(&why),
        };
        // First of all nobody may be sent to it any more.
        self.state.send_replace(State::Down);
        self.link.pool.drop_idle();
        let _ = running.child.kill().await;
        Ended::Otherwise(ended)
    }

    /// Starts children until one is ready; `None` when told to stop meanwhile.
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

    fn explain(&self, error: &std::io::Error, failures: u32) {
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

fn killed(why: &str) -> String {
    format!("{why}, and was killed")
}

impl Unhealthy {
    fn as_str(self) -> &'static str {
        match self {
            Self::RefusesConnections => "refuses connections",
            Self::BreaksProtocol => "answers garbage",
        }
    }
}
