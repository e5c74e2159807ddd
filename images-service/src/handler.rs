//! Handles one request: one match on method and path, and the crossing from async code to pixel work.

mod report;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;
use safelight_outgoing::OutgoingError;
use safelight_protocol::{
    ErrorCode, HEALTH_PATH, INFO_PATH, TRACE_PATH, TRANSFORM_PATH, headers::SERVICE,
};
use tokio::task::spawn_blocking;

use self::report::Report;
use safelight_net::{hang_up::HangUp, transport::TransportLog};

use crate::{
    answer::{self, Answer, Block},
    deadline::Deadline,
    decode,
    error::ServiceError,
    fonts::Fonts,
    form::{self, Received},
    limits::Limits,
    options::FontUrl,
    pipeline::{self, Outcome},
    queue::Queue,
    quota::{ByteQuota, Reservation},
    request::TransformRequest,
    svg,
};

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct Handler {
    limits: Arc<Limits>,
    queue: Queue,
    quota: ByteQuota,
    fonts: Fonts,
    transports: Option<Arc<TransportLog>>,
}

impl Handler {
    /// # Errors
    /// When TLS cannot be set up for the fonts.
    pub(crate) fn new(
        limits: Limits,
        transports: Option<Arc<TransportLog>>,
    ) -> Result<Self, OutgoingError> {
        Ok(Self {
            queue: Queue::new(limits.workers, limits.queue),
            quota: ByteQuota::new(limits.held_bytes),
            fonts: Fonts::new(limits.fonts.clone())?,
            transports,
            limits: Arc::new(limits),
        })
    }

    /// Answers one request. By then its body has been read to its end, or the connection closes.
    pub(crate) async fn handle(
        &self,
        request: Request<Incoming>,
        client: &HangUp,
    ) -> Result<Answer, Gone> {
        let started = Instant::now();
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let answered = match (&method, path.as_str()) {
            _ if !is_for_images(request.headers()) => {
                self.discard_then_answer(request, answer::misdirected())
                    .await
            }
            (&Method::GET, HEALTH_PATH) => self.discard_then_answer(request, health()).await,
            (&Method::POST, INFO_PATH) => self.info(request, client).await,
            (&Method::POST, TRANSFORM_PATH) => self.transform(request, client).await,
            (&Method::GET, TRACE_PATH) => match self.trace(request.uri().query()) {
                Ok(answer) => self.discard_then_answer(request, answer).await,
                Err(error) => {
                    self.discard_then_answer(request, answer::failed(&error))
                        .await
                }
            },
            (_, HEALTH_PATH | TRACE_PATH) => {
                self.discard_then_answer(request, answer::not_allowed("GET"))
                    .await
            }
            (_, INFO_PATH | TRANSFORM_PATH) => {
                self.discard_then_answer(request, answer::not_allowed("POST"))
                    .await
            }
            _ => {
                self.discard_then_answer(request, answer::not_found(&path))
                    .await
            }
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(HandleError::Gone) => {
                tracing::debug!(%method, path, "the client went away before its answer");
                return Err(Gone);
            }
            Err(HandleError::Refused { error, at_end }) => {
                tracing::info!(%method, path, code = error.code.number(), %error, "refused");
                let answer = answer::failed(&error);
                if at_end {
                    answer
                } else {
                    answer::with_connection_close(answer)
                }
            }
        };
        let ms = started.elapsed().as_secs_f64() * 1e3;
        tracing::debug!(%method, path, status = answer.status().as_u16(), ms, "answered");
        Ok(answer)
    }

    /// Returns an answer that needs nothing of the request, once the body is discarded.
    async fn discard_then_answer(
        &self,
        request: Request<Incoming>,
        answer: Answer,
    ) -> Result<Answer, HandleError> {
        let at_end = form::discard(
            request,
            &self.limits.form,
            self.limits.deadlines.body_read,
            &mut self.quota.reservation(),
        )
        .await;
        Ok(if at_end {
            answer
        } else {
            answer::with_connection_close(answer)
        })
    }

    /// Returns the transport records of the calls of one request.
    fn trace(&self, query: Option<&str>) -> Result<Answer, ServiceError> {
        let malformed = |text: &str| ServiceError::new(ErrorCode::MalformedRequest, text);
        let Some(transports) = &self.transports else {
            return Err(malformed(
                "transports are not recorded: start with --trace-keep",
            ));
        };
        let request = query
            .and_then(|query| query.strip_prefix("request="))
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| malformed("the query must be request=<number>"))?;
        let json = serde_json::to_vec(&transports.for_request(request)).map_err(|error| {
            ServiceError::new(ErrorCode::Internal, format!("trace as JSON: {error}"))
        })?;
        Ok(answer::success("application/json", Block::new(json)))
    }

    async fn info(
        &self,
        request: Request<Incoming>,
        client: &HangUp,
    ) -> Result<Answer, HandleError> {
        let mut reservation = self.quota.reservation();
        let image = form::info(
            request,
            &self.limits.form,
            self.limits.deadlines.body_read,
            &mut reservation,
        )
        .await
        .usable()?;
        let limits = Arc::clone(&self.limits);
        let work = move |_: &Deadline| {
            let _held_until_the_end = reservation;
            decode::info(&image, &limits.pixels.decode)
        };
        let (info, _queued) = self.on_worker(client, work).await?;
        let json = serde_json::to_vec(&info).map_err(|error| {
            ServiceError::new(ErrorCode::Internal, format!("info as JSON: {error}"))
        })?;
        Ok(answer::success("application/json", Block::new(json)))
    }

    async fn transform(
        &self,
        request: Request<Incoming>,
        client: &HangUp,
    ) -> Result<Answer, HandleError> {
        let started = Instant::now();
        let mut reservation = self.quota.reservation();
        let form = form::transform(
            request,
            &self.limits.form,
            self.limits.deadlines.body_read,
            &mut reservation,
        )
        .await
        .usable()?;
        let form_time = started.elapsed();
        let (request, warnings) = TransformRequest::parse(form, &self.limits.request)?;
        let request = self.with_fonts(request, &mut reservation, client).await?;

        let mut report = Report::new(&request, form_time, warnings);
        let limits = Arc::clone(&self.limits);
        let work = move |deadline: &Deadline| {
            let _held_until_the_end = reservation;
            let (image, facts) = match svg::pass_through(&request, deadline)? {
                Some(image) => (image, None),
                None => {
                    let Outcome { image, facts } =
                        pipeline::run_until(request, &limits.pixels, deadline)?;
                    (image, Some(facts))
                }
            };
            Ok((image.content_type, Block::new(image.bytes), facts))
        };
        let ((content_type, block, facts), queued) = self.on_worker(client, work).await?;
        report.done(content_type, facts, queued);
        Ok(report.annotate(answer::success(content_type, block)))
    }

    /// Fetches the fonts, unless the client leaves before they are there.
    async fn with_fonts(
        &self,
        request: TransformRequest<FontUrl>,
        reservation: &mut Reservation,
        client: &HangUp,
    ) -> Result<TransformRequest, HandleError> {
        let fonts = tokio::select! {
            biased;
            () = client.wait() => return Err(HandleError::Gone),
            fonts = self.fonts.get_all(request.font_urls(), reservation) => fonts?,
        };
        Ok(request.with_fonts(&fonts)?)
    }

    /// Does blocking work once it has a permit, unless the client leaves before. Also returns the time that it waited.
    async fn on_worker<T: Send + 'static>(
        &self,
        client: &HangUp,
        work: impl FnOnce(&Deadline) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<(T, Duration), HandleError> {
        let started = Instant::now();
        let permit = tokio::select! {
            biased;
            () = client.wait() => return Err(HandleError::Gone),
            permit = self.queue.acquire() => permit?,
        };
        let queued = started.elapsed();
        let deadline = Deadline::new(self.limits.pixels.time);
        let _cancels_when_dropped = deadline.cancel_guard();
        let task = spawn_blocking(move || {
            // The client may leave. The worker stays busy until the work has checked its deadline.
            let _permit = permit;
            work(&deadline)
        });
        let result = tokio::select! {
            biased;
            () = client.wait() => return Err(HandleError::Gone),
            result = task => result,
        };
        match result {
            Ok(done) => Ok((done?, queued)),
            Err(panic) => {
                tracing::error!(%panic, "work on pixels panicked");
                let text = "the images process failed at this image; its log says where";
                Err(ServiceError::new(ErrorCode::Internal, text).into())
            }
        }
    }
}

/// Whether a request is for this service. A foreign runtime names the service that it means in a header.
fn is_for_images(headers: &HeaderMap) -> bool {
    let mut names = headers.get_all(SERVICE).iter();
    names.all(|name| name.as_bytes() == b"images")
}

fn health() -> Answer {
    let json = serde_json::json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
    });
    answer::success("application/json", Block::new(json.to_string()))
}

/// The reason why there is no result to answer with.
enum HandleError {
    /// The client has closed its connection.
    Gone,
    /// The request was refused.
    Refused {
        error: ServiceError,
        /// Whether the body was read to its end.
        at_end: bool,
    },
}

impl From<ServiceError> for HandleError {
    fn from(error: ServiceError) -> Self {
        Self::Refused {
            error,
            at_end: true,
        }
    }
}

impl<T> Received<T> {
    fn usable(self) -> Result<T, HandleError> {
        let Self { form, at_end } = self;
        form.map_err(|error| HandleError::Refused { error, at_end })
    }
}

/// The client has closed its connection; the connection ends without an answer.
#[derive(Debug)]
pub(crate) struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client is gone")
    }
}

impl std::error::Error for Gone {}
