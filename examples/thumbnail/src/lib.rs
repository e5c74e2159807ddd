//! A photo, resized as the query says: `/?width=400&height=300&fit=cover&format=webp&quality=80`.

use std::{collections::BTreeSet, fmt::Display};

use safelight_sdk::{
    Context, Env, Error, Format, ImageOutputOptions, ImageTransform, Request, Response, Result,
    http::StatusCode, response,
};

/// Drawn by code for this example, 4000×3000 pixels.
static PHOTO: &[u8] = include_bytes!("../photo.jpg");

/// The service's code for options that it refuses.
const BAD_REQUEST: u16 = 9432;

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    let (transform, output) = match options(request.uri().query().unwrap_or_default()) {
        Ok(options) => options,
        Err(problem) => return Ok(response::text(StatusCode::BAD_REQUEST, problem)),
    };
    let photo = env.images("IMAGES")?.input(PHOTO).transform(transform);
    match photo.output(output).await {
        Ok(result) => Ok(result.response()),
        Err(Error::Images(error)) if error.code == BAD_REQUEST => {
            Ok(response::text(StatusCode::BAD_REQUEST, error.message))
        }
        Err(error) => Err(error),
    }
}

/// Reads the options from a query. The error names the parameter that is wrong.
fn options(query: &str) -> Result<(ImageTransform, ImageOutputOptions), String> {
    let mut transform = ImageTransform::new();
    let mut output = ImageOutputOptions::new(Format::Jpeg);
    let mut seen = BTreeSet::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let number = || value.parse::<u32>().map_err(|error| problem(&name, error));
        match &*name {
            "width" => transform.width = Some(f64::from(number()?)),
            "height" => transform.height = Some(f64::from(number()?)),
            "fit" => transform.fit = Some(value.parse().map_err(|error| problem(&name, error))?),
            "format" => output.format = format(&value).map_err(|error| problem(&name, error))?,
            "quality" => {
                let quality: u8 = value.parse().map_err(|error| problem(&name, error))?;
                output.quality = Some(quality.into());
            }
            _ => {
                return Err(problem(
                    &name,
                    "known are width, height, fit, format, quality",
                ));
            }
        }
        if !seen.insert(name.clone()) {
            return Err(problem(&name, "given more than once"));
        }
    }
    Ok((transform, output))
}

fn problem(name: &str, problem: impl Display) -> String {
    format!("query parameter {name}: {problem}\n")
}

/// The name of a format on the binding, or the part of it behind `image/`.
fn format(word: &str) -> Result<Format, &'static str> {
    let named = word.parse().or_else(|_| format!("image/{word}").parse());
    named.map_err(|_| "must be one of jpeg, png, gif, webp, avif, rgb, rgba")
}
