//! Health checks of the images process while calls are in flight.
//!
//! The main thread of the process does I/O alone, and other threads work on pixels. The main thread answers a health
//! check at once, unless it hangs or waits for a processor. The kernel tells the two apart: a thread that waits for a
//! processor is runnable. A runnable thread has seven seconds to answer; a sleeping one has two checks.
//!
//! A runnable thread far more often waits for a processor (beside tests, a compiler, or the pixels of its own process)
//! than it spins. Killing the process fails every call in flight, and a new process would wait for the same processor.
//! A thread that does spin costs its callers seven seconds once.

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
/// Time after which an answer counts as missed. One check may be missed several times.
const PROBE_TIMEOUT: Duration = Duration::from_millis(350);
/// Weight of misses at which the process counts as hung: two misses of a process that could answer, or twenty of one
/// that waits for a processor or a disk.
const FAILURE_THRESHOLD: u32 = 20;

/// Probes the process while calls are in flight. Returns the reason when it counts as hung.
pub(super) async fn until_unhealthy(
    socket: &Path,
    pid: u32,
    mut in_flight: watch::Receiver<usize>,
) -> String {
    let mut connection = None;
    let mut misses = 0;
    loop {
        // An idle program must sleep. The sender lives at least as long as this future.
        if in_flight.wait_for(|calls| *calls > 0).await.is_err() {
            std::future::pending::<()>().await;
        }
        sleep_until(Instant::now() + PROBE_INTERVAL).await;
        if *in_flight.borrow() == 0 {
            continue;
        }
        let mut probe = pin!(probe(socket, connection.take()));
        loop {
            match timeout(PROBE_TIMEOUT, &mut probe).await {
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

/// The error of a check.
struct ProbeError {
    /// Whether the process is the cause for certain, and not a lack of resources of this program.
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

/// Checks once, on the connection of the last check if it is still open.
async fn probe(socket: &Path, connection: Option<Connection>) -> Result<Connection, ProbeError> {
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
    // The driver ends when the connection is dropped.
    tokio::spawn(driver);
    Ok(connection)
}

/// The weight of a missed answer.
fn miss_weight(pid: u32) -> u32 {
    match main_thread(pid) {
        // The thread waits for a processor, or for a disk.
        Some('R' | 'D') => 1,
        // A debugger has stopped the thread.
        Some('t') => 0,
        Some(_) | None => FAILURE_THRESHOLD / 2,
    }
}

/// The state of a process's main thread, from the kernel.
pub(super) fn main_thread(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before the state may hold any character.
    stat.rsplit_once(") ")?.1.chars().next()
}
