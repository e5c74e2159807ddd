//! A client that sends, reads and leaves as its plan says, and judges the answer.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use safelight_harness::FAULT_HEADER;
use safelight_net::task::TaskGuard;
use socket2::SockRef;
use tokio::net::TcpSocket;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, Interval, interval, sleep_until, timeout};

use crate::noise::{noise, picture};
use crate::plan::{Leaves, Pace, Plan, Route};
use crate::progress::Progress;
use crate::upload::Upload;
use crate::verdict::{Received, Verdict, judge};

/// Longest time of a request, whatever happens to it. Its client then gives up.
pub(crate) const BOUND: Duration = Duration::from_secs(120);
/// Longest time until a connection is ready for the next request, as in the pool of the server. An upload that ends after
/// its answer can leave hyper's client asleep: its last bytes are flushed, and nobody is told that the connection is free.
const READY_TIME: Duration = Duration::from_secs(1);
/// The receive buffer of a slow client, in bytes.
const SMALL_BUFFER: u32 = 256 * 1024;

/// Contents that are made or compared at a time. That is all arithmetic: on the threads of the clients it would keep slow readers from
/// reading for seconds, while the kernel of the server's end asks less and less often whether they have room.
static ARITHMETIC: Semaphore = Semaphore::const_new(2);

/// The interval of everything that is slow on purpose.
pub(crate) fn ticks() -> Interval {
    interval(Duration::from_millis(5))
}

/// A client that makes one request after the other, on one connection as long as it is usable.
pub(crate) struct Client {
    server: SocketAddr,
    connection: Option<Connection>,
}

struct Connection {
    port: u16,
    _driver: TaskGuard<()>,
    sender: SendRequest<Upload>,
}

impl Client {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            connection: None,
        }
    }

    /// Makes a request, and returns its verdict.
    pub(crate) async fn run(&mut self, plan: &Plan) -> Verdict {
        let (left, stop) = oneshot::channel();
        let progress = Arc::new(Progress::new());
        let (expected, request) = {
            let (plan, progress) = (plan.clone(), progress.clone());
            aside(move || {
                let expected = noise(plan.seed, plan.bytes());
                let request = request(&plan, &expected, left, progress);
                (expected, request)
            })
            .await
        };
        let leaves = async {
            match plan.leaves {
                Leaves::Waiting(time) => sleep_until(Instant::now() + time).await,
                Leaves::Sending(_) => drop(stop.await),
                Leaves::Never | Leaves::Reading(_) => std::future::pending().await,
            }
        };
        let bounded = async {
            let mut exchange = pin!(self.exchange(plan, request, &progress));
            let received = timeout(BOUND, &mut exchange).await;
            // The state is read while the connection exists.
            received.unwrap_or_else(|_| Received::Nothing(progress.to_string(), true))
        };
        let received = tokio::select! {
            received = bounded => received,
            () = leaves => Received::Left,
        };
        let plan = plan.clone();
        aside(move || judge(&plan, &expected, received)).await
    }

    async fn exchange(
        &mut self,
        plan: &Plan,
        request: Request<Upload>,
        progress: &Progress,
    ) -> Received {
        let mut connection = match self.connection(plan).await {
            Ok(connection) => connection,
            Err(why) => return Received::Nothing(why, false),
        };
        progress.is_on(connection.port);
        let response = match connection.sender.send_request(request).await {
            Ok(response) => response,
            Err(error) => return Received::Nothing(format!("{error:?}"), false),
        };
        let received = read(plan, response, progress).await;
        // The connection of a client that may leave, or that reads slowly, is not used again.
        if received.is_whole()
            && plan.leaves == Leaves::Never
            && plan.reads == Pace::Fast
            && let Ok(Ok(())) = timeout(READY_TIME, connection.sender.ready()).await
        {
            self.connection = Some(connection);
        }
        received
    }

    async fn connection(&mut self, plan: &Plan) -> Result<Connection, String> {
        let is_plain = plan.leaves == Leaves::Never && plan.reads == Pace::Fast;
        if let Some(connection) = self.connection.take()
            && is_plain
            && !connection.sender.is_closed()
        {
            return Ok(connection);
        }
        let open = async {
            let socket = TcpSocket::new_v4()?;
            if plan.reads != Pace::Fast {
                socket.set_recv_buffer_size(SMALL_BUFFER)?;
            }
            let stream = socket.connect(self.server).await?;
            stream.set_nodelay(true)?;
            if plan.leaves != Leaves::Never && plan.resets {
                SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            }
            let port = stream.local_addr()?.port();
            let opened = http1::handshake(TokioIo::new(stream)).await;
            let (sender, driver) = opened.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>((port, sender, driver))
        };
        let (port, sender, driver) = open.await.map_err(|error| format!("{error:?}"))?;
        let driver = TaskGuard::spawn(async {
            // A failure reaches the exchange.
            let _ = driver.await;
        });
        Ok(Connection {
            port,
            _driver: driver,
            sender,
        })
    }
}

/// Computes on a blocking thread, so that no reader or writer waits for it.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let _turn = ARITHMETIC.acquire().await.unwrap();
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn request(
    plan: &Plan,
    expected: &[u8],
    left: oneshot::Sender<()>,
    progress: Arc<Progress>,
) -> Request<Upload> {
    let upload = match plan.route {
        Route::PassedOn | Route::Pumped | Route::Careful => picture(expected, plan.size),
        Route::Echo | Route::Copied => Bytes::copy_from_slice(expected),
        Route::Noise => Bytes::new(),
    };
    let stop = match plan.leaves {
        // The file of a picture is longer than its pixels.
        Leaves::Sending(bytes) => Some((bytes, left)),
        Leaves::Never | Leaves::Waiting(_) | Leaves::Reading(_) => None,
    };
    let (seed, bytes) = (plan.seed, plan.bytes());
    let mut request = Request::post(format!("{}?seed={seed}&bytes={bytes}", plan.route.path()))
        .header("host", "localhost")
        .header("x-number", plan.number);
    if let Some(fault) = &plan.fault {
        request = request.header(FAULT_HEADER, fault.to_string());
    }
    request
        .body(Upload::new(upload, plan.sends, stop, progress))
        .unwrap()
}

async fn read(plan: &Plan, response: Response<Incoming>, progress: &Progress) -> Received {
    let status = response.status();
    let marked = response.headers().get("safelight-error").cloned();
    let mut body = response.into_body();
    let mut content = Vec::new();
    let mut clock = ticks();
    let mut credit = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                progress.received(data.len());
                content.extend_from_slice(data);
            }
            Err(_) => return Received::Broken(status, content),
        }
        if matches!(plan.leaves, Leaves::Reading(bytes) if status == StatusCode::OK && content.len() >= bytes)
        {
            return Received::Left;
        }
        if let Pace::Slow(bytes) = plan.reads {
            while content.len() > credit {
                clock.tick().await;
                credit += bytes;
            }
        }
    }
    Received::Whole(status, content, marked)
}
