//! A worker of WASI 0.2, made with another SDK: `/` answers with text, `/count` with how often this instance was
//! called, `/echo` with the request's body.

use std::sync::atomic::{AtomicU64, Ordering};

use wstd::http::{Body, Error, Request, Response, StatusCode};

static CALLS: AtomicU64 = AtomicU64::new(0);

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    match request.uri().path() {
        "/" => Ok(Response::new(Body::from("Hello from WASI 0.2!\n"))),
        "/count" => Ok(Response::new(Body::from(format!("{calls}\n")))),
        "/echo" => Ok(Response::new(request.into_body())),
        path => {
            let mut response = Response::new(Body::from(format!("no route {path}\n")));
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
    }
}
