//! The limits of the service: those of every stage, and those of all requests together.

use std::time::Duration;

use crate::{deadline::Deadlines, fonts::FontLimits, pipeline::PixelLimits};
pub use crate::{
    decode::{Av1Decoder, JpegDecoder},
    form::FormLimits,
    request::RequestLimits,
};

/// The limits that the service enforces, each before the cost is paid.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The multipart form of one request.
    pub form: FormLimits,
    /// Bytes of all requests that are held at the same time.
    pub held_bytes: usize,
    /// Connections that are open at the same time; each takes two file descriptors.
    pub connections: usize,
    /// What one request may ask for.
    pub request: RequestLimits,
    /// The fonts of texts.
    pub fonts: FontLimits,
    /// The pixels of one request.
    pub pixels: PixelLimits,
    /// Requests whose pixels are being worked on at the same time.
    pub workers: usize,
    /// Requests that may wait for a worker.
    pub queue: usize,
    /// Requests whose transport is kept for `GET /trace`; with 0 nothing is recorded.
    pub transports: usize,
    /// Times without progress after which a connection is given up.
    pub deadlines: Deadlines,
    /// Time that requests in flight have to finish once the service is told to end.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            form: FormLimits::default(),
            held_bytes: 1_000_000_000,
            connections: 256,
            request: RequestLimits::default(),
            fonts: FontLimits::default(),
            pixels: PixelLimits::default(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 64,
            transports: 0,
            deadlines: Deadlines::default(),
            grace: Duration::from_secs(10),
        }
    }
}
