//! The keys of `safelight` about pictures by URL: whether there are any, and from where.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use safelight_outgoing::{Exception, OriginPattern};
use safelight_protocol::settings::MAX_DEADLINE_MS;

use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};
use crate::{ImageUrlsConfig, SourceTime};

/// What the keys say.
#[derive(Default)]
pub(crate) struct ImageUrls {
    on: Option<bool>,
    allowed_origins: Vec<OriginPattern>,
    denied_origins: Vec<WholeHosts>,
    allowed_addresses: Vec<Exception>,
    source_time: SourceTime,
    cf_image_fail_open: bool,
}

impl ImageUrls {
    /// Reads one of the keys.
    pub(super) fn read(&mut self, field: &Item<'_>, found: &mut Diagnostics<'_>) {
        match field.key {
            "image_urls" => self.on = field.boolean(found),
            "allowed_origins" => self.allowed_origins = list(field, found),
            "denied_origins" => self.denied_origins = list(field, found),
            "allowed_addresses" => self.allowed_addresses = list(field, found),
            "source_ms" => time(&mut self.source_time.total, field, found),
            "source_connect_ms" => time(&mut self.source_time.connect, field, found),
            _ => self.cf_image_fail_open = field.boolean(found).unwrap_or_default(),
        }
    }

    /// With the default of a worker that has an Images binding, or has none.
    pub(crate) fn finish(&self, bindings: usize) -> ImageUrlsConfig {
        ImageUrlsConfig {
            on: self.on.unwrap_or(bindings > 0),
            allowed_origins: self.allowed_origins.clone(),
            denied_origins: self
                .denied_origins
                .iter()
                .map(|WholeHosts(pattern)| pattern.clone())
                .collect(),
            allowed_addresses: self.allowed_addresses.clone(),
            source_time: self.source_time,
            cf_image_fail_open: self.cf_image_fail_open,
        }
    }
}

fn time(time: &mut Duration, item: &Item<'_>, found: &mut Diagnostics<'_>) {
    if let Some(ms) = item.whole_number(found, 1..=MAX_DEADLINE_MS) {
        *time = Duration::from_millis(ms);
    }
}

/// A pattern that leaves paths alone: who denies one of them would be got around, as a path can be written in many ways.
struct WholeHosts(OriginPattern);

impl FromStr for WholeHosts {
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

fn list<T: FromStr>(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Vec<T>
where
    T::Err: Display,
{
    let mut values = Vec::new();
    for text in item.texts(found).unwrap_or_default() {
        match text.parse() {
            Ok(value) => values.push(value),
            Err(error) => {
                let text: String = text.escape_debug().take(64).collect();
                item.refuse(
                    found,
                    ConfigError::NotOneOf(format!("\"{text}\" is {error}")),
                );
            }
        }
    }
    values
}
