//! The images process: an HTTP service on a Unix socket that turns pixels into pixels.
//!
//! A request walks through the modules in this order, and each hands a value to the next:
//!
//! | module | does |
//! |---|---|
//! | `server` | accepts connections, serves HTTP/1 on them, ends in order |
//! | `handler` | one match on method and path; the crossing from waiting to pixels |
//! | `queue` | how many requests are worked on, and how many may wait |
//! | `form` | the multipart form: parts in order, within limits, to the very end |
//! | [`request`] | from the form to checked options, before any pixel |
//! | [`options`] | the checked options as plain values |
//! | [`fonts`] | the fonts of texts, fetched by the one client that may go out |
//! | [`decode`] [`metadata`] | from encoded bytes to upright sRGB pixels; EXIF, read, filtered and written |
//! | [`text`] | from characters and a font to pixels of one colour |
//! | [`pipeline`] | the run of one request over its pixels |
//! | [`plan`] [`geometry`] [`ops`] | the order of operations; fit and gravity as arithmetic; the operations |
//! | `content` [`models`] | what the pixels themselves decide; what only a trained model could |
//! | `svg` | what has no pixels: passed on without what could do harm |
//! | [`picture`] [`image`] | an animation or its only frame; pixels |
//! | [`encode`] | from pixels to the bytes of the result |
//! | `catch_panic` | a codec that panics fails its own request |
//! | `answer` | one block with exact length and digest, or a marked error |
//! | [`error`] [`limits`] [`deadline`] `quota` | what can fail, what a request may cost, how long it may take, and how many bytes are held |

mod answer;
mod catch_panic;
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
mod queue;
mod quota;
pub mod request;
mod server;
mod svg;
pub mod text;

pub use limits::Limits;
pub use models::Models;
pub use server::run;
