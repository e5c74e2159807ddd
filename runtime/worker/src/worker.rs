//! A worker: a component that is linked once, and answers each request with an instance.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use http_body_util::BodyExt as _;
use safelight_hop::capacity::Permit;
use safelight_hop::log::Log;
use safelight_hop::{Body, RequestContext};
use tokio::sync::oneshot;
use wasmtime::component::Component;
use wasmtime::{Engine, Trap};
use wasmtime_wasi_http::handler::{ExpirationError, InstantiationError, ProxyHandler};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode as P2ErrorCode;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode as P3ErrorCode;

use crate::compile::CompileError;
use crate::engine::{InstanceBody, body_to_engine};
use crate::error::{WorkerError, WorkerErrorKind};
use crate::factory::InstanceFactory;
pub use crate::factory::WorkerEnv;
use crate::guest_request::GuestRequest;
use crate::instance::RequestData;
use crate::limits::RefusedMemory;
use crate::shared::Shared;

/// A linked worker.
pub struct Worker {
    handler: ProxyHandler<InstanceFactory>,
}

impl Worker {
    /// Links a component to the host's interfaces.
    ///
    /// # Errors
    /// When the component imports an interface that the host lacks, which the error names, or exports no HTTP handler.
    pub fn link(
        engine: &Engine,
        path: &Path,
        component: &Component,
        env: WorkerEnv,
        log: Log,
    ) -> Result<Self, CompileError> {
        let factory = InstanceFactory::link(engine, path, component, env, log)?;
        Ok(Self {
            handler: ProxyHandler::new(factory),
        })
    }

    /// Answers a request, whose URI must be absolute. The response's body holds the permit until its end.
    ///
    /// # Errors
    /// Fails when the worker does not answer, with the reason if it is known, or answers with a status that ends no request.
    pub async fn answer(
        &self,
        permit: Permit,
        request: http::Request<Body>,
        context: &Arc<RequestContext>,
    ) -> Result<http::Response<Body>, WorkerError> {
        let taken_by = Arc::new(OnceLock::new());
        let output = OutputGuard(GuestRequest::new(context.clone()));
        // Dropped with this future, so the instance learns that the response is no longer awaited.
        let (_awaited, awaited) = oneshot::channel();
        let data = RequestData {
            request: output.0.clone(),
            taken_by: taken_by.clone(),
            awaited,
        };
        match self.handler.handle(data, request.map(body_to_engine)).await {
            Ok(response) if response.status().is_informational() => Err(WorkerError {
                kind: WorkerErrorKind::NoFinalStatus(response.status()),
                output: output.0.last_output(),
            }),
            Ok(response) => Ok(response.map(|body| {
                let shared = taken_by.get().cloned();
                let dead = shared.as_ref().map(|shared| shared.dead.clone());
                let guard = ResponseGuard {
                    _open_body: shared.map(OpenBody::new),
                    _permit: permit,
                    _output: output,
                };
                InstanceBody::new(body, dead.unwrap_or_default(), guard).boxed_unsync()
            })),
            Err(error) => Err(WorkerError {
                kind: error_kind(&error, taken_by.get()).await,
                output: output.0.last_output(),
            }),
        }
    }
}

/// Lives as long as a response's body.
struct ResponseGuard {
    _open_body: Option<OpenBody>,
    _permit: Permit,
    // Output while the body is written belongs to the same request.
    _output: OutputGuard,
}

/// Logs the rest of a request's output when the response has ended, or is no longer awaited. The request's own line follows.
struct OutputGuard(Arc<GuestRequest>);

impl Drop for OutputGuard {
    fn drop(&mut self) {
        self.0.flush_output();
    }
}

/// Counts a response's body as open in its instance.
struct OpenBody(Arc<Shared>);

impl OpenBody {
    fn new(shared: Arc<Shared>) -> Self {
        shared.open_bodies.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for OpenBody {
    fn drop(&mut self) {
        self.0.open_bodies.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn error_kind(error: &wasmtime::Error, taken_by: Option<&Arc<Shared>>) -> WorkerErrorKind {
    if let Some(error) = error.downcast_ref::<InstantiationError<RequestData>>() {
        if let Some(refused) = error.error.downcast_ref::<RefusedMemory>() {
            return WorkerErrorKind::NoMemory(*refused);
        }
        return WorkerErrorKind::Instantiation(match error.error.downcast_ref() {
            Some(Trap::Interrupt) => "it used more than its CPU limit while starting".into(),
            Some(_) | None => format!("{:#}", error.error),
        });
    }
    if error.downcast_ref::<ExpirationError>().is_some() {
        return WorkerErrorKind::Expired;
    }
    if let Some(code) = error.downcast_ref::<P3ErrorCode>() {
        return WorkerErrorKind::Returned(match code {
            P3ErrorCode::InternalError(Some(text)) => text.clone(),
            other => format!("{other:?}"),
        });
    }
    if let Some(code) = error.downcast_ref::<P2ErrorCode>() {
        return WorkerErrorKind::Returned(match code {
            P2ErrorCode::InternalError(Some(text)) => text.clone(),
            other => format!("{other:?}"),
        });
    }
    // For the death of a 0.2 worker, the engine first reports only that there was no response.
    if let Some(shared) = taken_by
        && let Some(death) = shared.death().await
    {
        return WorkerErrorKind::Died(death);
    }
    WorkerErrorKind::NoAnswer(format!("{error:#}"))
}
