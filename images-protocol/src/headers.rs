//! Headers that several crates write or read and that no standard names.
//!
//! Headers of one topic stand with their topic: [`error::ERROR_HEADER`](crate::error::ERROR_HEADER),
//! [`extension::CF_IMAGE_HEADER`](crate::extension::CF_IMAGE_HEADER), [`fetcher::URL_HEADER`](crate::fetcher::URL_HEADER),
//! [`trace::REQUEST_HEADER`](crate::trace::REQUEST_HEADER), [`digest::REPR_DIGEST`](crate::digest::REPR_DIGEST).

use http::HeaderName;

/// Names the service that a request on a shared socket is for.
pub const SERVICE: HeaderName = HeaderName::from_static("x-emulator-service");
/// Names the worker that sent a request, as on the platform.
pub const WORKER: HeaderName = HeaderName::from_static("cf-worker");

/// Carries one line by which a service says in the log what it did.
pub const SUMMARY: HeaderName = HeaderName::from_static("safelight-summary");
/// Carries one fault for one request, in the form of `safelight dev --fault`. Several faults are several headers.
pub const FAULT: HeaderName = HeaderName::from_static("safelight-fault");
/// Asks the images process to kill the pixel process of a call. The runtime alone sets it.
pub const CRASH: HeaderName = HeaderName::from_static("safelight-crash");
/// The value of [`CRASH`].
pub const CRASH_PIXELS: &str = "pixels";
/// Carries the token of the run, by which a client on another machine may use faults and safelight's own paths.
pub const TOKEN: HeaderName = HeaderName::from_static("safelight-token");
/// Marks an answer that comes from the runtime and not from the worker; its value names the cause.
pub const RUNTIME_ERROR: HeaderName = HeaderName::from_static("safelight-error");

/// Carries the JSON of an R2 call that has no body.
pub const R2_REQUEST: HeaderName = HeaderName::from_static("cf-r2-request");
/// Carries the JSON of an R2 error.
pub const R2_ERROR: HeaderName = HeaderName::from_static("cf-r2-error");
/// Carries the length in bytes of the JSON at the start of an R2 body.
pub const R2_METADATA_SIZE: HeaderName = HeaderName::from_static("cf-r2-metadata-size");
/// Marks an R2 answer whose leading JSON is a chunk of the body by itself, so that a reader of the JSON can pass on the
/// rest unread.
pub const R2_JSON_APART: HeaderName = HeaderName::from_static("safelight-json-apart");
