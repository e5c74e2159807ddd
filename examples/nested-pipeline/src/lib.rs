//! `/composite`: overlays drawn onto a background of twelve megapixels, all of them read from a bucket.
//!
//! The answer has some megabytes, and is the source of `/cdn-cgi/image/<options>/composite`: pixels pass the images process twice,
//! and every hop between must be whole.

use safelight_sdk::{
    Body, Context, Env, Format, ImageDrawOptions, ImageOutputOptions, ImageTransform, R2PutOptions,
    Request, Response, Result, http::StatusCode, response,
};

/// Drawn by code for the examples, 4000×3000 pixels.
static BACKGROUND: &[u8] = include_bytes!("../../thumbnail/photo.jpg");
/// Drawn by code for the examples, with a transparent background.
static OVERLAY: &[u8] = include_bytes!("../../watermark/logo.png");

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    if request.uri().path() != "/composite" {
        return Ok(response::text(
            StatusCode::NOT_FOUND,
            "ask for /composite, or for /cdn-cgi/image/width=800,format=webp/composite\n",
        ));
    }
    let images = env.images("IMAGES")?;
    let background = part(&env, "background.jpg", BACKGROUND, "image/jpeg").await?;
    let lamp = part(&env, "lamp.png", OVERLAY, "image/png").await?;
    let seal = part(&env, "lamp.png", OVERLAY, "image/png").await?;
    let lamp = images
        .input(lamp)
        .transform(ImageTransform::new().width(900));
    let seal = images
        .input(seal)
        .transform(ImageTransform::new().width(300).rotate(90));
    let result = images
        .input(background)
        .draw(lamp, ImageDrawOptions::new().bottom(120).right(120))
        .draw(
            seal,
            ImageDrawOptions::new().top(120).left(120).opacity(0.7),
        )
        .output(ImageOutputOptions::new(Format::Jpeg).quality(95))
        .await?;
    Ok(result.response())
}

/// An object of the bucket, stored when it is first asked for.
async fn part(env: &Env, key: &str, first: &'static [u8], kind: &str) -> Result<Body> {
    let parts = env.bucket("PARTS")?;
    if let Some(part) = parts.get(key).await? {
        return Ok(part.body());
    }
    let options = R2PutOptions::new().content_type(kind);
    parts.put_with(key, first, options).await?;
    match parts.get(key).await? {
        Some(part) => Ok(part.body()),
        None => Err(format!("{key} was stored and is not there").into()),
    }
}
