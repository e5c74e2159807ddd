//! A pixel process: parses pictures, fonts and SVG, and makes pixels, for one request at a time.

#[cfg(any(test, fuzzing))]
pub(super) mod fuzz_hooks;

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Write},
    os::{fd::AsFd, unix::fs::FileExt},
    process, thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{
        DumpableBehavior, Resource, Rlimit, Signal, getppid, set_dumpable_behavior,
        set_parent_process_death_signal, setrlimit,
    },
};
use safelight_protocol::{ErrorCode, Format, ImageInfo};

use super::{
    confine::confine,
    shared,
    sys::{self, ExitWhenOutOfMemory, Mapping},
    wire::{self, Done, Job, Order, Range, Report, Start},
};
use crate::{
    deadline::Deadline,
    decode, encode,
    error::ServiceError,
    form::{Parts, TransformForm},
    heap,
    image::{Channels, Image},
    metadata::Metadata,
    ops,
    options::{FontUrl, Frames, Output, Size},
    pipeline::{self, Checkpoints, Outcome},
    request::TransformRequest,
    svg,
};

/// The idle time after which the process returns its free memory to the system.
const IDLE: Duration = Duration::from_secs(2);

/// The bytes of the main thread's stack.
const MAIN_STACK: u64 = 8 << 20;

/// Serves the images process that started this one, until it closes the control socket, which is standard input.
///
/// The function gives up most rights of this process, so nothing else runs in it.
///
/// # Errors
/// Fails when the first message does not come, or the process cannot be confined as it must be.
pub fn serve() -> io::Result<()> {
    match serve_parent() {
        // The parent may end at any moment, and this process ends with it.
        Err(error) if has_lost_parent(&error) => Ok(()),
        done => done,
    }
}

fn has_lost_parent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
    )
}

fn serve_parent() -> io::Result<()> {
    sys::close_inherited()?;
    heap::limit_malloc_arenas();
    ExitWhenOutOfMemory::begin();
    // Read and written as a file, so that the filter of system calls allows no call of sockets.
    let mut control = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut length = [0; 4];
    let [input, output] = shared::receive_files(&control, &mut length)?;
    let Order::Start(start) = wire::read_rest(&mut control, length)? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut process = PixelProcess::new(*start, &input, output.into(), control)?;
    drop(input);
    process.work_until_the_end()
}

/// This process, confined.
struct PixelProcess {
    start: Start,
    input: Mapping,
    output: File,
    control: Control,
}

/// The control socket.
struct Control {
    socket: File,
}

impl PixelProcess {
    fn new(start: Start, input: &impl AsFd, output: File, socket: File) -> io::Result<Self> {
        end_with(start.parent)?;
        let mapping = Mapping::new(input, start.capacities[0])?;
        ops::set_processors(start.processors);
        limit_resources(&start)?;
        let watched = socket.try_clone()?;
        let confinement = confine(start.sandbox)?;
        thread::Builder::new().spawn(move || end_with_socket(&watched))?;
        let mut control = Control { socket };
        control.send(&Report::Ready(confinement))?;
        Ok(Self {
            start,
            input: mapping,
            output,
            control,
        })
    }

    fn work_until_the_end(&mut self) -> io::Result<()> {
        loop {
            self.control.wait_for_work()?;
            let job = match wire::read(&mut self.control.socket) {
                Ok(Order::Begin(job)) => job,
                Ok(Order::Start(_) | Order::Admit | Order::Refuse) => {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                Err(error) => return Err(error),
            };
            self.control.send(&Report::Begun)?;
            let done = self.job(job);
            let held = sys::heap_bytes();
            let report = match done {
                Ok(done) => Report::Done { done, held },
                Err(ServiceError { code, message }) => Report::Failed {
                    code,
                    message,
                    held,
                },
            };
            self.control.send(&report)?;
        }
    }

    fn job(&mut self, job: Job) -> Result<Done, ServiceError> {
        match job {
            Job::CheckHealth => check_health().map(|()| Done::Healthy),
            Job::Info(image) => {
                let image = self.bytes(image)?;
                let info: ImageInfo = decode::info(&image, &self.start.pixels.decode)?;
                Ok(Done::Info(info))
            }
            Job::Transform { parts, fonts } => self.transform(&parts, &fonts),
        }
    }

    fn transform(
        &mut self,
        parts: &[(String, Range)],
        fonts: &[(String, Range)],
    ) -> Result<Done, ServiceError> {
        let contents = parts
            .iter()
            .map(|(name, range)| Ok((name.as_str(), self.bytes(*range)?)))
            .collect::<Result<Vec<_>, ServiceError>>()?;
        let form = TransformForm::from_parts(Parts::named(contents)?)?;
        // The images process has the warnings, because it has parsed the same form.
        let (request, _warnings) = TransformRequest::parse(form, &self.start.request)?;
        let fonts = fonts
            .iter()
            .map(|(url, range)| Ok((FontUrl::new(url.as_str()), self.bytes(*range)?)))
            .collect::<Result<HashMap<_, _>, ServiceError>>()?;
        let request = request.with_fonts(&fonts)?;

        let deadline = Deadline::new(self.start.pixels.time);
        let mut checkpoints = AskForMemory(&mut self.control);
        let (image, facts) = match svg::pass_through(&request, &deadline, &mut checkpoints)? {
            Some(image) => (image, None),
            None => {
                let Outcome { image, facts } =
                    pipeline::run_with(request, &self.start.pixels, &deadline, &mut checkpoints)?;
                (image, Some(Box::new(facts)))
            }
        };
        let length = image.bytes.len();
        if length > self.start.capacities[1] {
            let text = format!(
                "the result has more than {} bytes",
                self.start.capacities[1]
            );
            return Err(ServiceError::new(ErrorCode::Busy, text));
        }
        self.output
            .write_all_at(&image.bytes, 0)
            .map_err(|error| failed("write the result", &error))?;
        Ok(Done::Transform {
            length,
            content_type: image.content_type.to_owned(),
            facts,
        })
    }

    fn bytes(&self, range: Range) -> Result<Bytes, ServiceError> {
        self.input
            .bytes(range)
            .map_err(|error| failed("read the input", &error))
    }
}

fn failed(what: &str, error: &io::Error) -> ServiceError {
    ServiceError::new(ErrorCode::Internal, format!("could not {what}: {error}"))
}

impl Control {
    fn send(&mut self, report: &Report) -> io::Result<()> {
        let bytes = wire::encode(report)?;
        self.socket.write_all(&bytes)
    }

    /// Returns when a message or the end of the socket is there. Returns free memory to the system meanwhile.
    fn wait_for_work(&self) -> io::Result<()> {
        let idle = Timespec::try_from(IDLE).map_err(io::Error::other)?;
        let mut watched = [PollFd::new(&self.socket, PollFlags::IN)];
        if poll(&mut watched, Some(&idle))? == 0 {
            sys::trim_heap();
            poll(&mut watched, None)?;
        }
        Ok(())
    }
}

/// Asks the images process for the memory of a planned request.
struct AskForMemory<'a>(&'a mut Control);

impl AskForMemory<'_> {
    fn ask(&mut self, needed: u64) -> io::Result<Order> {
        let held = sys::heap_bytes();
        self.0.send(&Report::Planned { needed, held })?;
        wire::read(&mut self.0.socket)
    }
}

impl Checkpoints for AskForMemory<'_> {
    fn planned(&mut self, needed: u64) -> Result<Duration, ServiceError> {
        let asked = Instant::now();
        match self.ask(needed) {
            Ok(Order::Admit) => Ok(asked.elapsed()),
            Ok(Order::Refuse) => Err(ServiceError::new(
                ErrorCode::Busy,
                "the memory of the request was not admitted",
            )),
            Ok(Order::Start(_) | Order::Begin(_)) => {
                Err(failed("ask for memory", &io::ErrorKind::InvalidData.into()))
            }
            Err(error) => Err(failed("ask for memory", &error)),
        }
    }

    fn encoding(&mut self) {
        // A closed socket ends this process anyway.
        let _unsent = self.0.send(&Report::Encoding);
    }
}

/// Makes, encodes, decodes and compares a tiny picture.
fn check_health() -> Result<(), ServiceError> {
    const SIZE: Size = Size::new(4, 4);
    let deadline = Deadline::new(Duration::from_secs(60));
    let made = Image::filled(SIZE, Channels::Rgb, [200, 30, 40, 255]);
    let output = Output {
        format: Format::Png,
        quality: None,
        background: None,
        frames: Frames::First,
        scan: None,
    };
    let file = encode::encode(
        made.clone().into(),
        &output,
        &Metadata::default(),
        &deadline,
    )?;
    let limits = decode::DecodeLimits::default();
    let header = decode::inspect(&file.bytes, Frames::First, &limits)?;
    let options = decode::Options {
        shrink: decode::Shrink::NONE,
        jpeg: limits.jpeg,
        deadline: &deadline,
    };
    let decoded = decode::pixels(&file.bytes, &header, options, Ok)?;
    match *decoded.picture.first() == made {
        true => Ok(()),
        false => Err(ServiceError::new(
            ErrorCode::Internal,
            "a picture came back altered",
        )),
    }
}

/// Makes this process end with its parent, in addition to the end of the control socket.
fn end_with(parent: u32) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let now = getppid().map(|pid| pid.as_raw_nonzero().get());
    match now.and_then(|pid| u32::try_from(pid).ok()) == Some(parent) {
        true => Ok(()),
        // The parent ended before the signal was set.
        false => Err(io::ErrorKind::NotConnected.into()),
    }
}

/// Ends this process when the other end of the control socket is closed, whatever the main thread does.
#[expect(
    clippy::exit,
    reason = "a codec on the main thread cannot be asked to stop"
)]
fn end_with_socket(socket: &File) {
    let mut watched = [PollFd::new(socket, PollFlags::RDHUP)];
    while let Ok(0) | Err(rustix::io::Errno::INTR) = poll(&mut watched, None) {}
    process::exit(0);
}

/// Sets the limits that hold for the whole life of this process.
fn limit_resources(start: &Start) -> io::Result<()> {
    let output = start.capacities[1] as u64;
    let limits = [
        (Resource::Core, 0),
        // The limit of the terminal may be none. Other threads have stacks of their own size.
        (Resource::Stack, MAIN_STACK),
        (Resource::Fsize, output),
        // The images process moves the soft limit below this one for each request.
        (Resource::Data, start.memory),
    ];
    for (resource, limit) in limits {
        let limit = Some(limit);
        setrlimit(
            resource,
            Rlimit {
                current: limit,
                maximum: limit,
            },
        )?;
    }
    // Other processes of this user may not read its memory.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
