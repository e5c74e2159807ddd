//! The smallest worker: it answers with text and tells by which host it was reached.

use safelight_sdk::{Context, Env, Request, Response, Result, http::StatusCode, response};

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, _env: Env, _ctx: Context) -> Result<Response> {
    let host = request.uri().host().unwrap_or("nobody");
    Ok(response::text(
        StatusCode::OK,
        format!("Hello from {host}!\n"),
    ))
}
