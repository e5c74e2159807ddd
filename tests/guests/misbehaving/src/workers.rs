//! Calls of other workers and of static files.

use safelight_sdk::{Env, Request, Response, Result, http};

use crate::{Query, required};

/// Sends this request's method, headers and body to another worker, or to this one, under the URL in the query.
pub(crate) async fn call(request: Request, query: &Query, env: &Env) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    parts.uri = required(query, "url")?.parse().map_err(http::Error::from)?;
    let service = env.service(required(query, "name")?)?;
    service.fetch(http::Request::from_parts(parts, body)).await
}

/// The same, and goes wherever the answer leads.
pub(crate) async fn follow(request: Request, query: &Query, env: &Env) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    parts.uri = required(query, "url")?.parse().map_err(http::Error::from)?;
    let service = env.service(required(query, "name")?)?;
    service.follow(http::Request::from_parts(parts, body)).await
}

/// Passes this very request on, so that a worker that is its own service calls itself without end.
pub(crate) async fn again(request: Request, query: &Query, env: &Env) -> Result<Response> {
    env.service(required(query, "name")?)?.fetch(request).await
}

/// Asks another worker for the same as this request, so many times, and passes the last answer on.
pub(crate) async fn fan(query: &Query, env: &Env, times: u64) -> Result<Response> {
    let service = env.service(required(query, "name")?)?;
    let url = required(query, "url")?;
    let mut last = service.fetch(http::Request::get(url).body(())?).await?;
    for _ in 1..times {
        last = service.fetch(http::Request::get(url).body(())?).await?;
    }
    Ok(last)
}

/// Asks the static files for the URL in the query.
pub(crate) async fn asset(query: &Query, env: &Env) -> Result<Response> {
    let url = required(query, "url")?;
    let assets = env.assets(required(query, "name")?)?;
    assets.fetch(http::Request::get(url).body(())?).await
}
