//! What one request, and all of them together, may cost.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use safelight_net::Deadlines;

use crate::{fonts::FontLimits, models::Models, text::TextLimits};

/// The limits that the service enforces, each before the cost is paid.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of one encoded input image.
    pub input_bytes: usize,
    /// Bytes of one encoded input image that comes from a URL.
    pub remote_bytes: usize,
    /// Bytes of one whole request.
    pub request_bytes: usize,
    /// Bytes of all requests that are held at the same time.
    pub held_bytes: usize,
    /// Connections that are open at the same time; each takes two file descriptors.
    pub connections: usize,
    /// Overlays of one request.
    pub overlays: usize,
    /// Elements of one `transforms` array.
    pub steps: usize,
    /// Width times height of any image, decoded or produced.
    pub area: u64,
    /// Frames of one animation.
    pub frames: u32,
    /// Width times height times frames of one animation.
    pub animation_area: u64,
    /// Bytes of memory that one request's pixels may take at a time.
    pub pixel_bytes: u64,
    /// Width or height of an output, in pixels.
    pub dimension: u32,
    /// The fonts of texts.
    pub fonts: FontLimits,
    /// Texts.
    pub text: TextLimits,
    /// Time that one request's pixels may take, from their decoding on.
    pub time: Duration,
    /// Whether AVIF is accepted as an input, which the platform does for some accounts only.
    pub avif_input: bool,
    /// Which decoder reads JPEG.
    pub jpeg: JpegDecoder,
    /// Where AV1, the coding of AVIF, is decoded.
    pub av1: Av1Decoder,
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
    /// What stands behind the options that need a model.
    pub models: Models,
}

/// A choice between two decoders. Each is strict, and both see the same pixels but for rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JpegDecoder {
    /// libjpeg-turbo-rs: the faster one, and the one that can shrink while it decodes. Where a sequential file shrinks,
    /// which is what most thumbnails are made of, a decoder of our own sees the same but for rounding, faster still.
    #[default]
    Turbo,
    /// zune-jpeg: always at full size. It also reads the inks of CMYK, whatever is chosen.
    Zune,
}

impl JpegDecoder {
    /// Every decoder there is.
    pub const ALL: [Self; 2] = [Self::Turbo, Self::Zune];

    /// The name by which a caller chooses it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Turbo => "turbo",
            Self::Zune => "zune",
        }
    }

    /// The decoder of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|decoder| decoder.as_str() == name)
    }
}

/// Where AV1 is decoded. Pictures come out alike.
///
/// The library that does it runs behind an interface of C, through which no panic can unwind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Av1Decoder {
    /// In this process: a panic of the library ends it, with every request that it works on, and a picture is decoded to
    /// its end whatever time and memory that takes.
    #[default]
    InProcess,
    /// In a process of its own for every picture, which fails alone, and ends with its request. It has to call
    /// [`serve_av1`](crate::decode::serve_av1), and come from the same build as this one: what goes between them has no version.
    Process {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<OsString>,
    },
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 20_000_000,
            remote_bytes: 100_000_000,
            request_bytes: 200_000_000,
            held_bytes: 1_000_000_000,
            connections: 256,
            overlays: 64,
            steps: 256,
            area: 100_000_000,
            frames: 5_000,
            animation_area: 50_000_000,
            // Enough for one image of the largest area at 16 bits a channel.
            pixel_bytes: 2_000_000_000,
            dimension: 12_000,
            fonts: FontLimits::default(),
            text: TextLimits::default(),
            time: Duration::from_secs(60),
            avif_input: true,
            jpeg: JpegDecoder::default(),
            av1: Av1Decoder::default(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 64,
            transports: 0,
            deadlines: Deadlines::default(),
            grace: Duration::from_secs(10),
            models: Models::default(),
        }
    }
}
