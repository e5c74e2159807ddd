//! Work on pixels: takes a process, admits the memory, watches the clock and the client.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use safelight_net::hang_up::HangUp;
use safelight_protocol::{ErrorCode, Format, ImageInfo};
use tokio::{sync::oneshot, task::spawn_blocking, time::timeout};

use super::{
    PixelProgram,
    admission::Admission,
    copy::{self, Form, not_sent},
    crashers::Crashers,
    handle::{IDLE_MEMORY, Launcher, PixelProcess},
    lane::{Lane, LaneJob, Turn},
    pool::Pool,
    run::{self, Ending, Label, Run},
    wire::Done,
};
use crate::{
    answer::Block, decode::SVG, error::ServiceError, limits::Limits, pipeline::Facts,
    queue::Permit, quota::Reservation,
};

/// The time in which a health check is answered, with its own result or that of the last one.
const HEALTH_WAIT: Duration = Duration::from_millis(200);

/// The time of the work of a health check in one process.
const HEALTH_TIME: Duration = Duration::from_secs(5);

/// The number of processes that are tried for one piece of work if they end before it begins.
const ATTEMPTS: u32 = 2;

/// All pixel processes of the service.
#[derive(Debug)]
pub(crate) struct Pixels {
    pool: Arc<Pool>,
    admission: Admission,
    lane: Lane,
    /// The result of the last finished health check.
    last_check: Mutex<Result<(), ServiceError>>,
    time: Duration,
    crashers: Option<Arc<Crashers>>,
}

/// A finished image, and the facts about it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) block: Block,
    pub(crate) content_type: &'static str,
    /// The facts about an image that was made of pixels; an SVG has none.
    pub(crate) facts: Option<Facts>,
}

/// The reason why work has no result.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The client has left.
    Gone,
    Error(ServiceError),
}

impl From<ServiceError> for Ended {
    fn from(error: ServiceError) -> Self {
        Self::Error(error)
    }
}

/// The input of one `/transform`, and what it holds until it ends.
#[derive(Debug)]
pub(crate) struct TransformInput {
    pub(crate) form: Form,
    pub(crate) permit: Permit,
    pub(crate) label: Label,
}

impl Pixels {
    /// Creates the processes' pool, and starts the first process.
    pub(crate) fn new(program: PixelProgram, limits: &Arc<Limits>) -> Arc<Self> {
        // The processes that may be idle: those of the pool, a spare, and the lane's. On a machine with many processors
        // and a small total, fewer are.
        let idle = IDLE_MEMORY.saturating_mul(limits.workers as u64 + 3);
        let idle = idle.min(limits.memory_total / 8);
        let reserved = idle.saturating_add(limits.forms_memory() as u64);
        let launcher = Launcher {
            program,
            limits: Arc::clone(limits),
        };
        let pool = Pool::new(launcher, limits.workers + 1);
        pool.start_spare();
        Arc::new(Self {
            pool,
            admission: Admission::new(
                limits.memory_total.saturating_sub(reserved),
                limits.pixels.memory,
                limits.memory_wait,
            ),
            lane: Lane::new(limits.queue),
            last_check: Mutex::new(Ok(())),
            time: limits.pixels.time,
            crashers: limits
                .crashers
                .as_deref()
                .map(|folder| Arc::new(Crashers::new(folder))),
        })
    }

    /// Does a tiny piece of work on pixels. A check that takes longer than a moment, because a process was stopped or waits
    /// for a processor, goes on, and its result is that of a later check: a slow process is no reason to end the service.
    ///
    /// # Errors
    /// Fails when the last finished check failed, in two processes.
    pub(crate) async fn check_health(self: &Arc<Self>) -> Result<(), ServiceError> {
        let pixels = Arc::clone(self);
        let check = tokio::spawn(async move { pixels.check_lane().await });
        let _slow = timeout(HEALTH_WAIT, check).await;
        let last = self.last_check.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Checks the lane, unless it is busy, and keeps the result.
    async fn check_lane(&self) {
        let Some(turn) = self.lane.try_turn() else {
            return;
        };
        let (_stays, mut left) = oneshot::channel();
        let label = Label::default();
        let checked = self
            .in_lane(&turn, LaneJob::CheckHealth, label, &mut left)
            .await;
        let mut last = self
            .last_check
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = checked.map(drop);
    }

    /// Reads the header of an image. The work ends soon after the client has left.
    ///
    /// # Errors
    /// Fails when it is not an image, its process fails, or the client has left.
    pub(crate) async fn info(
        self: &Arc<Self>,
        image: Bytes,
        reservation: Reservation,
        label: Label,
        client: &HangUp,
    ) -> Result<ImageInfo, Ended> {
        let pixels = Arc::clone(self);
        let work = |left| async move {
            let info = pixels.info_until(&image, label, left).await;
            drop(reservation);
            info
        };
        until_left(client, work).await
    }

    async fn info_until(
        &self,
        image: &Bytes,
        label: Label,
        mut left: oneshot::Receiver<()>,
    ) -> Result<ImageInfo, ServiceError> {
        let turn = tokio::select! {
            biased;
            _ = &mut left => return Err(run::left()),
            turn = self.lane.turn() => turn?,
        };
        let done = self.in_lane(&turn, LaneJob::Info(image), label, &mut left);
        match done.await? {
            Done::Info(info) => Ok(info),
            Done::Healthy | Done::Transform { .. } => Err(nonsense()),
        }
    }

    /// Does a piece of work in the lane's process, or in another one if that ends before it begins.
    async fn in_lane(
        &self,
        turn: &Turn<'_>,
        job: LaneJob<'_>,
        label: Label,
        left: &mut oneshot::Receiver<()>,
    ) -> Result<Done, ServiceError> {
        let time = match job {
            LaneJob::CheckHealth => HEALTH_TIME,
            LaneJob::Info(_) => self.time,
        };
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut process = match turn.take().await {
                Some(process) => process,
                None => self.take().await?,
            };
            let order = job.write(&mut process).map_err(|error| not_sent(&error))?;
            let run = Run::new(&self.admission, label, time, left);
            let ending = run.work(process, order).await;
            if ending.is_unbegun && attempts < ATTEMPTS {
                continue;
            }
            let is_nonsense = ending
                .done
                .as_ref()
                .is_ok_and(|done| !job.is_answered_by(done));
            match ending.process {
                Some(process) if is_nonsense => {
                    process.retire("it answered another question").await;
                    return Err(nonsense());
                }
                Some(process) => match process.check_reusable() {
                    Ok(()) => turn.give_back(process),
                    Err(why) => process.retire(why).await,
                },
                None => {}
            }
            return ending.done;
        }
    }

    /// Takes a process from the pool.
    async fn take(&self) -> Result<PixelProcess, ServiceError> {
        let taken = self.pool.take().await;
        taken.map_err(|error| not_started(&error))
    }

    /// Does a whole request. The work ends soon after the client has left.
    ///
    /// # Errors
    /// Fails when the request fails, or the client has left.
    pub(crate) async fn transform(
        self: &Arc<Self>,
        input: TransformInput,
        client: &HangUp,
    ) -> Result<Made, Ended> {
        let pixels = Arc::clone(self);
        let work = |left| async move { pixels.transform_until(input, left).await };
        until_left(client, work).await
    }

    async fn transform_until(
        &self,
        input: TransformInput,
        mut left: oneshot::Receiver<()>,
    ) -> Result<Made, ServiceError> {
        let TransformInput {
            form,
            permit,
            label,
        } = input;
        let copied = form.reservation.another();
        copied.reserve(copy::input_bytes(&form))?;
        let mut form = Arc::new(form);
        let kept = self.crashers.as_ref().map(|_| Arc::clone(&form));
        let mut attempts = 0;
        let (pid, ending) = loop {
            attempts += 1;
            let process = tokio::select! {
                biased;
                _ = &mut left => return Err(run::left()),
                process = self.take() => process?,
            };
            let pid = process.id();
            let written = Arc::clone(&form);
            let written = copy::in_background(move || copy::write_form(process, &written));
            let (process, job) = written.await?;
            let run = Run::new(&self.admission, label, self.time, &mut left);
            let mut ending = run.with_form(form).work(process, job).await;
            match ending.form.take() {
                Some(again) if ending.is_unbegun && attempts < ATTEMPTS => form = again,
                Some(_) | None => break (pid, ending),
            }
        };
        let is_crash = ending.is_crash;
        let result = self.result(ending).await;
        drop((copied, permit));
        if let (Some(crashers), Some(form), true) = (&self.crashers, kept, is_crash) {
            let crashers = Arc::clone(crashers);
            // The answer does not wait for the file.
            spawn_blocking(move || crashers.keep(&form.parts, pid));
        }
        result
    }

    /// Reads the result of a process, and gives the process back.
    async fn result(&self, ending: Ending) -> Result<Made, ServiceError> {
        let Ending {
            process,
            done,
            admitted,
            ..
        } = ending;
        let Some(process) = process else {
            return Err(done.err().unwrap_or_else(nonsense));
        };
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                self.pool.give_back(process, admitted).await;
                return Err(error);
            }
        };
        let found = match done {
            Done::Transform {
                length,
                content_type,
                facts,
            } => known_type(&content_type).map(|known| (length, known, facts)),
            Done::Healthy | Done::Info(_) => None,
        };
        let Some((length, content_type, facts)) = found else {
            process.retire("it answered another question").await;
            return Err(nonsense());
        };
        let (block, admitted) = match copy::read_result(&process, length, admitted).await {
            Ok(read) => read,
            Err(error) => {
                process.retire("its result could not be read").await;
                return Err(error);
            }
        };
        self.pool.give_back(process, admitted).await;
        Ok(Made {
            block,
            content_type,
            facts: facts.map(|facts| *facts),
        })
    }
}

/// Does a piece of work on a task of its own, which ends soon after the client has left.
///
/// # Errors
/// Fails when the work fails, or the client has left.
async fn until_left<T: Send + 'static, F>(
    client: &HangUp,
    work: impl FnOnce(oneshot::Receiver<()>) -> F,
) -> Result<T, Ended>
where
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    let (stays, left) = oneshot::channel();
    // The work goes on for a moment when the client leaves, and then ends in its own way.
    let work = tokio::spawn(work(left));
    let done = tokio::select! {
        biased;
        () = client.wait() => return Err(Ended::Gone),
        done = work => done,
    };
    drop(stays);
    match done {
        Ok(done) => Ok(done?),
        Err(panic) => {
            tracing::error!(%panic, "work on pixels panicked");
            let text = "the images process failed at this image; its log says where";
            Err(ServiceError::new(ErrorCode::Internal, text).into())
        }
    }
}

fn not_started(error: &io::Error) -> ServiceError {
    ServiceError::new(
        ErrorCode::Busy,
        format!("a pixel process did not start: {error}"),
    )
}

fn nonsense() -> ServiceError {
    ServiceError::new(
        ErrorCode::Internal,
        "a pixel process answered another question",
    )
}

/// Returns the content type that a pixel process names, if a result can have it.
pub(super) fn known_type(name: &str) -> Option<&'static str> {
    let formats = Format::ALL.iter().map(|format| format.content_type());
    let all = formats.chain(["application/json", SVG]);
    let mut known = all.filter(|known| *known == name);
    known.next()
}
