//! A client that sends and reads as its plan says, leaves when the plan says so, and judges what it got.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use safelight_harness::FAULT_HEADER;
use socket2::SockRef;
use tokio::net::TcpSocket;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, Interval, interval, sleep_until};

use crate::noise::{noise, picture};
use crate::plan::{Leaves, Pace, Plan, Route};
use crate::upload::Upload;
use crate::verdict::{Received, Verdict, judge};

/// How long a request may take, whatever happens to it: as long as the server's own deadlines allow one that does not move, for its
/// upload (30 s), the answer of Images (30 s), a new images process (1 s) and a client that does not read (300 s).
pub(crate) const BOUND: Duration = Duration::from_secs(400);
/// Bytes that the system may keep for a client that is slow in reading.
const SMALL_BUFFER: u32 = 256 * 1024;

/// The clock of everything that is slow on purpose.
pub(crate) fn ticks() -> Interval {
    interval(Duration::from_millis(5))
}

/// Someone who makes one request after the other, on one connection as long as that serves.
pub(crate) struct Client {
    server: SocketAddr,
    connection: Option<Connection>,
}

struct Connection {
    sender: SendRequest<Upload>,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Client {
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self {
            server,
            connection: None,
        }
    }

    /// Makes a request, and says what came of it.
    pub(crate) async fn run(&mut self, plan: &Plan) -> Verdict {
        let expected = noise(plan.seed, plan.bytes());
        let (left, stop) = oneshot::channel();
        let leaves = async {
            match plan.leaves {
                Leaves::Waiting(time) => sleep_until(Instant::now() + time).await,
                Leaves::Sending(_) => drop(stop.await),
                Leaves::Never | Leaves::Reading(_) => std::future::pending().await,
            }
        };
        let request = request(plan, &expected, left);
        let received = tokio::select! {
            received = tokio::time::timeout(BOUND, self.exchange(plan, request)) => match received {
                Ok(received) => received,
                Err(_) => Received::Nothing("no end within the bound".into(), true),
            },
            () = leaves => Received::Left,
        };
        judge(plan, &expected, received)
    }

    async fn exchange(&mut self, plan: &Plan, request: Request<Upload>) -> Received {
        let mut connection = match self.connection(plan).await {
            Ok(connection) => connection,
            Err(why) => return Received::Nothing(why, false),
        };
        let response = match connection.sender.send_request(request).await {
            Ok(response) => response,
            Err(error) => return Received::Nothing(format!("{error:?}"), false),
        };
        let received = read(plan, response).await;
        // Someone who leaves sometimes is not worth a connection that others use.
        if received.is_whole()
            && plan.leaves == Leaves::Never
            && plan.reads == Pace::Fast
            && connection.sender.ready().await.is_ok()
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
            http1::handshake(TokioIo::new(stream))
                .await
                .map_err(std::io::Error::other)
        };
        let (sender, driver) = open.await.map_err(|error| format!("{error:?}"))?;
        let driver = tokio::spawn(async {
            // What goes wrong reaches the exchange.
            let _ = driver.await;
        });
        Ok(Connection {
            sender,
            driver: driver.abort_handle(),
        })
    }
}

fn request(plan: &Plan, expected: &[u8], left: oneshot::Sender<()>) -> Request<Upload> {
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
        .header("host", "soak")
        .header("x-number", plan.number);
    if let Some(fault) = &plan.fault {
        request = request.header(FAULT_HEADER, fault.to_string());
    }
    request.body(Upload::new(upload, plan.sends, stop)).unwrap()
}

async fn read(plan: &Plan, response: Response<Incoming>) -> Received {
    let status = response.status();
    let marked = response.headers().get("safelight-error").cloned();
    let mut body = response.into_body();
    let mut content = Vec::new();
    let mut clock = ticks();
    let mut credit = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => content.extend_from_slice(frame.data_ref().map_or(&[], |data| data)),
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
