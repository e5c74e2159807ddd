//! A photo with a watermark: a logo that has a smaller, turned copy of itself drawn onto it first.

use safelight_sdk::{
    Context, Env, Format, ImageDrawOptions, ImageOutputOptions, ImageTransform, Request, Response,
    Result,
};

/// Drawn by code for the examples, 4000×3000 pixels.
static PHOTO: &[u8] = include_bytes!("../../thumbnail/photo.jpg");
/// Drawn by code for this example, with a transparent background.
static LOGO: &[u8] = include_bytes!("../logo.png");

safelight_sdk::fetch!(fetch);

async fn fetch(_request: Request, env: Env, _ctx: Context) -> Result<Response> {
    let images = env.images("IMAGES")?;
    let seal = images
        .input(LOGO)
        .transform(ImageTransform::new().width(60).rotate(90));
    let mark = images
        .input(LOGO)
        .transform(ImageTransform::new().width(320))
        .draw(seal, ImageDrawOptions::new().top(8).right(8).opacity(0.5));
    let result = images
        .input(PHOTO)
        .transform(ImageTransform::new().width(1200))
        .draw(
            mark,
            ImageDrawOptions::new().bottom(24).right(24).opacity(0.8),
        )
        .output(ImageOutputOptions::new(Format::Jpeg).quality(85))
        .await?;
    Ok(result.response())
}
