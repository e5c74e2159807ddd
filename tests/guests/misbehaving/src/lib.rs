//! A worker with a route for each misbehaviour that a runtime must handle. Numbers are in the query.
//!
//! | route | what it does |
//! |---|---|
//! | `/panic` `/spin` `/allocate` `/error` | panics, loops without end, allocates without end, returns an error |
//! | `/spin-ms?ms=` `/sleep?ms=` | keeps the processor busy, waits by the 0.3 clock |
//! | `/print?id=&ms=` | prints lines in pieces, with a pause of `ms` inside each |
//! | `/print-and-wait` | prints a line and a half, and waits for an hour |
//! | `/global` `/hold?mb=` | how often this instance was asked; how many MB it holds for good |
//! | `/wait-until?ms=&id=` | answers, and prints `id` after a pause |
//! | `/slow-stream?pieces=&ms=` | pieces with pauses, without content-length |
//! | `/stream-then-panic?pieces=` `/stream-then-error?pieces=` | pieces, then the end of it |
//! | `/stream-then-die-by-neighbour?pieces=` | pieces, then an hour of waiting for another request to kill this instance |
//! | `/twice` | sends a second response behind the end of the first |
//! | `/ignore-upload?bytes=` | answers without reading the request's body |
//! | `/echo` `/pump` `/pump-late` `/read` | passes the body on; copies it; copies it after its first piece; counts it |
//! | `/bytes?hex=` `/status?code=` | the bytes with headers worth keeping; an empty answer of that status |
//! | `/redirect?to=&left=&code=` | leads there, by way of so many redirects to itself |
//! | `/via?hex=` | the bytes, for requests of a transformation alone |
//! | `/host` `/headers` `/env` | scheme, authority and path as seen; the names of the headers; the environment |
//! | `/fetch?url=` | passes on the answer of a URL |
//! | `/call?name=&url=` `/follow?name=&url=` | asks another worker for this request under another URL; and follows its redirects |
//! | `/again?name=` `/fan?name=&url=&times=` | asks another worker for this very request; often |
//! | `/asset?name=&url=` | asks the static files |
//! | `/fetch-image?url=&width=` `/fetch-cf?url=&cf=` | the same, resized on its way; with any options in JSON |
//! | `/wrong-binding` `/binding-get?name=&path=` | calls a binding by hand |
//! | `/upload-image?width=&format=` `/info` `/draw` | the request's body through Images |
//! | `/broken-upload` `/photo-of-photo` | Images with an upload that fails; with the answer of Images |
//! | `/photo` `/photo-copy` `/careful-image` | a photo through Images, as a PNG of about a megabyte: passed on; copied; or 502 unless it came whole |
//! | `/info-then-image` | two calls of Images, one after the other |
//! | `/drop-answer?ms=` | uploads the request's body to Images and drops the call after a pause |

mod bodies;
mod calls;
mod failures;
mod time;
mod workers;

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use safelight_sdk::{Context, Env, Request, Response, Result, http::StatusCode, response};

/// The parameters of a request's query.
type Query = BTreeMap<String, String>;

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, ctx: Context) -> Result<Response> {
    let query = query(&request);
    match request.uri().path() {
        "/panic" => failures::panic(),
        "/spin" => failures::spin(),
        "/allocate" => failures::allocate(),
        "/error" => failures::error(),
        "/print" => failures::print(&query).await,
        "/print-and-wait" => failures::print_and_wait().await,
        "/global" => failures::global(),
        "/hold" => failures::hold(&query),
        "/spin-ms" => time::spin_ms(&query),
        "/sleep" => time::sleep(&query).await,
        "/wait-until" => time::wait_until(&query, &ctx),
        "/slow-stream" => bodies::slow_stream(&query),
        "/stream-then-panic" => bodies::stream_then(&query, bodies::End::Panic),
        "/stream-then-error" => bodies::stream_then(&query, bodies::End::Error),
        "/stream-then-die-by-neighbour" => bodies::stream_then(&query, bodies::End::Wait),
        "/twice" => bodies::twice(),
        "/ignore-upload" => bodies::ignore_upload(&query),
        "/echo" => Ok(Response::new(request.into_body())),
        "/pump" => Ok(bodies::pump(request)),
        "/pump-late" => bodies::pump_late(request).await,
        "/read" => bodies::read(request).await,
        "/bytes" => bodies::bytes(&query),
        "/status" => bodies::status(&query),
        "/redirect" => bodies::redirect(&query),
        "/via" => bodies::via(&request, &query),
        "/host" => Ok(text(calls::host(&request))),
        "/headers" => Ok(text(calls::headers(&request))),
        "/env" => Ok(text(calls::environment())),
        "/fetch" => calls::fetch_url(&query).await,
        "/call" => workers::call(request, &query, &env).await,
        "/follow" => workers::follow(request, &query, &env).await,
        "/again" => workers::again(request, &query, &env).await,
        "/fan" => workers::fan(&query, &env, number(&query, "times", 1)?).await,
        "/asset" => workers::asset(&query, &env).await,
        "/fetch-image" => calls::fetch_image(&query).await,
        "/fetch-cf" => calls::fetch_cf(&request, &query).await,
        "/wrong-binding" => calls::binding_get("NOPE", "/").await,
        "/binding-get" => {
            calls::binding_get(
                required(&query, "name")?,
                option(&query, "path").unwrap_or("/"),
            )
            .await
        }
        "/upload-image" => calls::upload_image(request, &query, &env).await,
        "/broken-upload" => calls::broken_upload(&env).await,
        "/photo-of-photo" => calls::photo_of_photo(&env).await,
        "/info" => calls::info(request, &env).await,
        "/info-then-image" => calls::info_then_image(request, &env).await,
        "/draw" => calls::draw(request, &env).await,
        "/letters" => calls::letters(&query, &env).await,
        "/photo" => calls::photo(&env).await,
        "/photo-copy" => calls::photo_copy(&env).await,
        "/careful-image" => calls::careful_image(&env).await,
        "/drop-answer" => calls::drop_answer(request, &query, &env).await,
        path => Ok(response::text(
            StatusCode::NOT_FOUND,
            format!("no route {path}\n"),
        )),
    }
}

fn text(text: String) -> Response {
    response::text(StatusCode::OK, text)
}

fn query(request: &Request) -> Query {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn option<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query.get(name).map(String::as_str)
}

fn required<'a>(query: &'a Query, name: &str) -> Result<&'a str> {
    option(query, name).ok_or_else(|| format!("the query needs {name}").into())
}

fn parse<T: FromStr<Err: Display>>(query: &Query, name: &str) -> Result<Option<T>> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|error| format!("{name}={text}: {error}"))
    };
    Ok(option(query, name).map(parse).transpose()?)
}

fn number(query: &Query, name: &str, default: u64) -> Result<u64> {
    Ok(parse(query, name)?.unwrap_or(default))
}
