//! One piece of work in one process: its memory, its clock, its client, and its end.

use std::{io, sync::Arc, time::Duration};

use safelight_protocol::ErrorCode;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout},
};

use super::{
    admission::{Admission, Admitted},
    copy::Form,
    handle::PixelProcess,
    sys::OUT_OF_MEMORY,
    wire::{Done, Job, Order, Report, printable},
};
use crate::error::{ServiceError, out_of_memory};

/// The time that a process has beyond its deadline, which it checks itself, before it is killed.
const GRACE: Duration = Duration::from_millis(250);

/// The time in which a process begins. One that was stopped or killed while it was idle does not.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest time of one piece of work, whatever the settings say.
const MAX_TIME: Duration = Duration::from_secs(3_600);

/// The facts about a call that the process is not told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Label {
    /// The number of the client's request at the runtime, for the log.
    pub(crate) request: Option<u64>,
    /// Whether the process is killed when it has begun, to see what becomes of the call.
    pub(crate) crashes: bool,
}

/// One piece of work.
#[derive(Debug)]
pub(super) struct Run<'a> {
    admission: &'a Admission,
    /// The memory of the work, which is free again once its process is gone or idle.
    admitted: Option<Admitted>,
    label: Label,
    /// The form of the work, until its process has begun.
    form: Option<Arc<Form>>,
    stage: Stage,
    watch: Watch<'a>,
}

/// The stage of the work. A process reports the stages in their order, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The process may not have read its order.
    Ordered,
    Inspecting,
    Running,
    Encoding,
}

/// The end of a piece of work.
#[derive(Debug)]
pub(super) struct Ending {
    /// The process, if it may be used again. Otherwise it is gone.
    pub(super) process: Option<PixelProcess>,
    pub(super) done: Result<Done, ServiceError>,
    /// Whether the process died, or was killed for its time.
    pub(super) is_crash: bool,
    /// Whether the process ended before it began, so that the work is not the cause and may be tried again.
    pub(super) is_unbegun: bool,
    /// The form of work that has not begun.
    pub(super) form: Option<Arc<Form>>,
    /// The memory of the work, until its result is read.
    pub(super) admitted: Option<Admitted>,
}

impl<'a> Run<'a> {
    /// Begins the clock of a piece of work that may take this time. Its client has left when the other end of `left` is
    /// dropped.
    pub(super) fn new(
        admission: &'a Admission,
        label: Label,
        time: Duration,
        left: &'a mut oneshot::Receiver<()>,
    ) -> Self {
        Self {
            admission,
            admitted: None,
            label,
            form: None,
            stage: Stage::Ordered,
            watch: Watch::new(time, left),
        }
    }

    /// Holds the form until the process has begun, so that another process can do the work if this one does not begin.
    pub(super) fn with_form(self, form: Arc<Form>) -> Self {
        Self {
            form: Some(form),
            ..self
        }
    }

    /// Does the work to its end.
    pub(super) async fn work(mut self, mut process: PixelProcess, job: Job) -> Ending {
        let mut told = self.begin(&mut process, job).await;
        loop {
            match told {
                Ok(()) => {}
                Err(Stopped::Died(why)) => return self.died(process, &why).await,
                Err(Stopped::Late) => return self.kill(process).await,
            }
            told = match self.hear(&mut process).await {
                Ok(Report::Begun) if self.stage == Stage::Ordered => {
                    self.stage = Stage::Inspecting;
                    self.form = None;
                    Ok(())
                }
                Ok(Report::Planned { needed, held }) if self.stage == Stage::Inspecting => {
                    process.set_held(held);
                    self.stage = Stage::Running;
                    match self.admit(&mut process, needed).await {
                        Ok(()) => self.go_on(&mut process, needed).await,
                        Err(error) => return self.refuse(process, error).await,
                    }
                }
                Ok(Report::Encoding) if self.stage == Stage::Running => {
                    self.stage = Stage::Encoding;
                    Ok(())
                }
                Ok(Report::Done { done, held }) if self.stage != Stage::Ordered => {
                    process.set_held(held);
                    return self.end(Some(process), Ok(done));
                }
                Ok(Report::Failed {
                    code,
                    message,
                    held,
                }) if self.stage != Stage::Ordered => {
                    process.set_held(held);
                    let error = ServiceError::new(code, printable(&message));
                    return match may_go_on_after(code) {
                        true => self.end(Some(process), Err(error)),
                        false => self.retire(process, error).await,
                    };
                }
                Ok(
                    Report::Ready(_)
                    | Report::Begun
                    | Report::Planned { .. }
                    | Report::Encoding
                    | Report::Done { .. }
                    | Report::Failed { .. },
                ) => Err(Stopped::Died(io::ErrorKind::InvalidData.into())),
                Err(stopped) => Err(stopped),
            };
        }
    }

    /// Reads the next message. The first one comes at once.
    async fn hear(&mut self, process: &mut PixelProcess) -> Result<Report, Stopped> {
        match self.stage {
            Stage::Ordered => {
                let first = timeout(BEGIN_TIMEOUT, process.hear());
                let first = self.watch.within(async {
                    let late = |_late| Err(io::ErrorKind::TimedOut.into());
                    first.await.unwrap_or_else(late)
                });
                first.await
            }
            Stage::Inspecting | Stage::Running | Stage::Encoding => {
                self.watch.within(process.hear()).await
            }
        }
    }

    async fn begin(&mut self, process: &mut PixelProcess, job: Job) -> Result<(), Stopped> {
        process.check_silent()?;
        process.limit_memory(0)?;
        self.watch.within(process.tell(&Order::Begin(job))).await?;
        if self.label.crashes {
            process.start_kill();
            self.stage = Stage::Inspecting;
            return Err(Stopped::Died(io::Error::other("a fault killed it")));
        }
        Ok(())
    }

    /// Waits for the memory of the work, unless its client leaves. The wait costs no time of the work.
    async fn admit(&mut self, process: &mut PixelProcess, needed: u64) -> Result<(), ServiceError> {
        let watch = &mut self.watch;
        if watch.is_left {
            return Err(left());
        }
        let asked = Instant::now();
        // The account counts what the process holds once.
        process.stop_retaining();
        let admitted = tokio::select! {
            biased;
            _ = &mut *watch.left => {
                watch.leave();
                return Err(left());
            }
            admitted = self.admission.admit(needed) => admitted,
        };
        watch.extend(asked.elapsed());
        self.admitted = Some(admitted?);
        Ok(())
    }

    async fn go_on(&mut self, process: &mut PixelProcess, needed: u64) -> Result<(), Stopped> {
        process.limit_memory(needed)?;
        self.watch.within(process.tell(&Order::Admit)).await
    }

    /// Ends work that is planned and not admitted. Its process can go on.
    async fn refuse(mut self, mut process: PixelProcess, error: ServiceError) -> Ending {
        let told = self.watch.within(process.tell(&Order::Refuse)).await;
        if told.is_ok()
            && let Ok(Report::Failed { held, .. }) = self.watch.within(process.hear()).await
        {
            process.set_held(held);
            return self.end(Some(process), Err(error));
        }
        self.retire(process, error).await
    }

    /// Ends a process that must not be used again.
    async fn retire(self, process: PixelProcess, error: ServiceError) -> Ending {
        let (request, pid, code) = (self.label.request, process.id(), error.code.number());
        tracing::info!(request, pid, code, %error, "ended a pixel process after an error");
        let _status = process.kill().await;
        self.end(None, Err(error))
    }

    /// Kills a process whose time is over, or whose client has left.
    async fn kill(self, process: PixelProcess) -> Ending {
        let is_left = self.watch.is_left;
        let error = match is_left {
            true => left(),
            false => self.watch.late(),
        };
        let (request, pid, code) = (self.label.request, process.id(), error.code.number());
        tracing::warn!(request, pid, code, %error, "killed a pixel process");
        let _status = process.kill().await;
        let is_unbegun = self.stage == Stage::Ordered && !is_left;
        Ending {
            is_crash: !is_left && !is_unbegun,
            is_unbegun,
            ..self.end(None, Err(error))
        }
    }

    /// Returns the error for a process that has ended, or whose messages make no sense, once it is gone.
    async fn died(self, process: PixelProcess, why: &io::Error) -> Ending {
        let pid = process.id();
        let status = process.ended().await;
        let error = match &status {
            Ok(status) if status.code() == Some(OUT_OF_MEMORY) => out_of_memory(),
            _ if self.stage == Stage::Ordered => {
                let text = "a pixel process ended before it began";
                ServiceError::new(ErrorCode::Internal, text)
            }
            _ if self.stage == Stage::Encoding => {
                let text = "the encoder failed at this image; the log says how";
                ServiceError::new(ErrorCode::EncodingFailed, text)
            }
            _ => {
                let text = "reading or changing this image failed; the log says how";
                ServiceError::new(ErrorCode::DecodingFailed, text)
            }
        };
        let how = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let (request, code) = (self.label.request, error.code.number());
        tracing::error!(request, pid, code, how, %why, "a pixel process ended");
        let is_unbegun = self.stage == Stage::Ordered;
        Ending {
            is_crash: !is_unbegun,
            is_unbegun,
            ..self.end(None, Err(error))
        }
    }

    fn end(self, process: Option<PixelProcess>, done: Result<Done, ServiceError>) -> Ending {
        Ending {
            process,
            done,
            is_crash: false,
            is_unbegun: false,
            form: self.form,
            admitted: self.admitted,
        }
    }
}

/// Returns whether a process may do another request after this error of the last one. It may not if a codec failed or
/// stopped half way.
const fn may_go_on_after(code: ErrorCode) -> bool {
    match code {
        ErrorCode::InputTooLarge
        | ErrorCode::FetchFailed
        | ErrorCode::NotAnImage
        | ErrorCode::TooManyPixels
        | ErrorCode::BadRequest
        | ErrorCode::MalformedRequest => true,
        ErrorCode::Unreachable
        | ErrorCode::DecodingFailed
        | ErrorCode::EncodingFailed
        | ErrorCode::Busy
        | ErrorCode::Internal
        | ErrorCode::Consumed
        | ErrorCode::Aborted
        | ErrorCode::DeadlinePassed => false,
    }
}

pub(super) fn left() -> ServiceError {
    ServiceError::new(ErrorCode::Aborted, "the client left before its answer")
}

/// The clock of one piece of work, and its client.
#[derive(Debug)]
struct Watch<'a> {
    time: Duration,
    until: Instant,
    left: &'a mut oneshot::Receiver<()>,
    is_left: bool,
}

/// The reason why an exchange with a process is not complete.
enum Stopped {
    /// The process has closed its socket, or sent nonsense.
    Died(io::Error),
    /// The time is over.
    Late,
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Died(error)
    }
}

impl<'a> Watch<'a> {
    fn new(time: Duration, left: &'a mut oneshot::Receiver<()>) -> Self {
        Self {
            time,
            until: Instant::now() + time.min(MAX_TIME) + GRACE,
            left,
            is_left: false,
        }
    }

    /// Gives the work more time.
    fn extend(&mut self, time: Duration) {
        self.until += time;
    }

    /// Gives the work a last moment, in which it may end in its own way.
    fn leave(&mut self) {
        self.is_left = true;
        self.until = self.until.min(Instant::now() + GRACE);
    }

    /// Waits for a part of an exchange, the end of the time, or the end of the moment after the client has left.
    ///
    /// The clock and the client come first, so that a process that never stops to talk cannot keep them waiting.
    async fn within<T>(&mut self, part: impl Future<Output = io::Result<T>>) -> Result<T, Stopped> {
        let mut part = std::pin::pin!(part);
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.until) => return Err(Stopped::Late),
                _ = &mut *self.left, if !self.is_left => self.leave(),
                part = &mut part => return Ok(part?),
            }
        }
    }

    fn late(&self) -> ServiceError {
        let ms = self.time.as_millis();
        ServiceError::new(
            ErrorCode::DeadlinePassed,
            format!("the pixels took longer than {ms} ms, which is the most a request may have"),
        )
    }
}
