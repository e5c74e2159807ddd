//! The flags of `safelight images`, and the same ones written by who starts it.

use std::time::Duration;

use clap::Args;
use safelight_images::fonts::FontLimits;
use safelight_images::limits::JpegDecoder;
use safelight_images::{Deadlines, Limits};
use safelight_outgoing::{Exception, Policy};

use crate::config::MOST_DEADLINE_MS;
use crate::images_process::ImagesSettings;
use crate::pixel_settings::{MEGABYTE, MOST_MEMORY_MB, MOST_TIME_MS, PixelSettings};

/// How the images process does its work.
#[derive(Args)]
pub(super) struct ImagesFlags {
    /// Keep what the transport did for the last N requests, at GET /trace?request=<number> on the socket.
    #[arg(long, value_name = "N", default_value_t = 0)]
    trace_keep: u16,
    #[command(flatten)]
    deadlines: DeadlineFlags,
    #[command(flatten)]
    pixels: PixelFlags,
    /// Address that may be reached for fonts although it is not public: `loopback`, a host, an address or a range, the
    /// first three with a port if only that is meant; may be given several times.
    #[arg(long = "allow-address", value_name = "ADDRESS")]
    allowed_addresses: Vec<Exception>,
}

impl ImagesFlags {
    /// The limits that they are.
    pub(super) fn limits(self) -> Limits {
        Limits {
            transports: self.trace_keep.into(),
            deadlines: self.deadlines.deadlines(),
            fonts: FontLimits {
                policy: Policy::with_exceptions(self.allowed_addresses),
                ..FontLimits::default()
            },
            ..self.pixels.settings().limits()
        }
    }
}

/// How long a connection may go without progress.
#[derive(Args)]
struct DeadlineFlags {
    /// Milliseconds from the first byte of a request's head to its last [default: 30000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MOST_DEADLINE_MS))]
    header_read_ms: Option<u64>,
    /// Longest pause between the bytes of a request's body, in milliseconds [default: 30000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MOST_DEADLINE_MS))]
    body_read_ms: Option<u64>,
    /// Longest pause of a client in reading, in milliseconds [default: 300000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MOST_DEADLINE_MS))]
    write_ms: Option<u64>,
}

impl DeadlineFlags {
    fn deadlines(&self) -> Deadlines {
        let defaults = Deadlines::default();
        let or = |ms: Option<u64>, default| ms.map_or(default, Duration::from_millis);
        Deadlines {
            header_read: or(self.header_read_ms, defaults.header_read),
            body_read: or(self.body_read_ms, defaults.body_read),
            write: or(self.write_ms, defaults.write),
        }
    }
}

/// What the pixels of one request may be and cost.
#[derive(Args)]
struct PixelFlags {
    /// Refuse what needs a trained model (gravity=face, segment, upscale=generate) instead of approximating it.
    #[arg(long)]
    strict: bool,
    /// Refuse AVIF as an input, as production does for most accounts.
    #[arg(long)]
    no_avif_input: bool,
    /// Milliseconds that the pixels of one request may take [default: 60000].
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=MOST_TIME_MS))]
    time_budget_ms: Option<u64>,
    /// Megabytes that the pixels of one request may take at a time [default: 2000].
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(1..=MOST_MEMORY_MB))]
    memory_budget_mb: Option<u64>,
    /// What reads JPEG: turbo, or zune, which never shrinks while it decodes [default: turbo].
    #[arg(long, value_name = "NAME", value_parser = decoder)]
    jpeg_decoder: Option<JpegDecoder>,
}

impl PixelFlags {
    fn settings(&self) -> PixelSettings {
        let defaults = PixelSettings::default();
        PixelSettings {
            strict: self.strict,
            avif_input: !self.no_avif_input,
            time: self
                .time_budget_ms
                .map_or(defaults.time, Duration::from_millis),
            memory_bytes: self
                .memory_budget_mb
                .map_or(defaults.memory_bytes, |mb| mb * MEGABYTE),
            jpeg_decoder: self.jpeg_decoder.unwrap_or(defaults.jpeg_decoder),
        }
    }
}

fn decoder(name: &str) -> Result<JpegDecoder, String> {
    JpegDecoder::named(name).ok_or_else(|| {
        let names = JpegDecoder::ALL.map(JpegDecoder::as_str).join(" or ");
        format!("must be {names}")
    })
}

/// The flags by which `safelight images` is told of its settings.
pub(crate) fn images_flags(settings: &ImagesSettings) -> Vec<String> {
    let ImagesSettings {
        deadlines,
        pixels,
        allowed_addresses,
        transports,
    } = settings;
    let mut flags = vec![
        format!("--trace-keep={transports}"),
        format!("--header-read-ms={}", deadlines.header_read.as_millis()),
        format!("--body-read-ms={}", deadlines.body_read.as_millis()),
        format!("--write-ms={}", deadlines.write.as_millis()),
    ];
    flags.extend(pixel_flags(pixels));
    let addresses = allowed_addresses.iter();
    flags.extend(addresses.map(|address| format!("--allow-address={address}")));
    flags
}

fn pixel_flags(pixels: &PixelSettings) -> Vec<String> {
    let PixelSettings {
        strict,
        avif_input,
        time,
        memory_bytes,
        jpeg_decoder,
    } = pixels;
    let mut flags = vec![
        format!("--time-budget-ms={}", time.as_millis()),
        format!("--memory-budget-mb={}", memory_bytes / MEGABYTE),
        format!("--jpeg-decoder={}", jpeg_decoder.as_str()),
    ];
    flags.extend(strict.then(|| "--strict".to_owned()));
    flags.extend((!avif_input).then(|| "--no-avif-input".to_owned()));
    flags
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;
    use safelight_net::Deadlines;
    use safelight_images::limits::JpegDecoder;

    use super::{ImagesFlags, images_flags};
    use crate::images_process::ImagesSettings;
    use crate::pixel_settings::PixelSettings;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        flags: ImagesFlags,
    }

    #[test]
    fn settings_are_the_same_behind_the_flags() {
        let settings = ImagesSettings {
            deadlines: Deadlines {
                header_read: Duration::from_millis(1),
                body_read: Duration::from_millis(2),
                write: Duration::from_millis(3),
            },
            pixels: PixelSettings {
                strict: true,
                avif_input: false,
                time: Duration::from_millis(4),
                memory_bytes: 5_000_000,
                jpeg_decoder: JpegDecoder::Zune,
            },
            allowed_addresses: Vec::new(),
            transports: 6,
        };
        let flags = images_flags(&settings);
        let words = std::iter::once("images".to_owned()).chain(flags);
        let limits = Program::parse_from(words).flags.limits();
        assert_eq!(limits.deadlines, settings.deadlines);
        assert_eq!(limits.transports, 6);
        assert!(limits.pixels.models.strict && !limits.pixels.decode.avif_input);
        assert_eq!(limits.pixels.time, settings.pixels.time);
        assert_eq!(limits.pixels.memory, 5_000_000);
        assert_eq!(limits.pixels.decode.jpeg, JpegDecoder::Zune);
    }

    #[test]
    fn what_is_not_said_is_as_it_is() {
        let flags = images_flags(&ImagesSettings::default());
        let words = std::iter::once("images".to_owned()).chain(flags);
        let said = Program::parse_from(words).flags.pixels.settings();
        let unsaid = Program::parse_from(["images"]).flags.pixels.settings();
        assert_eq!(
            (said, unsaid),
            (PixelSettings::default(), PixelSettings::default())
        );
    }
}
