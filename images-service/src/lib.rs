//! The images process: an HTTP service on a Unix socket that turns pixels into pixels.

pub mod decode;
pub mod error;
pub mod geometry;
pub mod image;
pub mod limits;
pub mod pipeline;
pub mod request;
