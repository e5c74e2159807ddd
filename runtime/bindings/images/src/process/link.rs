//! The state that calls and the supervisor share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use safelight_hop::Body;
use safelight_hop::capacity::{Capacity, Holder, Permit};
use safelight_net::pool::Pool;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

/// Maximum wait of a call for a process that is being restarted. A restart takes some 200 ms.
pub(super) const RESTART_TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum calls at the same time. Further calls wait. The process takes 256 connections, and one must be left for its
/// health check.
pub(super) const MAX_CALLS: usize = 224;

/// Maximum wait of a call for the end of one of those. One whose upload or answer trickles gives way before.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// The state that calls and the supervisor share.
pub(super) struct Link {
    pub(super) pool: Pool<Body>,
    state: watch::Receiver<ProcessState>,
    calls: Capacity,
    in_flight: watch::Sender<usize>,
    report: watch::Sender<Option<UnhealthyReport>>,
    /// The number of the last process that has answered a call, plus one.
    answered: AtomicU64,
}

/// The state of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProcessState {
    /// The process of this number serves.
    Up(u64),
    Down,
}

/// A report that a process is unhealthy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct UnhealthyReport {
    /// The number of the process.
    process: u64,
    unhealthy: Unhealthy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unhealthy {
    RefusesConnections,
    BreaksProtocol,
}

impl Link {
    pub(super) fn new(pool: Pool<Body>, state: watch::Receiver<ProcessState>) -> Self {
        Self {
            pool,
            state,
            calls: Capacity::new(MAX_CALLS),
            in_flight: watch::channel(0).0,
            report: watch::channel(None).0,
            answered: AtomicU64::new(0),
        }
    }

    /// Returns whether the process of this number has answered a call.
    pub(super) fn has_answered(&self, process: u64) -> bool {
        self.answered.load(Ordering::Relaxed) > process
    }

    /// Notes that the process of this number has answered a call.
    pub(super) fn note_answer(&self, process: u64) {
        self.answered.fetch_max(process + 1, Ordering::Relaxed);
    }

    /// Begins a call, which waits while too many are in flight. Returns none if none of them ends within [`CALL_TIMEOUT`].
    pub(super) async fn begin(self: &Arc<Self>, holder: &Holder) -> Option<CallGuard> {
        let permit = timeout(CALL_TIMEOUT, self.calls.acquire(holder))
            .await
            .ok()?;
        self.in_flight.send_modify(|calls| *calls += 1);
        Some(CallGuard {
            link: self.clone(),
            _permit: permit,
        })
    }

    /// The number of calls that have not ended.
    pub(super) fn in_flight(&self) -> watch::Receiver<usize> {
        self.in_flight.subscribe()
    }

    /// Waits until a call reports the process, or an idle connection receives bytes.
    pub(super) async fn unhealthy(&self, process: u64) -> Unhealthy {
        tokio::select! {
            unhealthy = self.report_about(process) => unhealthy,
            () = self.pool.unsolicited_bytes() => Unhealthy::BreaksProtocol,
        }
    }

    async fn report_about(&self, process: u64) -> Unhealthy {
        let mut reports = self.report.subscribe();
        loop {
            match *reports.borrow_and_update() {
                Some(report) if report.process == process => return report.unhealthy,
                Some(_) | None => {}
            }
            // The channel cannot close: `self` holds its sender.
            let _ = reports.changed().await;
        }
    }

    pub(super) fn report_unhealthy(&self, process: u64, unhealthy: Unhealthy) {
        self.report
            .send_replace(Some(UnhealthyReport { process, unhealthy }));
    }

    /// The number of the process that serves, other than `except`.
    pub(super) async fn up(&self, except: Option<u64>, deadline: Instant) -> Option<u64> {
        let mut state = self.state.clone();
        let other = |state: &ProcessState| matches!(state, ProcessState::Up(process) if Some(*process) != except);
        match timeout_at(deadline, state.wait_for(other)).await {
            Ok(Ok(state)) => match *state {
                ProcessState::Up(process) => Some(process),
                ProcessState::Down => None,
            },
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

/// Counts a call as in flight until it is dropped.
pub(super) struct CallGuard {
    link: Arc<Link>,
    _permit: Permit,
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.link
            .in_flight
            .send_modify(|calls| *calls = calls.saturating_sub(1));
    }
}

impl CallGuard {
    pub(super) fn link(&self) -> &Link {
        &self.link
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use safelight_hop::capacity::Holder;
    use safelight_net::Deadlines;
    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::{CALL_TIMEOUT, Link, MAX_CALLS, ProcessState, RESTART_TIMEOUT};
    use safelight_net::pool::Pool;

    fn link(state: ProcessState) -> (watch::Sender<ProcessState>, Link) {
        let (sender, states) = watch::channel(state);
        let pool = Pool::new("/nowhere/images.sock", Deadlines::default());
        (sender, Link::new(pool, states))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_a_process_that_is_being_restarted() {
        let (state, link) = link(ProcessState::Down);
        let waiting = link.up(None, Instant::now() + RESTART_TIMEOUT);
        let back = async { state.send_replace(ProcessState::Up(1)) };
        assert_eq!(tokio::join!(waiting, back).0, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_refused_waits_for_another_process() {
        let (state, link) = link(ProcessState::Up(1));
        let waiting = link.up(Some(1), Instant::now() + RESTART_TIMEOUT);
        let restart = async {
            state.send_replace(ProcessState::Down);
            state.send_replace(ProcessState::Up(2))
        };
        assert_eq!(tokio::join!(waiting, restart).0, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_the_end_of_another_and_not_for_ever() {
        let (_state, link) = link(ProcessState::Up(1));
        let link = Arc::new(link);
        let mut calls = Vec::new();
        let holder = Holder::new(1, Arc::default());
        for _ in 0..MAX_CALLS {
            calls.push(link.begin(&holder).await.unwrap());
        }
        let started = Instant::now();
        assert!(link.begin(&holder).await.is_none());
        assert!(started.elapsed() >= CALL_TIMEOUT);
        let ends = async { drop(calls.pop()) };
        assert!(tokio::join!(link.begin(&holder), ends).0.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_does_not_wait_for_ever() {
        let (_state, link) = link(ProcessState::Down);
        let started = Instant::now();
        assert_eq!(link.up(None, started + RESTART_TIMEOUT).await, None);
        assert!(started.elapsed() >= RESTART_TIMEOUT);
    }
}
