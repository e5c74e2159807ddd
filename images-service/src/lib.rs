//! The images process: an HTTP service on a Unix socket that turns pixels into pixels.
//!
//! A request passes through the modules in this order. Each module hands a value to the next:
//!
//! | module | does |
//! |---|---|
//! | `server` | accepts connections, serves HTTP/1 on them, shuts down gracefully |
//! | `handler` | matches method and path |
//! | `queue` | bounds the requests that are worked on, and those that wait |
//! | [`process`] | gives the work on pixels to confined processes; all that follows from [`decode`] on runs in them |
//! | `form` | reads the multipart form: parts in order, within limits, to the end of the body |
//! | [`request`] | parses the form into checked options, before any pixel |
//! | [`options`] | the checked options as plain values |
//! | [`fonts`] | fetches the fonts of texts, by the one client for outgoing requests |
//! | [`decode`] [`metadata`] | decodes encoded bytes to upright sRGB pixels; reads, filters and writes EXIF |
//! | [`text`] | draws characters in a font as pixels of one colour |
//! | [`pipeline`] | runs one request over its pixels |
//! | [`plan`] [`geometry`] [`ops`] | the order of operations; fit and gravity as arithmetic; the operations |
//! | `content` [`models`] | decisions by the content of a picture; the place of trained models |
//! | `svg` | sanitises an SVG, which is passed on without pixels |
//! | [`picture`] [`image`] | an animation or its only frame; pixels |
//! | [`encode`] | encodes pixels as the bytes of the result |
//! | [`catch_panic`] | turns a panic of a codec into an error of its own request |
//! | `answer` | builds answers: one block with exact length and digest, or a marked error |
//! | `fuzzing` | the entry points for fuzzers, compiled for them and for tests |
//! | [`heap`] | settings of the C allocator for the process |
//! | [`error`] [`limits`] [`deadline`] `quota` | the errors, the limits, the time for the pixels, and the bytes that all requests may hold |

mod answer;
pub mod catch_panic;
mod content;
pub mod deadline;
pub mod decode;
pub mod encode;
pub mod error;
pub mod fonts;
mod form;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod geometry;
mod handler;
pub mod heap;
pub mod image;
pub mod limits;
pub mod metadata;
pub mod models;
pub mod ops;
pub mod options;
pub mod picture;
pub mod pipeline;
pub mod plan;
pub mod process;
mod queue;
mod quota;
pub mod request;
mod server;
mod svg;
pub mod text;

pub use limits::Limits;
pub use models::Models;
pub use process::PixelProgram;
pub use server::run;
