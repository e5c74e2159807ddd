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
//! | [`request`] | the typed request; every option is checked before any pixel |
//! | [`fonts`] | the fonts of texts, fetched by the one client that may go out |
//! | [`decode`] | from encoded bytes to upright sRGB pixels |
//! | [`text`] | from characters and a font to pixels of one colour |
//! | [`pipeline`] | the run of one request over its pixels |
//! | [`plan`] [`geometry`] [`ops`] | the order of operations; fit and gravity as arithmetic; the operations |
//! | `content` [`models`] | what the pixels themselves decide; what only a trained model could |
//! | `svg` | what has no pixels: passed on without what could do harm |
//! | [`picture`] [`image`] | an animation or its only frame; pixels |
//! | [`encode`] | from pixels to the bytes of the result |
//! | `guard` | a codec that panics fails its own request |
//! | `answer` | one block with exact length and digest, or a marked error |
//! | [`error`] [`limits`] [`budget`] [`interest`] | what can fail, what a request may cost, how long it may take, and whether anybody waits |

mod answer;
pub mod budget;
mod content;
pub mod decode;
pub mod encode;
pub mod error;
pub mod fonts;
mod form;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod geometry;
mod guard;
mod handler;
pub mod heap;
pub mod image;
pub mod interest;
pub mod limits;
pub mod models;
pub mod ops;
pub mod picture;
pub mod pipeline;
pub mod plan;
mod queue;
pub mod request;
mod server;
mod svg;
pub mod text;

pub use limits::Limits;
pub use models::Models;
pub use server::run;
