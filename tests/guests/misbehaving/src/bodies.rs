//! Bodies that are slow, broken, too long, unread or passed on.

use safelight_sdk::{
    Body, Request, Response, Result,
    http::{self, HeaderValue, StatusCode, header::CONTENT_LENGTH},
};

use crate::{Query, number, option, required, text, time::pause};

const HOUR_MS: u64 = 3_600_000;

pub(crate) fn slow_stream(query: &Query) -> Result<Response> {
    let pieces = number(query, "pieces", 10)?;
    let ms = number(query, "ms", 50)?;
    Ok(Response::new(Body::stream(async move |body| {
        for piece in 1..=pieces {
            body.write(format!("piece {piece}\n")).await;
            pause(ms).await;
        }
        Ok(())
    })))
}

/// The end of a stream that fails.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Panic,
    Error,
    Wait,
}

pub(crate) fn stream_then(query: &Query, end: End) -> Result<Response> {
    let pieces = number(query, "pieces", 3)?;
    Ok(Response::new(Body::stream(async move |body| {
        for piece in 1..=pieces {
            body.write(format!("piece {piece}\n")).await;
        }
        // `write` returns while the last piece waits for its reader. The pause lets the reader take it.
        pause(1).await;
        match end {
            End::Panic => panic!("this worker panics in a stream on purpose"),
            End::Error => Err("this stream fails on purpose".into()),
            End::Wait => {
                pause(HOUR_MS).await;
                Ok(())
            }
        }
    })))
}

/// The interface has no second response, so it goes where one would be smuggled: behind the declared length.
pub(crate) fn twice() -> Result<Response> {
    let first = "first\n";
    let mut response = Response::new(Body::stream(async move |body| {
        body.write(first).await;
        body.write("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsecond\n")
            .await;
        Ok(())
    }));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(first.len()));
    Ok(response)
}

pub(crate) fn ignore_upload(query: &Query) -> Result<Response> {
    let bytes = usize::try_from(number(query, "bytes", 15_000_000)?)
        .map_err(safelight_sdk::Error::other)?;
    Ok(Response::new(vec![b'x'; bytes].into()))
}

/// Through the memory of the guest, and without content-length.
pub(crate) fn pump(request: Request) -> Response {
    let upload = request.into_body();
    Response::new(Body::stream(async move |body| body.copy(upload).await))
}

/// Reads a piece and passes the rest on.
pub(crate) async fn pump_late(request: Request) -> Result<Response> {
    let mut upload = request.into_body();
    let first = upload.chunk().await?.unwrap_or_default().to_vec();
    Ok(Response::new(Body::stream(async move |body| {
        body.write(first).await;
        body.copy(upload).await
    })))
}

pub(crate) async fn read(request: Request) -> Result<Response> {
    let mut upload = request.into_body();
    let mut bytes = 0;
    let mut pieces = 0;
    while let Some(piece) = upload.chunk().await? {
        bytes += piece.len();
        pieces += 1;
    }
    Ok(text(format!("{bytes} bytes in {pieces} pieces\n")))
}

/// The bytes that the query has in hexadecimal, with headers that are worth keeping and one that is not.
pub(crate) fn bytes(query: &Query) -> Result<Response> {
    let hex = required(query, "hex")?;
    let digits = |at: usize| hex.get(at..at + 2).unwrap_or_default();
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits(at), 16));
    let bytes = bytes
        .collect::<std::result::Result<Vec<u8>, _>>()
        .map_err(|error| format!("the query's hex: {error}"))?;
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    for (name, value) in [
        ("etag", "\"kept\""),
        ("cache-control", "max-age=7200"),
        ("set-cookie", "a=b"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Answers with the bytes in the query, for requests of a transformation alone.
pub(crate) fn via(request: &Request, query: &Query) -> Result<Response> {
    let via = request.headers().get("via");
    match via.is_some_and(|via| via == "image-resizing") {
        true => bytes(query),
        false => status(&Query::from([("code".to_owned(), "403".to_owned())])),
    }
}

/// A redirect to what is in the query, by way of so many more.
pub(crate) fn redirect(query: &Query) -> Result<Response> {
    let to = required(query, "to")?;
    let code = option(query, "code").unwrap_or("302");
    let location = match number(query, "left", 0)? {
        0 => to.to_owned(),
        left => {
            let to: String = to.bytes().map(|byte| format!("%{byte:02x}")).collect();
            format!("/redirect?left={}&code={code}&to={to}", left - 1)
        }
    };
    let mut response = Response::new(Body::empty());
    let code = StatusCode::from_bytes(code.as_bytes());
    *response.status_mut() = code.map_err(|error| format!("the query's code: {error}"))?;
    let location = HeaderValue::try_from(location).map_err(http::Error::from)?;
    response.headers_mut().insert("location", location);
    Ok(response)
}

/// An empty answer of the status in the query.
pub(crate) fn status(query: &Query) -> Result<Response> {
    let mut response = Response::new(Body::empty());
    let code = StatusCode::from_bytes(required(query, "code")?.as_bytes());
    *response.status_mut() = code.map_err(|error| format!("the query's code: {error}"))?;
    Ok(response)
}
