//! The transports of calls in the images process: read when a trace is read, and joined by the numbers of request and
//! call.

use std::time::Duration;

use http::header::HOST;
use http_body_util::{BodyExt, Limited};
use safelight_hop::trace::Trace;
use safelight_hop::{Body, body, error_chain};
use safelight_net::pool::{Pool, PoolError};
use safelight_protocol::TRACE_PATH;
use safelight_protocol::trace::Transport;

/// Maximum wait for the images process, which answers from memory.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Maximum bytes of an answer.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// The client for transports.
pub struct Transports(Option<Pool<Body>>);

impl Transports {
    /// A client over `pool`, if transports are recorded.
    pub fn new(pool: Option<Pool<Body>>) -> Self {
        Self(pool)
    }

    /// Sets the transport of each call with a connection to the process, or the reason that it is missing.
    pub async fn join(&self, trace: &mut Trace) {
        if trace.calls.iter().all(|call| call.connection.is_none()) {
            return;
        }
        let transports = self.ask(trace.id).await;
        let calls = trace.calls.iter_mut();
        for call in calls.filter(|call| call.connection.is_some()) {
            match &transports {
                Ok(transports) => {
                    let transport = transports
                        .iter()
                        .find(|transport| transport.call == call.call);
                    call.transport = transport.cloned();
                    if transport.is_none() {
                        call.transport_missing = Some("the images process does not know it".into());
                    }
                }
                Err(why) => call.transport_missing = Some(why.clone()),
            }
        }
    }

    async fn ask(&self, id: u64) -> Result<Vec<Transport>, String> {
        let Some(pool) = &self.0 else {
            return Err("not recorded: start with --trace or --trace-keep".into());
        };
        let request = http::Request::get(format!("{TRACE_PATH}?request={id}"))
            .header(HOST, "images")
            .body(body::full(""))
            .map_err(|error| error.to_string())?;
        let answer = async {
            let response = pool
                .send(request, |_| ())
                .await
                .map_err(|error| match error {
                    PoolError::Connect(error, _) => error.to_string(),
                    PoolError::Exchange(error) => error_chain(&error),
                })?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_BYTES)
                .collect()
                .await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            if !status.is_success() {
                return Err(String::from_utf8_lossy(&body).into_owned());
            }
            serde_json::from_slice(&body).map_err(|error| error.to_string())
        };
        tokio::time::timeout(TIMEOUT, answer)
            .await
            .unwrap_or_else(|_| Err("no answer in time".into()))
            .map_err(|why| format!("the images process gave no transports: {why}"))
    }
}
