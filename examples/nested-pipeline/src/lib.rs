//! `/composite`: four overlays drawn onto a background of twelve megapixels, all of them read from a bucket.
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
    let mut composite = images.input(background);
    for (key, width, degrees, place) in corners() {
        let overlay = part(&env, key, OVERLAY, "image/png").await?;
        let changed = ImageTransform::new().width(width).rotate(degrees);
        composite = composite.draw(images.input(overlay).transform(changed), place);
    }
    let output = ImageOutputOptions::new(Format::Jpeg).quality(95);
    let result = composite.output(output).await?;
    Ok(result.response())
}

/// The overlays: each with its key, its width, how it is turned, and where it is drawn.
fn corners() -> [(&'static str, f64, u16, ImageDrawOptions); 4] {
    let draw = ImageDrawOptions::new;
    [
        ("lamp.png", 900.0, 0, draw().bottom(120).right(120)),
        (
            "seal.png",
            300.0,
            90,
            draw().top(120).left(120).opacity(0.7),
        ),
        (
            "badge.png",
            500.0,
            180,
            draw().top(120).right(120).opacity(0.5),
        ),
        ("mark.png", 400.0, 270, draw().bottom(120).left(120)),
    ]
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
