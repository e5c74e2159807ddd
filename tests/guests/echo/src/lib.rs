//! A worker that passes each request to its echo binding: the answer is that of the binding.

use safelight_sdk::{Context, Env, Request, Response, Result};

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    let path = request.uri().path().to_owned();
    env.echo("ECHO")?.post(&path, request.into_body()).await
}
