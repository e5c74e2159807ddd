//! Whether the images process still answers while somebody waits for it.
//!
//! Its I/O has a thread of its own, the main one, which only ever moves bytes: pixels are worked on elsewhere. So a
//! health check is answered at once, unless the thread hangs or gets no processor. The kernel tells the two apart: a
//! thread that waits for a processor is runnable. That one gets seven seconds; one that sleeps on an open request does not.
//!
//! Seven, because a runnable thread is far more often one that others keep from the processor (tests, a compiler, the pixels of its own
//! process) than one that spins: to kill it fails every call in flight, and a new process would wait in the same queue. A thread
//! that really spins costs its callers these seconds once.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use safelight_protocol::HEALTH_PATH;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::call::is_refusal;

/// Pause between two checks.
const PROBE_INTERVAL: Duration = Duration::from_millis(300);
/// How long an answer may take before it is missed. The same check may be missed several times.
const PROBE_TIMEOUT: Duration = Duration::from_millis(350);
/// What it takes to be taken for hung: two misses of a process that could answer, or twenty of one that waits for
/// a processor or a disk.
const FAILURE_THRESHOLD: u32 = 20;

/// Returns, with the reason, when the process has stopped answering while calls are in flight.
pub(super) async fn fails(
    socket: &Path,
    pid: u32,
    mut in_flight: watch::Receiver<usize>,
) -> String {
    let mut connection = None;
    let mut misses = 0;
    loop {
        // An idle program must sleep. The sender lives as long as the process is watched.
        if in_flight.wait_for(|calls| *calls > 0).await.is_err() {
            std::future::pending::<()>().await;
        }
        sleep_until(Instant::now() + PROBE_INTERVAL).await;
        if *in_flight.borrow() == 0 {
            continue;
        }
        let mut check = pin!(check(socket, connection.take()));
        loop {
            match timeout(PROBE_TIMEOUT, &mut check).await {
                Ok(Ok(open)) => {
                    connection = Some(open);
                    misses = 0;
                    break;
                }
                Ok(Err(ProbeError { certain, why })) => {
                    misses += if certain { FAILURE_THRESHOLD / 2 } else { 1 };
                    if misses >= FAILURE_THRESHOLD {
                        return format!("failed its health check ({why})");
                    }
                    break;
                }
                Err(_) => {
                    misses += miss_weight(pid);
                    if misses >= FAILURE_THRESHOLD {
                        return "does not answer".to_owned();
                    }
                }
            }
        }
    }
}

/// Why a check was not answered.
struct ProbeError {
    /// It is the process's doing, and not perhaps our own lack of something.
    certain: bool,
    why: String,
}

impl From<hyper::Error> for ProbeError {
    fn from(error: hyper::Error) -> Self {
        Self {
            certain: true,
            why: error.to_string(),
        }
    }
}

impl From<io::Error> for ProbeError {
    fn from(error: io::Error) -> Self {
        Self {
            certain: is_refusal(error.kind()),
            why: error.to_string(),
        }
    }
}

type Connection = SendRequest<Empty<Bytes>>;

/// Asks once, on the connection of the last check if it still stands.
async fn check(socket: &Path, connection: Option<Connection>) -> Result<Connection, ProbeError> {
    let mut connection = match connection.filter(|connection| !connection.is_closed()) {
        Some(connection) => connection,
        None => connect(socket).await?,
    };
    let mut request = http::Request::new(Empty::new());
    *request.uri_mut() = http::Uri::from_static(HEALTH_PATH);
    let host = http::HeaderValue::from_static("images");
    request.headers_mut().insert(HOST, host);
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    response.into_body().collect().await?;
    match status.is_success() {
        true => Ok(connection),
        false => Err(ProbeError {
            certain: true,
            why: status.to_string(),
        }),
    }
}

async fn connect(socket: &Path) -> Result<Connection, ProbeError> {
    let stream = UnixStream::connect(socket).await?;
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends when the connection is dropped.
    tokio::spawn(driver);
    Ok(connection)
}

/// How much a missed answer says about the process.
fn miss_weight(pid: u32) -> u32 {
    match main_thread(pid) {
        // Waits for a processor, or for a disk.
        Some('R' | 'D') => 1,
        // Somebody debugs it.
        Some('t') => 0,
        Some(_) | None => FAILURE_THRESHOLD / 2,
    }
}

/// The state of a process's main thread, as the kernel has it.
pub(super) fn main_thread(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold anything.
    stat.rsplit_once(") ")?.1.chars().next()
}
