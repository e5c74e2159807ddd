//! What one request, and all of them together, may cost.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use safelight_net::Deadlines;
use safelight_outgoing::{Exception, Policy};
pub use safelight_protocol::settings::JpegDecoder;
use safelight_protocol::settings::{DeadlineSettings, ImagesSettings, MEGABYTE, PixelSettings};

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

impl Limits {
    /// The limits of a service with these settings.
    ///
    /// # Errors
    /// When one of `allowed_addresses` is not an address; the error names it.
    pub fn from_settings(settings: &ImagesSettings) -> Result<Self, String> {
        let ImagesSettings {
            deadlines,
            pixels,
            allowed_addresses,
            transports,
        } = settings;
        let exceptions = allowed_addresses.iter().map(|address| {
            let parsed = address.parse::<Exception>();
            parsed.map_err(|error| format!("`{address}` {error}"))
        });
        let mut limits = Self {
            transports: (*transports).into(),
            deadlines: deadlines_from(*deadlines),
            fonts: FontLimits {
                policy: Policy::with_exceptions(exceptions.collect::<Result<Vec<_>, _>>()?),
                ..FontLimits::default()
            },
            ..Self::default()
        };
        limits.set_pixels(*pixels);
        Ok(limits)
    }

    fn set_pixels(&mut self, settings: PixelSettings) {
        let PixelSettings {
            strict,
            avif_input,
            time_budget_ms,
            memory_budget_mb,
            jpeg_decoder,
        } = settings;
        self.models.strict = strict;
        self.avif_input = avif_input;
        self.time = Duration::from_millis(time_budget_ms);
        self.pixel_bytes = memory_budget_mb.saturating_mul(MEGABYTE);
        self.jpeg = jpeg_decoder;
    }
}

fn deadlines_from(settings: DeadlineSettings) -> Deadlines {
    Deadlines {
        header_read: Duration::from_millis(settings.header_read_ms),
        body_read: Duration::from_millis(settings.body_read_ms),
        write: Duration::from_millis(settings.write_ms),
    }
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

#[cfg(test)]
mod tests {
    use safelight_protocol::settings::ImagesSettings;

    use super::Limits;

    #[test]
    fn the_default_settings_are_the_default_limits() {
        let limits = Limits::from_settings(&ImagesSettings::default()).unwrap();
        let defaults = Limits::default();
        assert_eq!(limits.deadlines, defaults.deadlines);
        assert_eq!(limits.transports, defaults.transports);
        assert_eq!(limits.models.strict, defaults.models.strict);
        assert_eq!(limits.avif_input, defaults.avif_input);
        assert_eq!(limits.time, defaults.time);
        assert_eq!(limits.pixel_bytes, defaults.pixel_bytes);
        assert_eq!(limits.jpeg, defaults.jpeg);
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let settings = ImagesSettings {
            allowed_addresses: vec!["10.0.0.0/40".into()],
            ..ImagesSettings::default()
        };
        let error = Limits::from_settings(&settings).unwrap_err();
        assert!(error.contains("10.0.0.0/40"), "{error}");
    }
}
