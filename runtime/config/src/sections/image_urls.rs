//! The keys of `safelight` about images by URL.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use safelight_outgoing::{Exception, OriginPattern};
use safelight_protocol::settings::MAX_DEADLINE_MS;

use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::image_urls::{ImageUrlsConfig, SourceTimeouts};
use crate::item::Item;

/// The values of the keys.
#[derive(Default)]
pub(crate) struct ImageUrls {
    enabled: Option<bool>,
    allowed_origins: Vec<OriginPattern>,
    denied_origins: Vec<HostPattern>,
    allowed_addresses: Vec<Exception>,
    source_timeouts: SourceTimeouts,
    cf_image_fail_open: bool,
}

impl ImageUrls {
    /// Reads one of the keys.
    pub(super) fn read(&mut self, field: &Item<'_>, diagnostics: &mut Diagnostics<'_>) {
        match field.key {
            "image_urls" => self.enabled = field.boolean(diagnostics),
            "allowed_origins" => self.allowed_origins = list(field, diagnostics),
            "denied_origins" => self.denied_origins = list(field, diagnostics),
            "allowed_addresses" => self.allowed_addresses = list(field, diagnostics),
            "source_ms" => timeout(&mut self.source_timeouts.total, field, diagnostics),
            "source_connect_ms" => timeout(&mut self.source_timeouts.connect, field, diagnostics),
            "cf_image_fail_open" => {
                self.cf_image_fail_open = field.boolean(diagnostics).unwrap_or_default();
            }
            _ => {}
        }
    }

    /// Builds the config of a worker with so many Images bindings. Any turns image URLs on by default.
    pub(crate) fn build(&self, images_bindings: usize) -> ImageUrlsConfig {
        ImageUrlsConfig {
            enabled: self.enabled.unwrap_or(images_bindings > 0),
            allowed_origins: self.allowed_origins.clone(),
            denied_origins: self
                .denied_origins
                .iter()
                .map(|HostPattern(pattern)| pattern.clone())
                .collect(),
            allowed_addresses: self.allowed_addresses.clone(),
            source_timeouts: self.source_timeouts,
            cf_image_fail_open: self.cf_image_fail_open,
        }
    }
}

fn timeout(timeout: &mut Duration, item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) {
    if let Some(ms) = item.whole_number(diagnostics, 1..=MAX_DEADLINE_MS) {
        *timeout = Duration::from_millis(ms);
    }
}

/// A pattern without a path. A denied path could be bypassed, because a path can be written in many ways.
struct HostPattern(OriginPattern);

impl FromStr for HostPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<OriginPattern>() {
            Ok(pattern) if pattern.has_path() => {
                Err("a host with a path, but hosts are denied as a whole")
            }
            Ok(pattern) => Ok(Self(pattern)),
            Err(_) => Err("not a host such as example.com, *.example.com or *"),
        }
    }
}

/// Reads a list of texts, each of which is parsed.
pub(super) fn list<T: FromStr>(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Vec<T>
where
    T::Err: Display,
{
    let mut values = Vec::new();
    for text in item.texts(diagnostics).unwrap_or_default() {
        match text.parse() {
            Ok(value) => values.push(value),
            Err(error) => {
                let text: String = text.escape_debug().take(64).collect();
                item.refuse(
                    diagnostics,
                    ConfigError::BadValue(format!("\"{text}\" is {error}")),
                );
            }
        }
    }
    values
}
