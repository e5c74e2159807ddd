//! The pictures of a page: `/photos/<name>` answers with an object of a bucket, which is filled when it is first asked.

use safelight_sdk::{
    Context, Env, Fit, Format, ImageOutputOptions, ImageTransform, Images, R2Bucket, R2PutOptions,
    Request, Response, Result, http::StatusCode, response,
};

/// Drawn by code for the examples, 4000×3000 pixels.
static DUSK: &[u8] = include_bytes!("../../thumbnail/photo.jpg");
/// Drawn by code for the examples, with a transparent background.
static LAMP: &[u8] = include_bytes!("../../watermark/logo.png");

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    let Some(name) = request.uri().path().strip_prefix("/photos/") else {
        return Ok(nothing());
    };
    let photos = env.bucket("PHOTOS")?;
    if let Some(photo) = photos.get(name).await? {
        return Ok(photo.response());
    }
    if !store(name, &photos, &env.images("IMAGES")?).await? {
        return Ok(nothing());
    }
    let stored = photos.get(name).await?;
    Ok(stored.map_or_else(nothing, |photo| photo.response()))
}

/// Stores one of the pictures that the page shows; whether there is one of this name.
async fn store(name: &str, photos: &R2Bucket, images: &Images) -> Result<bool> {
    let turned = ImageTransform::new().width(1600).rotate(180);
    let square = ImageTransform::new()
        .width(1200)
        .height(1200)
        .fit(Fit::Cover);
    let kind = |kind: &str| R2PutOptions::new().content_type(kind);
    let changed = match name {
        "dusk.jpg" => return put(photos, name, DUSK, kind("image/jpeg")).await,
        "lamp.png" => return put(photos, name, LAMP, kind("image/png")).await,
        "lake.jpg" => turned,
        "square.jpg" => square,
        _ => return Ok(false),
    };
    let output = ImageOutputOptions::new(Format::Jpeg).quality(90);
    let result = images.input(DUSK).transform(changed).output(output);
    let body = result.await?.response().into_body();
    put(photos, name, body, kind("image/jpeg")).await
}

async fn put(
    photos: &R2Bucket,
    name: &str,
    photo: impl Into<safelight_sdk::Body>,
    options: R2PutOptions,
) -> Result<bool> {
    photos.put_with(name, photo, options).await?;
    Ok(true)
}

fn nothing() -> Response {
    response::text(StatusCode::NOT_FOUND, "there is no such picture\n")
}
