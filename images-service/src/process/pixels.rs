//! Work on pixels: takes a process, admits the memory, watches the clock and the client.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use bytes::Bytes;
use safelight_net::hang_up::HangUp;
use safelight_protocol::{ErrorCode, Format, ImageInfo};
use tokio::{
    sync::{Mutex, oneshot},
    task::spawn_blocking,
};

use super::{
    PixelProgram,
    admission::Admission,
    crashers::Crashers,
    handle::{Launcher, PixelProcess},
    pool::Pool,
    run::{self, Ending, Label, Run},
    wire::{Done, Job},
};
use crate::{
    answer::Block, decode::SVG, error::ServiceError, form::Parts, limits::Limits, options::FontUrl,
    pipeline::Facts, queue::Permit, quota::Reservation,
};

/// The longest wait of a planned request for its memory.
const ADMISSION_WAIT: Duration = Duration::from_secs(30);

/// The bytes of memory of a process that waits for work.
const IDLE_MEMORY: u64 = 16_000_000;

/// All pixel processes of the service.
#[derive(Debug)]
pub(crate) struct Pixels {
    pool: Arc<Pool>,
    admission: Admission,
    /// The process of `/info` and of health checks, so that a full queue never looks dead.
    lane: Mutex<Option<PixelProcess>>,
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
    pub(crate) parts: Parts,
    pub(crate) fonts: HashMap<FontUrl, Bytes>,
    pub(crate) reservation: Reservation,
    pub(crate) permit: Permit,
    pub(crate) label: Label,
}

impl Pixels {
    /// Creates the processes' pool, and starts the first process.
    pub(crate) fn new(program: PixelProgram, limits: &Arc<Limits>) -> Arc<Self> {
        // The processes that may be idle: those of the pool, a spare, and the lane's.
        let idle = IDLE_MEMORY.saturating_mul(limits.workers as u64 + 3);
        let launcher = Launcher {
            program,
            limits: Arc::clone(limits),
        };
        let pool = Pool::new(launcher, limits.workers + 1);
        pool.start_spare();
        Arc::new(Self {
            pool,
            admission: Admission::new(
                limits.memory_total.saturating_sub(idle),
                limits.pixels.memory,
                ADMISSION_WAIT,
            ),
            lane: Mutex::new(None),
            time: limits.pixels.time,
            crashers: limits
                .crashers
                .as_deref()
                .map(|folder| Arc::new(Crashers::new(folder))),
        })
    }

    /// Does a tiny piece of work on pixels. While the process for it is busy with `/info`, whose time is watched, the
    /// service counts as healthy.
    ///
    /// # Errors
    /// Fails when the work fails.
    pub(crate) async fn check_health(&self) -> Result<(), ServiceError> {
        let Ok(mut lane) = self.lane.try_lock() else {
            return Ok(());
        };
        let job = |_: &mut PixelProcess| Ok(Job::CheckHealth);
        let expect = |done| matches!(done, Done::Healthy).then_some(());
        self.in_lane(&mut lane, Label::default(), job, expect).await
    }

    /// Reads the header of an image.
    ///
    /// # Errors
    /// Fails when it is not an image, or its process fails.
    pub(crate) async fn info(&self, image: Bytes, label: Label) -> Result<ImageInfo, ServiceError> {
        let mut lane = self.lane.lock().await;
        let job = |process: &mut PixelProcess| {
            let ranges = process.write_input([&image].into_iter())?;
            let range = ranges.first().copied().ok_or(io::ErrorKind::InvalidData)?;
            Ok(Job::Info(range))
        };
        let expect = |done| match done {
            Done::Info(info) => Some(info),
            Done::Healthy | Done::Transform { .. } => None,
        };
        self.in_lane(&mut lane, label, job, expect).await
    }

    /// Does a piece of work in the lane's process, and takes the part of the result that `expect` finds. A process that is
    /// not given back to the lane is killed.
    async fn in_lane<T>(
        &self,
        lane: &mut Option<PixelProcess>,
        label: Label,
        job: impl FnOnce(&mut PixelProcess) -> io::Result<Job>,
        expect: impl FnOnce(Done) -> Option<T>,
    ) -> Result<T, ServiceError> {
        // It may have been killed while it was idle.
        let idle = lane
            .take()
            .and_then(|mut process| process.is_alive().then_some(process));
        let mut process = match idle {
            Some(process) => process,
            None => self.take().await?,
        };
        let (_stays, left) = oneshot::channel();
        let run = Run::new(&self.admission, label, self.time, left);
        let job = job(&mut process).map_err(|error| not_sent(&error))?;
        let Ending { process, done, .. } = run.work(process, job).await;
        let done = done.map(expect);
        if let Ok(None) = done {
            return Err(nonsense());
        }
        *lane = process.filter(|process| process.may_go_on() && process.release_large().is_ok());
        done?.ok_or_else(nonsense)
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
        let (stays, left) = oneshot::channel();
        let pixels = Arc::clone(self);
        // The work goes on for a moment when the client leaves, and then ends in its own way.
        let work = tokio::spawn(async move { pixels.transform_until(input, left).await });
        let made = tokio::select! {
            biased;
            () = client.wait() => return Err(Ended::Gone),
            made = work => made,
        };
        drop(stays);
        match made {
            Ok(made) => Ok(made?),
            Err(panic) => {
                tracing::error!(%panic, "work on pixels panicked");
                let text = "the images process failed at this image; its log says where";
                Err(ServiceError::new(ErrorCode::Internal, text).into())
            }
        }
    }

    async fn transform_until(
        &self,
        input: TransformInput,
        mut left: oneshot::Receiver<()>,
    ) -> Result<Made, ServiceError> {
        let TransformInput {
            parts,
            fonts,
            reservation,
            permit,
            label,
        } = input;
        let process = tokio::select! {
            biased;
            _ = &mut left => return Err(run::left()),
            process = self.take() => process?,
        };
        let is_kept = self.crashers.is_some();
        let written = in_background(move || {
            let (process, job) = write_form(process, &parts, &fonts)?;
            // The parts are held on only if they may have to be kept.
            let held = is_kept.then_some((parts, reservation));
            Ok((process, job, held))
        });
        let (process, job, held) = written.await?;
        let pid = process.id();
        let run = Run::new(&self.admission, label, self.time, left);
        let Ending {
            process,
            done,
            is_crash,
            admitted,
        } = run.work(process, job).await;
        if let Some(process) = process {
            let result = self.read_result(process, done).await;
            drop((admitted, permit));
            return result;
        }
        drop((admitted, permit));
        if let (Some(crashers), Some((parts, reservation)), true) = (&self.crashers, held, is_crash)
        {
            let crashers = Arc::clone(crashers);
            // The answer does not wait for the file.
            spawn_blocking(move || {
                crashers.keep(&parts, pid);
                drop(reservation);
            });
        }
        Err(done.err().unwrap_or_else(nonsense))
    }

    /// Reads the result of a process, and gives the process back.
    async fn read_result(
        &self,
        process: PixelProcess,
        done: Result<Done, ServiceError>,
    ) -> Result<Made, ServiceError> {
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                self.pool.give_back(process).await;
                return Err(error);
            }
        };
        let Done::Transform {
            length,
            content_type,
            facts,
        } = done
        else {
            let _status = process.kill().await;
            return Err(nonsense());
        };
        let Some(content_type) = known_type(&content_type) else {
            let _status = process.kill().await;
            return Err(nonsense());
        };
        let read = in_background(move || {
            let bytes = process.read_output(length)?;
            Ok((process, Block::new(bytes)))
        });
        let (process, block) = read.await?;
        self.pool.give_back(process).await;
        Ok(Made {
            block,
            content_type,
            facts: facts.map(|facts| *facts),
        })
    }
}

/// Copies bytes on a thread of its own, because the copy of a large form would keep all connections waiting.
async fn in_background<T: Send + 'static>(
    copy: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ServiceError> {
    let copied = spawn_blocking(copy).await.map_err(io::Error::other);
    copied.flatten().map_err(|error| not_sent(&error))
}

/// Copies a form and its fonts into the input of a process. Returns the job that names their ranges.
fn write_form(
    mut process: PixelProcess,
    parts: &Parts,
    fonts: &HashMap<FontUrl, Bytes>,
) -> io::Result<(PixelProcess, Job)> {
    let contents = parts.iter().map(|(_, content)| content);
    let mut ranges = process
        .write_input(contents.chain(fonts.values()))?
        .into_iter();
    let parts = parts.iter().map(|(name, _)| name.to_owned());
    let job = Job::Transform {
        parts: parts.zip(&mut ranges).collect(),
        fonts: fonts
            .keys()
            .map(|url| url.as_str().to_owned())
            .zip(&mut ranges)
            .collect(),
    };
    Ok((process, job))
}

fn not_started(error: &io::Error) -> ServiceError {
    ServiceError::new(
        ErrorCode::Busy,
        format!("a pixel process did not start: {error}"),
    )
}

fn not_sent(error: &io::Error) -> ServiceError {
    ServiceError::new(
        ErrorCode::Internal,
        format!("the shared memory of a pixel process failed: {error}"),
    )
}

fn nonsense() -> ServiceError {
    ServiceError::new(
        ErrorCode::Internal,
        "a pixel process answered another question",
    )
}

/// Returns the content type that a pixel process names, if a result can have it.
fn known_type(name: &str) -> Option<&'static str> {
    let formats = Format::ALL.iter().map(|format| format.content_type());
    let all = formats.chain(["application/json", SVG]);
    let mut known = all.filter(|known| *known == name);
    known.next()
}
