//! One pixel process, as the images process sees it.

#[cfg(any(test, fuzzing))]
mod fuzz_hooks;

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::fs::FileExt, unix::net::UnixStream as StdStream},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use rustix::{
    net::{RecvFlags, recv},
    process::{Pid, Resource, Rlimit, prlimit},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader},
    net::UnixStream,
    process::{Child, Command},
    time::timeout,
};

use super::{
    PixelProgram,
    admission::{Admitted, OWN_MEMORY},
    confine::Confinement,
    shared,
    wire::{self, Order, Range, Report, Start, printable},
};
use crate::limits::Limits;

/// The bytes of memory of a process that waits for work.
pub(super) const IDLE_MEMORY: u64 = 16_000_000;

/// The longest time that a process may take until it is ready.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The time in which a process that has closed its socket ends by itself.
const END_TIMEOUT: Duration = Duration::from_millis(500);

/// The bytes of a result.
const MAX_OUTPUT: usize = 1 << 30;

/// The bytes of standard error of one process that are logged.
const MAX_LOG_BYTES: u64 = 64 * 1024;

/// The bytes of shared memory that a process keeps between two requests.
const KEPT_BYTES: u64 = 32 << 20;

/// The number of requests after which a process is replaced.
const MAX_REQUESTS: u32 = 1_000;

/// Starts processes with the same settings.
#[derive(Debug)]
pub(super) struct Launcher {
    pub(super) program: PixelProgram,
    pub(super) limits: Arc<Limits>,
}

/// A process that waits for work, or works. Dropping it kills it.
#[derive(Debug)]
pub(super) struct PixelProcess {
    child: Child,
    pid: Pid,
    control: UnixStream,
    input: File,
    output: File,
    capacities: [usize; 2],
    memory: u64,
    /// The bytes of private memory that it held when it last said so.
    held: u64,
    /// The bytes of private memory that it may take now.
    limit: u64,
    requests: u32,
    /// The memory that it holds between two requests, beyond that of a new process.
    retained: Option<Admitted>,
}

impl Launcher {
    /// Starts a process, and waits until it is confined.
    ///
    /// # Errors
    /// Fails when it does not start, or ends before it is ready.
    pub(super) async fn launch(&self) -> io::Result<(PixelProcess, Confinement)> {
        let (ours, theirs) = StdStream::pair()?;
        let fonts = &self.limits.fonts;
        let input_bytes =
            self.limits.form.request_bytes + fonts.per_request.saturating_mul(fonts.bytes);
        let capacities = [input_bytes, MAX_OUTPUT];
        let input = shared::create("safelight-pixels-input", capacities[0])?;
        let output = shared::create("safelight-pixels-output", capacities[1])?;
        let memory = self.limits.pixels.memory.saturating_add(2 * OWN_MEMORY);
        let start = Order::Start(Box::new(Start {
            parent: std::process::id(),
            sandbox: self.limits.sandbox,
            pixels: self.limits.pixels.clone(),
            request: self.limits.request,
            capacities,
            processors: self.limits.processors,
            memory,
        }));
        let mut child = Command::new(&self.program.program)
            .args(&self.program.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C on the terminal is for the servers, which finish their requests.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
        tokio::spawn(log_lines(pid.as_raw_nonzero().get(), child.stderr.take()));
        let message = wire::encode(&start)?;
        // A process that could write its input could take memory with it.
        let read_only = shared::read_only(&input)?;
        shared::send_files(&ours, &message[..4], [&read_only, &output])?;
        ours.set_nonblocking(true)?;
        let mut process = PixelProcess {
            child,
            pid,
            control: UnixStream::from_std(ours)?,
            input,
            output,
            capacities,
            memory,
            held: 0,
            limit: memory,
            requests: 0,
            retained: None,
        };
        let ready = timeout(START_TIMEOUT, process.hear_ready(&message[4..])).await;
        let ready = ready.unwrap_or_else(|_late| Err(io::ErrorKind::TimedOut.into()));
        match ready {
            Ok(Report::Ready(confinement)) => Ok((process, confinement)),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) => {
                let status = process.kill().await?;
                Err(io::Error::other(format!("{error}; it ended with {status}")))
            }
        }
    }
}

/// Logs the lines that a process writes to its standard error, as far as they are few and short.
async fn log_lines(pid: i32, from: Option<impl AsyncRead + Unpin>) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from.take(MAX_LOG_BYTES));
    let mut line = Vec::new();
    while let Ok(1..) = from.read_until(b'\n', &mut line).await {
        let text = printable(String::from_utf8_lossy(&line).trim_end());
        tracing::warn!(pid, text, "a pixel process wrote a line");
        line.clear();
    }
    // The rest is read and discarded, so that the process does not wait.
    let mut rest = from.into_inner().into_inner();
    let _ended = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
}

impl PixelProcess {
    async fn hear_ready(&mut self, rest: &[u8]) -> io::Result<Report> {
        use tokio::io::AsyncWriteExt as _;
        self.control.write_all(rest).await?;
        self.hear().await
    }

    /// Returns the process number.
    pub(super) fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Copies bytes into the input. Returns their ranges.
    ///
    /// # Errors
    /// Fails when they do not fit, or the system has no memory.
    pub(super) fn write_input<'a>(
        &mut self,
        contents: impl Iterator<Item = &'a Bytes>,
    ) -> io::Result<Vec<Range>> {
        self.requests += 1;
        let mut start = 0;
        let mut ranges = Vec::new();
        for bytes in contents {
            let length = bytes.len();
            if length > self.capacities[0] - start {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.input.write_all_at(bytes, start as u64)?;
            ranges.push(Range { start, length });
            start += length;
        }
        Ok(ranges)
    }

    /// Verifies that the process has said nothing that would be taken for an answer to its next order.
    ///
    /// # Errors
    /// Fails when a message waits, and when the process has ended.
    pub(super) fn check_silent(&self) -> io::Result<()> {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match recv(&self.control, &mut [0_u8; 1][..], flags) {
            Err(rustix::io::Errno::AGAIN) => Ok(()),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Fails when the process has ended.
    pub(super) async fn tell(&mut self, order: &Order) -> io::Result<()> {
        wire::send(&mut self.control, order).await
    }

    /// Reads the next message. After a dropped future, the process must be killed.
    ///
    /// # Errors
    /// Fails when the process has ended, or sent nonsense.
    pub(super) async fn hear(&mut self) -> io::Result<Report> {
        wire::receive(&mut self.control).await
    }

    /// Records the bytes of private memory that the process says it holds.
    pub(super) fn set_held(&mut self, held: u64) {
        // A process cannot hold more than its last limit, whatever it says.
        self.held = held.min(self.limit);
    }

    /// Limits the private memory of the process to what it holds, what every process may take, and what its request is
    /// admitted with.
    ///
    /// # Errors
    /// Fails when the process has ended.
    pub(super) fn limit_memory(&mut self, admitted: u64) -> io::Result<()> {
        let limit = self.held.saturating_add(OWN_MEMORY);
        self.limit = limit.saturating_add(admitted).min(self.memory);
        let limit = Rlimit {
            current: Some(self.limit),
            maximum: Some(self.memory),
        };
        prlimit(Some(self.pid), Resource::Data, limit)?;
        Ok(())
    }

    /// Returns the output of the process.
    ///
    /// # Errors
    /// Fails when the system has no descriptor.
    pub(super) fn output(&self) -> io::Result<Output> {
        Ok(Output {
            file: self.output.try_clone()?,
            capacity: self.capacities[1],
        })
    }

    /// Verifies that the process may do another request, and returns large shared memory to the system.
    ///
    /// # Errors
    /// Fails with the reason why it may not.
    pub(super) fn check_reusable(&self) -> Result<(), &'static str> {
        if self.requests >= MAX_REQUESTS {
            return Err("it has done as many requests as it may");
        }
        if self.held > OWN_MEMORY {
            return Err("it holds too much memory");
        }
        let released = self.release_above(KEPT_BYTES);
        released.map_err(|_refused| "its shared memory could not be returned")
    }

    /// Keeps a part of the memory of the last request for what the process holds until the next one.
    pub(super) fn retain(&mut self, admitted: Option<Admitted>) {
        let files = [&self.input, &self.output].map(|file| shared::taken(file).unwrap_or(0));
        let held = self.held.saturating_add(files.iter().sum());
        let retained = held.saturating_sub(IDLE_MEMORY);
        self.retained = admitted.and_then(|mut all| all.split(retained));
    }

    /// Gives up the memory that the process is admitted to between two requests.
    pub(super) fn stop_retaining(&mut self) {
        self.retained = None;
    }

    /// Returns all shared memory to the system.
    ///
    /// # Errors
    /// Fails when the system refuses.
    pub(super) fn release(&mut self) -> io::Result<()> {
        self.stop_retaining();
        self.release_above(0)
    }

    /// Returns shared memory to the system if it is more than this. The system says how much there is, because a process
    /// may write more than it reports.
    fn release_above(&self, kept: u64) -> io::Result<()> {
        for (file, capacity) in [&self.input, &self.output].into_iter().zip(self.capacities) {
            if shared::taken(file)? > kept {
                shared::release(file, capacity)?;
            }
        }
        Ok(())
    }

    /// Kills the process. Its end comes soon after.
    pub(super) fn start_kill(&mut self) {
        // It may have ended already.
        let _ended_already = self.child.start_kill();
    }

    /// Kills the process, if it has not ended, and returns its status once it is gone.
    ///
    /// # Errors
    /// Fails when the system does not tell the status.
    pub(super) async fn kill(mut self) -> io::Result<ExitStatus> {
        self.start_kill();
        self.child.wait().await
    }

    /// Kills a process that must not be used again, and logs the reason. It is gone when the future is ready.
    pub(super) async fn retire(self, why: &str) {
        tracing::info!(pid = self.id(), why, "ended a pixel process");
        let _status = self.kill().await;
    }

    /// Returns the process if it still waits for work. One that ended, or spoke, while it was idle is killed.
    pub(super) async fn if_idle(mut self) -> Option<Self> {
        if matches!(self.child.try_wait(), Ok(None)) && self.check_silent().is_ok() {
            return Some(self);
        }
        self.retire("it ended or spoke while it was idle").await;
        None
    }

    /// Returns the status of a process that has closed its socket.
    ///
    /// # Errors
    /// Fails when the system does not tell the status.
    pub(super) async fn ended(mut self) -> io::Result<ExitStatus> {
        // A process that closes its socket and lives on is killed.
        let ended = timeout(END_TIMEOUT, self.child.wait());
        if let Ok(status) = ended.await {
            return status;
        }
        self.kill().await
    }
}

/// The output of a process, which the process may still change.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    capacity: usize,
}

impl Output {
    /// Copies the first bytes.
    ///
    /// # Errors
    /// Fails when they are not there, or there is no memory for them.
    pub(super) fn read(&self, length: usize) -> io::Result<Vec<u8>> {
        if length > self.capacity {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).map_err(io::Error::other)?;
        bytes.resize(length, 0);
        self.file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }
}
