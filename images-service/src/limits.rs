//! The limits of the service: those of every stage, and those of all requests together.

use std::{fmt, path::PathBuf, time::Duration};

use safelight_net::Deadlines;
use safelight_outgoing::{Exception, Policy, policy::ParseExceptionError};
use safelight_protocol::settings::{
    ImagesSettings, MEGABYTE, MIN_MEMORY_TOTAL_MB, PixelSettings, Sandbox,
};

pub use crate::{
    decode::{DecodeLimits, JpegDecoder},
    fonts::FontLimits,
    form::FormLimits,
    pipeline::PixelLimits,
    request::RequestLimits,
    text::TextLimits,
};

/// The limits that the service enforces. Each is checked before its cost is paid.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The multipart form of one request.
    pub form: FormLimits,
    /// The bytes of the forms and fonts of all requests at the same time. A quarter of `memory_total`, if that is less.
    pub held_bytes: usize,
    /// The number of connections that are open at the same time. Each takes two file descriptors.
    pub connections: usize,
    /// The options of one request.
    pub request: RequestLimits,
    /// The fonts of texts.
    pub fonts: FontLimits,
    /// The pixels of one request.
    pub pixels: PixelLimits,
    /// The bytes of memory that all requests together may take: their forms, fonts, pixels and results, and the pixel
    /// processes themselves.
    pub memory_total: u64,
    /// The longest wait of a planned request for its memory.
    pub memory_wait: Duration,
    /// The confinement of the pixel processes.
    pub sandbox: Sandbox,
    /// The folder for the forms of requests that ended a pixel process.
    pub crashers: Option<PathBuf>,
    /// The number of processors that one request may use.
    pub processors: usize,
    /// The number of requests whose pixels are worked on at the same time.
    pub workers: usize,
    /// The number of requests that may wait for a worker.
    pub queue: usize,
    /// The number of requests whose transport is kept for `GET /trace`; 0 records nothing.
    pub transports: usize,
    /// The times without progress after which a connection is closed.
    pub deadlines: Deadlines,
    /// The time that requests in flight have to finish after the service receives the signal to stop.
    pub grace: Duration,
}

impl Limits {
    /// Returns the limits of a service with these settings.
    ///
    /// # Errors
    /// Fails when one of `allowed_addresses` is not an address.
    pub fn from_settings(settings: &ImagesSettings) -> Result<Self, AddressError> {
        let ImagesSettings {
            deadlines,
            pixels,
            allowed_addresses,
            transports,
            crashers,
        } = settings;
        let exceptions = allowed_addresses.iter().map(|address| {
            address.parse::<Exception>().map_err(|cause| AddressError {
                address: address.clone(),
                cause,
            })
        });
        let mut limits = Self {
            transports: (*transports).into(),
            crashers: crashers.clone(),
            deadlines: (*deadlines).into(),
            fonts: FontLimits {
                policy: Policy::with_exceptions(exceptions.collect::<Result<Vec<_>, _>>()?),
                ..FontLimits::default()
            },
            ..Self::default()
        };
        limits.set_pixels(*pixels);
        Ok(limits)
    }

    /// Returns the part of the total memory that is for forms and fonts.
    pub(crate) fn forms_memory(&self) -> usize {
        let quarter = usize::try_from(self.memory_total / 4).unwrap_or(usize::MAX);
        self.held_bytes.min(quarter)
    }

    fn set_pixels(&mut self, settings: PixelSettings) {
        let PixelSettings {
            strict,
            avif_input,
            time_budget_ms,
            memory_budget_mb,
            memory_total_mb,
            jpeg_decoder,
            sandbox,
        } = settings;
        self.pixels.models.strict = strict;
        self.pixels.decode.avif_input = avif_input;
        self.pixels.decode.jpeg = jpeg_decoder;
        self.pixels.time = Duration::from_millis(time_budget_ms);
        self.pixels.memory = memory_budget_mb.saturating_mul(MEGABYTE);
        self.sandbox = sandbox;
        if let Some(megabytes) = memory_total_mb {
            self.memory_total = megabytes.saturating_mul(MEGABYTE);
        }
    }
}

/// The error of an entry of `allowed_addresses` that is not an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    /// The entry.
    pub address: String,
    /// The reason why it is not an address.
    pub cause: ParseExceptionError,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.address, self.cause)
    }
}

/// The text has the cause already, so there is no source.
impl std::error::Error for AddressError {}

impl Default for Limits {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            form: FormLimits::default(),
            held_bytes: 1_000_000_000,
            connections: 256,
            request: RequestLimits::default(),
            fonts: FontLimits::default(),
            pixels: PixelLimits::default(),
            memory_total: half_of_the_memory().max(MIN_MEMORY_TOTAL_MB * MEGABYTE),
            memory_wait: Duration::from_secs(30),
            sandbox: Sandbox::default(),
            crashers: None,
            processors,
            workers: processors,
            queue: 64,
            transports: 0,
            deadlines: Deadlines::default(),
            grace: Duration::from_secs(10),
        }
    }
}

/// Returns half of the bytes of memory that the machine has, or that a container may take.
fn half_of_the_memory() -> u64 {
    let system = rustix::system::sysinfo();
    let machine = system.totalram.saturating_mul(system.mem_unit.into());
    // The limit of a container's own control group; without one, the file has a word or is missing.
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max");
    let limit = limit.ok().and_then(|bytes| bytes.trim().parse().ok());
    machine.min(limit.unwrap_or(u64::MAX)) / 2
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
        assert_eq!(limits.memory_total, defaults.memory_total);
        assert_eq!(limits.sandbox, defaults.sandbox);
        assert_eq!(limits.pixels.models.strict, defaults.pixels.models.strict);
        assert_eq!(
            limits.pixels.decode.avif_input,
            defaults.pixels.decode.avif_input
        );
        assert_eq!(limits.pixels.time, defaults.pixels.time);
        assert_eq!(limits.pixels.memory, defaults.pixels.memory);
        assert_eq!(limits.pixels.decode.jpeg, defaults.pixels.decode.jpeg);
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let settings = ImagesSettings {
            allowed_addresses: vec!["10.0.0.0/40".into()],
            ..ImagesSettings::default()
        };
        let error = Limits::from_settings(&settings).unwrap_err();
        assert_eq!(error.address, "10.0.0.0/40");
        assert!(error.to_string().starts_with("`10.0.0.0/40` "), "{error}");
    }
}
