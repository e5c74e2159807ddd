//! The images process's side of calls: asked for only when somebody looks, and joined by the numbers of request and call.

use std::time::Duration;

use http::header::HOST;
use http_body_util::{BodyExt, Limited};
use safelight_hop::trace::Trace;
use safelight_hop::{Body, body, error_chain};
use safelight_net::pool::{Pool, PoolError};
use safelight_protocol::TRACE_PATH;
use safelight_protocol::trace::Transport;

/// How long the images process may take to answer; it has the answer at hand.
const TIMEOUT: Duration = Duration::from_secs(1);
/// Largest answer that is read.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Where to ask.
pub struct Transports(Option<Pool<Body>>);

impl Transports {
    /// Asks over `pool`, if transports are recorded.
    pub fn new(pool: Option<Pool<Body>>) -> Self {
        Self(pool)
    }

    /// Fills in the transport of every call that went to the socket, or why there is none.
    pub async fn join(&self, trace: &mut Trace) {
        if trace.calls.iter().all(|call| call.connection.is_none()) {
            return;
        }
        let told = self.ask(trace.id).await;
        let calls = trace.calls.iter_mut();
        for call in calls.filter(|call| call.connection.is_some()) {
            match &told {
                Ok(transports) => {
                    let transport = transports.iter().find(|told| told.call == call.call);
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
            .map_err(|why| format!("the images process did not tell: {why}"))
    }
}
