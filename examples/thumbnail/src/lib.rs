//! A photo, resized as the query says: `/?width=400&height=300&fit=cover&format=webp&quality=80`.

use safelight_sdk::{
    Context, Env, Error, Format, ImageOutputOptions, ImageTransform, Query, QueryError, Request,
    Response, Result, http::StatusCode, response,
};

/// Drawn by code for this example, 4000×3000 pixels.
static PHOTO: &[u8] = include_bytes!("../photo.jpg");

/// The service's code for options that it refuses.
const BAD_REQUEST: u16 = 9432;

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    match thumbnail(&Query::of(request.uri()), &env).await {
        Err(Error::Query(error)) => Ok(response::text(StatusCode::BAD_REQUEST, error.to_string())),
        Err(Error::Images(error)) if error.code == BAD_REQUEST => {
            Ok(response::text(StatusCode::BAD_REQUEST, error.message))
        }
        other => other,
    }
}

async fn thumbnail(query: &Query, env: &Env) -> Result<Response> {
    query.allow_only(&["width", "height", "fit", "format", "quality"])?;
    let transform = ImageTransform {
        width: query.parse::<u32>("width")?.map(f64::from),
        height: query.parse::<u32>("height")?.map(f64::from),
        fit: query.parse("fit")?,
        ..ImageTransform::new()
    };
    let output = ImageOutputOptions {
        quality: query.parse::<u8>("quality")?.map(Into::into),
        ..ImageOutputOptions::new(format(query)?)
    };
    let result = env
        .images("IMAGES")?
        .input(PHOTO)
        .transform(transform)
        .output(output)
        .await?;
    Ok(result.response())
}

/// The binding's own name, or what follows `image/` in it.
fn format(query: &Query) -> Result<Format, QueryError> {
    let word = query.get("format").unwrap_or("jpeg");
    let named = word.parse().or_else(|_| format!("image/{word}").parse());
    named.map_err(|_| QueryError {
        name: "format".to_owned(),
        problem: format!("{word:?}: must be one of jpeg, png, gif, webp, avif, rgb, rgba"),
    })
}
