//! The config of images by URL.

use std::time::Duration;

use safelight_hop::{SOURCE_HOP, TRANSFORM_HOP};
use safelight_outgoing::{Exception, OriginPattern, Policy};
use safelight_protocol::BindingKind;

/// Images by URL: `/cdn-cgi/image/…`, and `fetch` with a transformation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageUrlsConfig {
    /// Whether they are on (`safelight.image_urls`). By default they are if the worker has an Images binding.
    pub enabled: bool,
    /// Other hosts that a URL may name (`safelight.allowed_origins`).
    pub allowed_origins: Vec<OriginPattern>,
    /// Hosts that no image may come from, not even by a redirect (`safelight.denied_origins`).
    pub denied_origins: Vec<OriginPattern>,
    /// Addresses that may be reached although they are not public, also for fonts (`safelight.allowed_addresses`).
    pub allowed_addresses: Vec<Exception>,
    /// The timeouts of another host (`safelight.source_ms`, `safelight.source_connect_ms`).
    pub source_timeouts: SourceTimeouts,
    /// Whether a `fetch` whose transformation fails returns the source (`safelight.cf_image_fail_open`).
    pub cf_image_fail_open: bool,
}

/// The timeouts of another host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceTimeouts {
    /// The timeout of the name lookup and the connection, at every redirect anew.
    pub connect: Duration,
    /// The timeout of the whole exchange, to the last byte.
    pub total: Duration,
}

impl Default for SourceTimeouts {
    fn default() -> Self {
        let safelight_outgoing::Limits { connect, total, .. } =
            safelight_outgoing::Limits::new(MAX_SOURCE_BYTES);
        Self { connect, total }
    }
}

/// Largest source of an image by URL or by `fetch`, in bytes.
pub const MAX_SOURCE_BYTES: u64 = 100_000_000;

impl ImageUrlsConfig {
    /// The hops of images by URL that faults can be aimed at.
    pub(super) fn hops(&self) -> impl Iterator<Item = (String, Option<BindingKind>)> {
        let hops = [
            (TRANSFORM_HOP, Some(BindingKind::Images)),
            (SOURCE_HOP, None),
        ];
        let hops = hops.into_iter().filter(|_| self.enabled);
        hops.map(|(name, kind)| (name.to_owned(), kind))
    }

    /// The policy for the addresses of sources.
    pub fn policy(&self) -> Policy {
        let exceptions = self.allowed_addresses.iter().cloned();
        Policy::with_exceptions(exceptions).with_denied(self.denied_origins.iter().cloned())
    }
}
