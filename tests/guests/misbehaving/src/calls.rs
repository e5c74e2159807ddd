//! Answers about the environment of the worker, and calls of its host.

use std::{collections::BTreeMap, fmt::Write, future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use safelight_sdk::{
    Body, Env, Fetch, FetchFormat, Fit, Format, ImageDrawOptions, ImageOptions, ImageOutputOptions,
    ImageTransform, ImageTransformationResult, Request, Response, Result, Text, fetch, http,
    http::StatusCode, response,
};

use crate::{Query, number, parse, required, text, time::pause};

const INPUT_LIMIT: usize = 20 * 1024 * 1024;
const OUTPUT_LIMIT: usize = 20 * 1024 * 1024;

/// The photo that the routes pass on to Images.
static PHOTO: &[u8] = include_bytes!("../../../../examples/thumbnail/photo.jpg");

pub(crate) fn host(request: &Request) -> String {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or("none");
    let authority = uri
        .authority()
        .map_or("none", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("none", |path| path.as_str());
    format!("{scheme} {authority} {path}\n")
}

pub(crate) fn headers(request: &Request) -> String {
    let names: Vec<_> = request
        .headers()
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    format!("{}\n", names.join("\n"))
}

pub(crate) fn environment() -> String {
    let sorted: BTreeMap<_, _> = std::env::vars().collect();
    sorted
        .into_iter()
        .fold(String::new(), |mut lines, (name, value)| {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "{name}={value}");
            lines
        })
}

pub(crate) async fn fetch_url(query: &Query) -> Result<Response> {
    get(required(query, "url")?).await
}

/// Calls a binding past `env`, as code without the SDK would.
pub(crate) async fn binding_get(name: &str, path: &str) -> Result<Response> {
    let origin = std::env::var("BINDINGS_ORIGIN");
    let origin = origin.as_deref().unwrap_or("http://bindings.internal");
    get(&format!("{origin}/{name}{path}")).await
}

async fn get(url: &str) -> Result<Response> {
    fetch(http::Request::get(url).body(())?).await
}

pub(crate) async fn upload_image(request: Request, query: &Query, env: &Env) -> Result<Response> {
    let transform = ImageTransform {
        width: parse::<u32>(query, "width")?.map(f64::from),
        ..ImageTransform::new()
    };
    let format = parse(query, "format")?.unwrap_or(Format::Jpeg);
    let result = env
        .images("IMAGES")?
        .input(request.into_body())
        .transform(transform)
        .output(ImageOutputOptions::new(format))
        .await?;
    Ok(result.response())
}

/// Has an image made of an upload that it stops sending.
pub(crate) async fn broken_upload(env: &Env) -> Result<Response> {
    let upload = Body::stream(async |body| {
        body.write(PHOTO.to_vec()).await;
        Err("this upload fails on purpose".into())
    });
    let output = ImageOutputOptions::new(Format::Png);
    Ok(env
        .images("IMAGES")?
        .input(upload)
        .output(output)
        .await?
        .response())
}

/// A picture that is the upload of another call.
pub(crate) async fn photo_of_photo(env: &Env) -> Result<Response> {
    let images = env.images("IMAGES")?;
    let photo = photo_as_png(env).await?.image();
    let output = ImageOutputOptions::new(Format::Jpeg);
    Ok(images.input(photo).output(output).await?.response())
}

pub(crate) async fn info(request: Request, env: &Env) -> Result<Response> {
    let info = env.images("IMAGES")?.info(request.into_body()).await?;
    Ok(text(match info.raster {
        Some(raster) => {
            format!(
                "{} {}x{} {} bytes\n",
                info.format, raster.width, raster.height, raster.file_size
            )
        }
        None => format!("{}\n", info.format),
    }))
}

/// Two calls of Images in one request.
pub(crate) async fn info_then_image(request: Request, env: &Env) -> Result<Response> {
    let images = env.images("IMAGES")?;
    let picture = Bytes::from(request.into_body().collect(INPUT_LIMIT).await?);
    images.info(picture.clone()).await?;
    let output = ImageOutputOptions::new(Format::Png);
    Ok(images.input(picture).output(output).await?.response())
}

/// The uploaded picture, with a small turned one in its corner that has a smaller one in its own.
pub(crate) async fn draw(request: Request, env: &Env) -> Result<Response> {
    let images = env.images("IMAGES")?;
    let picture = Bytes::from(request.into_body().collect(INPUT_LIMIT).await?);
    let inner = images
        .input(picture.clone())
        .transform(ImageTransform::new().width(10));
    let outer = images
        .input(picture.clone())
        .transform(ImageTransform::new().width(30).rotate(90))
        .draw(inner, ImageDrawOptions::new().bottom(0).left(0));
    let result = images
        .input(picture)
        .transform(ImageTransform::new().width(100))
        .draw(
            outer,
            ImageDrawOptions::new().bottom(2).right(2).opacity(0.5),
        )
        .output(ImageOutputOptions::new(Format::Png))
        .await?;
    Ok(result.response())
}

/// A text in the font at a URL, on a white picture of 40 by 20 pixels that is a text's box as well.
pub(crate) async fn letters(query: &Query, env: &Env) -> Result<Response> {
    let images = env.images("IMAGES")?;
    let font = required(query, "font")?;
    let paper = images
        .text(Text::new("A", font).size(10).color("transparent"))
        .transform(
            ImageTransform::new()
                .width(40)
                .height(20)
                .fit(Fit::Pad)
                .background("white"),
        );
    let ink = images.text(Text::new("A", font).size(10).color("#c80000"));
    let result = paper
        .draw(ink, ImageDrawOptions::new().top(4).left(5))
        .output(ImageOutputOptions::new(Format::Png))
        .await?;
    Ok(result.response())
}

/// Begins to answer before the picture is whole.
pub(crate) async fn photo(env: &Env) -> Result<Response> {
    Ok(photo_as_png(env).await?.response())
}

/// Copies the picture to the response, so that its error passes through the worker.
pub(crate) async fn photo_copy(env: &Env) -> Result<Response> {
    let picture = photo_as_png(env).await?.response().into_body();
    Ok(Response::new(Body::stream(async move |body| {
        body.copy(picture).await
    })))
}

/// Answers when the picture is whole, and with 502 when it will never be.
pub(crate) async fn careful_image(env: &Env) -> Result<Response> {
    let whole = async {
        let picture = photo_as_png(env).await?.image();
        picture.collect(OUTPUT_LIMIT).await
    };
    Ok(match whole.await {
        Ok(picture) => {
            let mut response = Response::new(picture.into());
            let png = http::HeaderValue::from_static("image/png");
            response
                .headers_mut()
                .insert(http::header::CONTENT_TYPE, png);
            response
        }
        Err(error) => response::text(StatusCode::BAD_GATEWAY, format!("no picture: {error}\n")),
    })
}

async fn photo_as_png(env: &Env) -> Result<ImageTransformationResult> {
    env.images("IMAGES")?
        .input(PHOTO)
        .transform(ImageTransform::new().width(800))
        .output(ImageOutputOptions::new(Format::Png))
        .await
}

/// Starts a call and drops it after a pause, unless it is answered before.
pub(crate) async fn drop_answer(request: Request, query: &Query, env: &Env) -> Result<Response> {
    let ms = number(query, "ms", 1)?;
    let outcome = {
        let transformer = env.images("IMAGES")?.input(request.into_body());
        let mut call = pin!(transformer.output(ImageOutputOptions::new(Format::Png)));
        let mut timeout = pin!(pause(ms));
        poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(Ok(_)) => Poll::Ready("answered and dropped".to_owned()),
            Poll::Ready(Err(error)) => Poll::Ready(format!("failed: {error}")),
            Poll::Pending => timeout
                .as_mut()
                .poll(context)
                .map(|()| "dropped".to_owned()),
        })
        .await
    };
    Ok(text(format!("{outcome}\n")))
}

/// The picture at a URL, resized on its way.
pub(crate) async fn fetch_image(query: &Query) -> Result<Response> {
    let width = number(query, "width", 8)? as f64;
    let options = ImageOptions::new().width(width).format(FetchFormat::Webp);
    Fetch::new(required(query, "url")?)
        .header("cookie", "secret=1")
        .image(options)
        .send()
        .await
}

/// The same with options as they are in the query, and with the headers of this request.
pub(crate) async fn fetch_cf(request: &Request, query: &Query) -> Result<Response> {
    let mut fetched = http::Request::get(required(query, "url")?)
        .header("safelight-cf-image", required(query, "cf")?)
        .body(())?;
    let own = request.headers().iter().filter(|(name, _)| *name != "host");
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    fetched.headers_mut().extend(own);
    fetch(fetched).await
}
