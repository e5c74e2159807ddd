//! `safelight dev` as a child process on a free port, and its log.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use tokio::process::{Child, Command};

use crate::log::Log;
use crate::program::program;
use crate::{Answer, Client, Fault, HarnessError};

/// The default timeout of every wait.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// A running dev server. Dropping it kills the process, and the images process ends with it.
pub struct DevServer {
    address: SocketAddr,
    child: Child,
    log: Log,
    timeout: Duration,
}

/// Configures a [`DevServer`]: its folder, faults and arguments.
#[derive(Clone, Debug)]
pub struct Builder {
    folder: PathBuf,
    program: Option<PathBuf>,
    faults: Vec<Fault>,
    arguments: Vec<OsString>,
    timeout: Duration,
}

impl Builder {
    /// Sets the path of the program; by default it is searched for.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Adds a fault that is active as long as the server runs.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Adds an argument of `safelight dev`, such as `--env=staging`.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets the timeout of the start and of every answer; default 120 seconds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Starts the server and waits until it takes requests.
    ///
    /// # Errors
    /// Fails when the program is not found or does not start; its output is in the error.
    pub async fn start(self) -> Result<DevServer, HarnessError> {
        let program = self.program.unwrap_or_else(program);
        let failed = |error| HarnessError::Program(program.display().to_string(), error);
        let mut child = Command::new(&program)
            .arg("dev")
            .arg(&self.folder)
            .args(["--port", "0"])
            .args(self.faults.iter().map(|fault| format!("--fault={fault}")))
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(failed(std::io::Error::other("it has no output")));
        };
        let log = Log::follow(out, err);
        let is_ready = |line: &str| ready_address(line).is_some();
        let ready = log.wait_for_line(is_ready, self.timeout).await;
        let ready = ready.map_err(|error| match error {
            HarnessError::Exited(words) => HarnessError::StartFailed(words),
            other => other,
        })?;
        let Some(address) = ready_address(&ready) else {
            return Err(HarnessError::StartFailed(vec![ready]));
        };
        Ok(DevServer {
            address,
            child,
            log,
            timeout: self.timeout,
        })
    }
}

/// Parses the address in the line by which the server says that it is ready.
fn ready_address(line: &str) -> Option<SocketAddr> {
    let (_, address) = line.split_once(" is ready on http://")?;
    address.parse().ok()
}

impl DevServer {
    /// A server of the worker whose config is in `folder`.
    pub fn builder(folder: impl Into<PathBuf>) -> Builder {
        Builder {
            folder: folder.into(),
            program: None,
            faults: Vec::new(),
            arguments: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of this server.
    pub fn client(&self) -> Client {
        Client::new(self.address, self.timeout)
    }

    /// Gets a path.
    ///
    /// # Errors
    /// Fails when there is no answer. One that breaks off is an [`Answer`].
    pub async fn get(&self, path: &str) -> Result<Answer, HarnessError> {
        self.client().get(path).await
    }

    /// Posts a body to a path.
    ///
    /// # Errors
    /// Fails when there is no answer. One that breaks off is an [`Answer`].
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<Answer, HarnessError> {
        self.client().post(path, body).await
    }

    /// Sends a request whose URI is a path. With [`FAULT_HEADER`](crate::FAULT_HEADER) a fault applies to this request alone:
    ///
    /// ```
    /// use safelight_harness::{DevServer, FAULT_HEADER, Fault, bytes::Bytes, http::Request};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = DevServer::builder("../guests/misbehaving").start().await?;
    /// let request = Request::get("/careful-image")
    ///     .header(FAULT_HEADER, Fault::status("IMAGES", 503).to_string())
    ///     .body(Bytes::new())?;
    /// assert_eq!(server.send(request).await?.status, 502);
    /// assert_eq!(server.get("/careful-image").await?.status, 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Fails when there is no answer. One that breaks off is an [`Answer`].
    pub async fn send(&self, request: http::Request<Bytes>) -> Result<Answer, HarnessError> {
        self.client().send(request).await
    }

    /// Waits for a line of the log that satisfies `wanted`, and returns the first one.
    ///
    /// # Errors
    /// Fails when there is none within the timeout.
    pub async fn wait_for_line(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String, HarnessError> {
        self.log.wait_for_line(wanted, self.timeout).await
    }

    /// Waits until the lines of the log satisfy `wanted`.
    ///
    /// # Errors
    /// Fails when they do not within the timeout.
    pub async fn wait_for_lines(
        &self,
        wanted: impl Fn(&[String]) -> bool,
    ) -> Result<(), HarnessError> {
        self.log.wait_for_lines(wanted, self.timeout).await
    }

    /// All lines of the log so far.
    pub fn lines(&self) -> Vec<String> {
        self.log.lines()
    }

    /// The id of the process, unless it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the process to exit.
    ///
    /// # Errors
    /// Fails when it does not within the timeout.
    pub async fn wait(&mut self) -> Result<ExitStatus, HarnessError> {
        match tokio::time::timeout(self.timeout, self.child.wait()).await {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(error)) => Err(HarnessError::Program("safelight".into(), error)),
            Err(_) => Err(HarnessError::Timeout(self.log.lines())),
        }
    }
}
