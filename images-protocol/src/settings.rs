//! The settings of the images process, as the runtime gives them to it: one JSON object.
//!
//! A process that is started by hand takes the same settings as flags. The images process turns them into its limits.

use std::{path::PathBuf, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{UnknownWordError, words};

/// Highest value of [`PixelSettings::time_budget_ms`]: an hour.
pub const MAX_TIME_BUDGET_MS: u64 = 3_600_000;
/// Highest value of [`PixelSettings::memory_budget_mb`].
pub const MAX_MEMORY_BUDGET_MB: u64 = 64_000;
/// Lowest value of [`PixelSettings::memory_total_mb`]: the pixel processes that wait for work, and one small request.
pub const MIN_MEMORY_TOTAL_MB: u64 = 512;
/// Highest value of [`PixelSettings::memory_total_mb`].
pub const MAX_MEMORY_TOTAL_MB: u64 = 1_000_000;
/// Highest value of the three deadlines: an hour.
pub const MAX_DEADLINE_MS: u64 = 3_600_000;
/// Bytes of one megabyte in settings and messages.
pub const MEGABYTE: u64 = 1_000_000;

/// All settings of one images process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagesSettings {
    /// The longest times without progress on a connection.
    pub deadlines: DeadlineSettings,
    /// Limits for the pixels of one request.
    pub pixels: PixelSettings,
    /// Addresses that fonts may be fetched from although they are not public, each in the form of `--allow-address`.
    pub allowed_addresses: Vec<String>,
    /// Number of calls whose transport records are kept, the last ones; 0 keeps none.
    pub transports: u16,
    /// Folder that keeps the forms of requests that ended a pixel process. Default: none.
    pub crashers: Option<PathBuf>,
}

/// The longest times without progress on a connection, in milliseconds from 1 to [`MAX_DEADLINE_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineSettings {
    /// From the first byte of a request's head to its last. Default: 30,000.
    pub header_read_ms: u64,
    /// Longest pause between two bytes of a request's body. Default: 30,000.
    pub body_read_ms: u64,
    /// Longest pause of a client in reading. Default: 300,000.
    pub write_ms: u64,
}

impl Default for DeadlineSettings {
    fn default() -> Self {
        Self {
            header_read_ms: 30_000,
            body_read_ms: 30_000,
            write_ms: 300_000,
        }
    }
}

/// Settings for the pixels of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelSettings {
    /// Whether an option that needs a trained model fails with 9522 instead of being approximated. Default: no.
    pub strict: bool,
    /// Whether AVIF is accepted as an input, which production does for some accounts only. Default: yes.
    pub avif_input: bool,
    /// Milliseconds that the pixels may take, after which the request fails with 9529. From 1 to
    /// [`MAX_TIME_BUDGET_MS`]; default: 60,000.
    pub time_budget_ms: u64,
    /// Megabytes that the pixels may take at a time, beyond which the request fails with 9522. From 1 to
    /// [`MAX_MEMORY_BUDGET_MB`]; default: 2,000.
    pub memory_budget_mb: u64,
    /// Megabytes that all requests and the pixel processes together may take, beyond which a request waits. From 1 to
    /// [`MAX_MEMORY_TOTAL_MB`]; `None`, the default, stands for half of the machine's memory.
    pub memory_total_mb: Option<u64>,
    /// The decoder of JPEG. Default: [`JpegDecoder::Turbo`].
    pub jpeg_decoder: JpegDecoder,
    /// The confinement of the pixel processes. Default: [`Sandbox::Auto`].
    pub sandbox: Sandbox,
}

impl Default for PixelSettings {
    fn default() -> Self {
        Self {
            strict: false,
            avif_input: true,
            time_budget_ms: 60_000,
            memory_budget_mb: 2_000,
            memory_total_mb: None,
            jpeg_decoder: JpegDecoder::Turbo,
            sandbox: Sandbox::Auto,
        }
    }
}

words! {
    /// The decoder of JPEG.
    #[derive(Default)]
    pub enum JpegDecoder {
        /// Decodes at a reduced size where the result is small.
        #[default]
        Turbo = "turbo",
        /// Decodes at full size.
        Zune = "zune",
    }
}

words! {
    /// The demand for the kernel's confinement of the images process and of its pixel processes.
    #[derive(Default)]
    pub enum Sandbox {
        /// The parts that the kernel has hold. A line at the start names the parts that it lacks.
        #[default]
        Auto = "auto",
        /// The process does not start if the kernel lacks something.
        Require = "require",
        /// Nothing is confined.
        Off = "off",
    }
}

impl<'de> Deserialize<'de> for JpegDecoder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word(deserializer)
    }
}

impl<'de> Deserialize<'de> for Sandbox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word(deserializer)
    }
}

fn word<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = UnknownWordError>,
{
    let word = String::deserialize(deserializer)?;
    word.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::{ImagesSettings, JpegDecoder};

    #[test]
    fn settings_are_the_same_behind_their_json() {
        let mut settings = ImagesSettings {
            allowed_addresses: vec!["loopback".into()],
            transports: 7,
            ..ImagesSettings::default()
        };
        settings.pixels.jpeg_decoder = JpegDecoder::Zune;
        settings.pixels.strict = true;
        settings.deadlines.write_ms = 3;
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(
            serde_json::from_str::<ImagesSettings>(&json).unwrap(),
            settings
        );
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = serde_json::from_str::<ImagesSettings>(r#"{"fast":true}"#).unwrap_err();
        assert!(error.to_string().contains("`fast`"), "{error}");
    }
}
