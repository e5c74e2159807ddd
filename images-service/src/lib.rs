//! The images process: an HTTP service on a Unix socket that turns pixels into pixels.

pub mod error;
pub mod limits;
pub mod request;
