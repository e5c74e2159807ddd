//! A worker whose every answer its client can compute: the pixels of the picture that it was sent, the upload, or noise.
//!
//! | route | the answer |
//! |---|---|
//! | `/passed-on` | the upload's pixels, passed on as they come from Images |
//! | `/pumped` | the same, copied through this worker's memory, without content-length |
//! | `/careful` | the same, after all of them have arrived; or else 502 |
//! | `/echo` | the upload, passed on |
//! | `/copied` | the upload, copied through this worker's memory, without content-length |
//! | `/noise?seed=&bytes=` | a number of bytes that follow from the seed |

use safelight_sdk::{
    Body, Context, Env, Error, Format, ImageOutputOptions, ImageTransformationResult, Request,
    Response, Result, http::StatusCode, response,
};

/// Most that is collected for `/careful`, in bytes.
const LIMIT: usize = 4_000_000;
/// Bytes of noise that are written at a time.
const PIECE: usize = 128 * 1024;

safelight_sdk::fetch!(fetch);

async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
    match request.uri().path() {
        "/passed-on" => Ok(pixels(request, &env).await?.response()),
        "/pumped" => Ok(copied(pixels(request, &env).await?.image())),
        "/careful" => Ok(careful(request, &env).await),
        "/echo" => Ok(Response::new(request.into_body())),
        "/copied" => Ok(copied(request.into_body())),
        "/noise" => noise(request.uri().query().unwrap_or_default()),
        path => Ok(response::text(
            StatusCode::NOT_FOUND,
            format!("no route {path}\n"),
        )),
    }
}

async fn pixels(request: Request, env: &Env) -> Result<ImageTransformationResult> {
    let picture = env.images("IMAGES")?.input(request.into_body());
    picture.output(ImageOutputOptions::new(Format::Rgb)).await
}

fn copied(source: Body) -> Response {
    Response::new(Body::stream(async move |body| body.copy(source).await))
}

async fn careful(request: Request, env: &Env) -> Response {
    let whole = async { pixels(request, env).await?.image().collect(LIMIT).await };
    match whole.await {
        Ok(pixels) => Response::new(pixels.into()),
        Err(error) => response::text(StatusCode::BAD_GATEWAY, format!("no picture: {error}\n")),
    }
}

fn noise(query: &str) -> Result<Response> {
    let (mut seed, mut bytes) = (0_u64, 0_usize);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "seed" => seed = value.parse().map_err(Error::other)?,
            "bytes" => bytes = value.parse().map_err(Error::other)?,
            _ => {}
        }
    }
    Ok(Response::new(Body::stream(async move |body| {
        for begin in (0..bytes).step_by(PIECE) {
            let words = (begin / 8)..bytes.min(begin + PIECE).div_ceil(8);
            let mut piece: Vec<_> = words.flat_map(|at| word(seed, at).to_le_bytes()).collect();
            piece.truncate(bytes - begin);
            body.write(piece).await;
        }
        Ok(())
    })))
}

/// Returns the eight bytes of noise at `at`. They differ between places and between seeds.
fn word(seed: u64, at: usize) -> u64 {
    let mut word = seed ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
