//! The pictures of a page: `/photos/<name>` answers with an object of a bucket, which the first request for it stores.

mod pictures;

use pictures::Pictures;
use safelight_sdk::{
    Context, Env, Format, ImageOutputOptions, R2Bucket, R2PutOptions, Request, Response, Result,
    http::{StatusCode, Uri},
    response,
};

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    let Some(name) = request.uri().path().strip_prefix("/photos/") else {
        return Ok(not_found());
    };
    let photos = env.bucket("PHOTOS")?;
    if let Some(photo) = photos.get(name).await? {
        return Ok(photo.response());
    }
    let pictures = Pictures::new(env.images("IMAGES")?, font(request.uri()));
    if !store(name, &photos, &pictures).await? {
        return Ok(not_found());
    }
    let stored = photos.get(name).await?;
    Ok(stored.map_or_else(not_found, |photo| photo.response()))
}

/// Stores a picture, as it is or as the Images binding draws it; `false` if there is none of this name.
async fn store(name: &str, photos: &R2Bucket, pictures: &Pictures) -> Result<bool> {
    let (format, kind) = match name.ends_with(".png") {
        true => (Format::Png, "image/png"),
        false => (Format::Jpeg, "image/jpeg"),
    };
    let body = if let Some(original) = pictures::original(name) {
        original.into()
    } else if let Some(drawn) = pictures.drawn(name) {
        let output = ImageOutputOptions::new(format).quality(90);
        drawn.output(output).await?.response().into_body()
    } else {
        return Ok(false);
    };
    let options = R2PutOptions::new().content_type(kind);
    photos.put_with(name, body, options).await?;
    Ok(true)
}

/// The URL of the font, which is a file of this site.
fn font(uri: &Uri) -> String {
    let host = uri.authority().map_or("localhost", |host| host.as_str());
    format!("http://{host}/tube.ttf")
}

fn not_found() -> Response {
    response::text(StatusCode::NOT_FOUND, "there is no such picture\n")
}
