//! The SDK for workers in Rust: a request comes in, `env` returns bindings, a response goes out.
//!
//! ```no_run
//! use safelight_sdk::{Context, Env, Format, ImageOutputOptions, ImageTransform, Request, Response, Result};
//!
//! safelight_sdk::fetch!(fetch);
//!
//! async fn fetch(request: Request, env: Env, _ctx: Context) -> Result<Response> {
//!     let photo = request.into_body();
//!     let result = env
//!         .images("IMAGES")?
//!         .input(photo)
//!         .transform(ImageTransform::new().width(800).rotate(90))
//!         .output(ImageOutputOptions::new(Format::Avif))
//!         .await?;
//!     Ok(result.response())
//! }
//! ```
//!
//! Build it as a `cdylib` for `wasm32-wasip2`; `safelight build` does. The component runs on every host of WASI
//! HTTP 0.3; bindings are ordinary requests to `http://bindings.internal/<NAME>/…`, or to the origin that the
//! variable `BINDINGS_ORIGIN` names.
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | `worker` | [`fetch!`], [`Context`]: from the host's call to the author's function and back |
//! | `env` | [`Env`]: bindings and variables by name |
//! | `request` | [`Request`] |
//! | [`response`] | [`Response`] |
//! | `body` | [`Body`]: streaming both ways |
//! | `fetch` | [`fetch()`]: requests to other hosts; [`Fetch`]: pictures changed on their way |
//! | `fetcher` | [`Fetcher`]: other workers, and static files |
//! | `images` | [`Images`], the Images binding |
//! | `r2` | [`R2Bucket`], the R2 binding |
//! | `error` | [`Error`], and the errors that it holds |
//!
//! # Trade-offs
//!
//! - The vocabulary of requests is the [`http`] crate's; only the body is our own, because a body that is
//!   passed on unread must keep the host's own stream.
//! - A transformer is consumed by value. Using one twice, which the platform's JavaScript client answers with
//!   error 9525 at run time, does not compile here: see [`ImageTransformer`].
//! - A body that breaks is an error wherever it is read or passed on, never a short body that looks whole.

#![warn(missing_docs)]

mod body;
#[cfg(feature = "echo")]
mod echo;
mod env;
mod error;
mod fetch;
mod fetcher;
mod headers;
mod images;
#[cfg(test)]
mod now;
mod r2;
mod request;
pub mod response;
mod worker;

pub use http;
pub use wasip3::http::types::ErrorCode;

pub use safelight_protocol::{
    BindingKind, Border, BorderTrim, Composite, Compression, FetchFormat, Fit, Flip, Format,
    Gravity, GravityMode, ImageDrawOptions, ImageInfo, ImageOptions, ImageOutputOptions,
    ImageTransform, ImagesError, NamedQuality, OriginAuth, Overlay, Quality, Repeat, Segment, Side,
    Trim, UnknownWordError, Upscale, extension::Metadata, info::RasterInfo,
};

pub use body::{Body, BodyWriter};
#[cfg(feature = "echo")]
pub use echo::Echo;
pub use env::Env;
pub use error::{BodyError, EnvError, Error, R2Error, Result};
pub use fetch::{Fetch, fetch};
pub use fetcher::Fetcher;
pub use images::{Drawing, ImageTransformationResult, ImageTransformer, Images, Text};
pub use r2::{
    R2Bucket, R2Conditional, R2Etag, R2GetOptions, R2GetOutcome, R2Hash, R2HttpMetadata,
    R2ListOptions, R2MultipartOptions, R2MultipartUpload, R2Object, R2ObjectBody, R2Objects,
    R2PutOptions, R2Range, R2StorageClass, R2UploadedPart,
};
pub use request::Request;
pub use response::Response;
pub use worker::Context;

/// Items that the code of [`fetch!`] uses in the author's crate.
#[doc(hidden)]
pub mod export {
    pub use wasip3::{
        self,
        exports::http::handler::Guest,
        http::types::{ErrorCode, Request, Response},
    };

    pub use crate::worker::run;
}
