//! The entry point: from the host's call to the author's function and back.

use std::{fmt, io::Write as _};

use wasip3::http::types::{self, ErrorCode};

use crate::{Env, Request, Response, Result, request, response};

/// Makes a function the worker's answer to requests.
///
/// ```
/// use safelight_sdk::{Context, Env, Request, Response, Result};
///
/// safelight_sdk::fetch!(fetch);
///
/// async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
///     Ok(Response::new(format!("hello, {}", request.uri().path()).into()))
/// }
/// ```
///
/// The error may be of any type with a text. It answers 500, and the host receives the text.
#[macro_export]
macro_rules! fetch {
    ($handler:path) => {
        const _: () = {
            struct Worker;

            impl $crate::export::Guest for Worker {
                async fn handle(
                    request: $crate::export::Request,
                ) -> ::core::result::Result<$crate::export::Response, $crate::export::ErrorCode> {
                    $crate::export::run(request, $handler).await
                }
            }

            $crate::export::wasip3::http::service::export!(Worker with_types_in $crate::export::wasip3);
        };
    };
}

/// The context of one request.
#[derive(Debug)]
pub struct Context {
    _private: (),
}

impl Context {
    /// Runs work to its end even if the work takes longer than the response: the request ends after both.
    ///
    /// The work starts at once, concurrently with the response. An error of the work is written to the worker's stderr.
    pub fn wait_until(&self, work: impl Future<Output = Result<()>> + 'static) {
        wasip3::spawn_local(async move {
            if let Err(error) = work.await {
                // The error cannot be reported when stderr is closed.
                drop(writeln!(std::io::stderr(), "wait_until failed: {error}"));
            }
        });
    }
}

/// Runs the author's function on one request of the host.
#[doc(hidden)]
pub async fn run<E: fmt::Display>(
    request: types::Request,
    handler: impl AsyncFnOnce(Request, Env, Context) -> Result<Response, E>,
) -> Result<types::Response, ErrorCode> {
    let request = request::from_wasi(request)?;
    let env = Env::from_environment().map_err(failed)?;
    let response = handler(request, env, Context { _private: () })
        .await
        .map_err(failed)?;
    response::into_wasi(response).map_err(failed)
}

/// Wraps an error in the one code that carries text.
fn failed(error: impl fmt::Display) -> ErrorCode {
    ErrorCode::InternalError(Some(error.to_string()))
}
