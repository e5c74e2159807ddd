//! Handles one request: one match on method and path, and the way to the pixel processes.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz_hooks;
mod report;

use std::{collections::HashMap, fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use hyper::body::Incoming;
use safelight_outgoing::OutgoingError;
use safelight_protocol::{
    ErrorCode, HEALTH_PATH, INFO_PATH, TRACE_PATH, TRANSFORM_PATH,
    headers::{CRASH, CRASH_PIXELS, SERVICE},
    trace::REQUEST_HEADER,
};

use self::report::Report;
use safelight_net::{hang_up::HangUp, transport::TransportLog};

use crate::{
    answer::{self, Answer, Block},
    error::ServiceError,
    fonts::Fonts,
    form::{self, Received, TransformForm},
    limits::Limits,
    options::FontUrl,
    process::{Ended, Form, Label, Made, PixelProgram, Pixels, TransformInput},
    queue::Queue,
    quota::{ByteQuota, Reservation},
    request::TransformRequest,
};

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct Handler {
    limits: Arc<Limits>,
    queue: Queue,
    quota: ByteQuota,
    fonts: Fonts,
    pixels: Arc<Pixels>,
    transports: Option<Arc<TransportLog>>,
}

impl Handler {
    /// # Errors
    /// When TLS cannot be set up for the fonts.
    pub(crate) fn new(
        limits: Limits,
        program: PixelProgram,
        transports: Option<Arc<TransportLog>>,
    ) -> Result<Self, OutgoingError> {
        let limits = Arc::new(limits);
        Ok(Self {
            pixels: Pixels::new(program, &limits),
            queue: Queue::new(limits.workers, limits.queue),
            quota: ByteQuota::new(limits.forms_memory()),
            fonts: Fonts::new(limits.fonts.clone())?,
            transports,
            limits,
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
            (&Method::GET, HEALTH_PATH) => {
                let answer = self.health().await;
                self.discard_then_answer(request, answer).await
            }
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
        let at_end =
            form::discard(request, &self.limits.form, self.limits.deadlines.body_read).await;
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
        let label = label(request.headers());
        let reservation = self.quota.reservation();
        let image = form::info(
            request,
            &self.limits.form,
            self.limits.deadlines.body_read,
            &reservation,
        )
        .await
        .usable()?;
        // The process gets a copy.
        reservation.reserve(image.len())?;
        let info = self.pixels.info(image, reservation, label, client).await?;
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
        let label = label(request.headers());
        let reservation = self.quota.reservation();
        let parts = form::transform(
            request,
            &self.limits.form,
            self.limits.deadlines.body_read,
            &reservation,
        )
        .await
        .usable()?;
        let form_time = started.elapsed();
        let form = TransformForm::from_parts(parts.clone())?;
        let (request, warnings) = TransformRequest::parse(form, &self.limits.request)?;
        let fonts = self.fonts_of(&request, &reservation, client).await?;

        let mut report = Report::new(&request, form_time, warnings);
        drop(request);
        let started = Instant::now();
        let permit = tokio::select! {
            biased;
            () = client.wait() => return Err(HandleError::Gone),
            permit = self.queue.acquire() => permit?,
        };
        let queued = started.elapsed();
        let input = TransformInput {
            form: Form {
                parts,
                fonts,
                reservation,
            },
            permit,
            label,
        };
        let Made {
            block,
            content_type,
            facts,
        } = self.pixels.transform(input, client).await?;
        report.done(content_type, facts, queued);
        Ok(report.annotate(answer::success(content_type, block)))
    }

    /// Fetches the fonts of a request, unless the client leaves before they are there.
    async fn fonts_of(
        &self,
        request: &TransformRequest<FontUrl>,
        reservation: &Reservation,
        client: &HangUp,
    ) -> Result<HashMap<FontUrl, Bytes>, HandleError> {
        tokio::select! {
            biased;
            () = client.wait() => Err(HandleError::Gone),
            fonts = self.fonts.get_all(request.font_urls(), reservation) => Ok(fonts?),
        }
    }

    /// Answers a health check once a tiny piece of work on pixels is done.
    async fn health(&self) -> Answer {
        if let Err(error) = self.pixels.check_health().await {
            return answer::failed(&error);
        }
        let json = serde_json::json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
        });
        answer::success("application/json", Block::new(json.to_string()))
    }
}

/// Whether a request is for this service. A foreign runtime names the service that it means in a header.
fn is_for_images(headers: &HeaderMap) -> bool {
    let mut names = headers.get_all(SERVICE).iter();
    names.all(|name| name.as_bytes() == b"images")
}

/// Returns what the runtime says about a call.
fn label(headers: &HeaderMap) -> Label {
    let number = headers.get(REQUEST_HEADER);
    let crash = headers.get(CRASH);
    Label {
        request: number.and_then(|number| number.to_str().ok()?.parse().ok()),
        crashes: crash.is_some_and(|crash| crash == CRASH_PIXELS),
    }
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

impl From<Ended> for HandleError {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Gone => Self::Gone,
            Ended::Error(error) => error.into(),
        }
    }
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
