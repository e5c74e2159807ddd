//! `dev`: the address of the local server.

use std::net::{IpAddr, Ipv4Addr};

use crate::Dev;
use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::item::Item;

const KEYS: [&str; 10] = [
    "ip",
    "port",
    "local_protocol",
    "upstream_protocol",
    "host",
    "inspector_ip",
    "inspector_port",
    "generate_types",
    "enable_containers",
    "container_engine",
];

pub(crate) fn read<'a>(
    item: &Item<'a>,
    no_effect: &mut Vec<Item<'a>>,
    diagnostics: &mut Diagnostics<'_>,
) -> Dev {
    let mut dev = Dev::default();
    for field in item.fields(diagnostics, &KEYS).unwrap_or_default() {
        match field.key {
            "ip" => dev.ip = ip(&field, diagnostics),
            "port" => dev.port = port(&field, diagnostics),
            "local_protocol" | "upstream_protocol" => http_only(&field, diagnostics),
            // It changes the URL that the worker sees, so ignoring it would break the worker silently.
            "host" => field.refuse(diagnostics, ConfigError::NoOtherHost),
            _ => no_effect.push(field),
        }
    }
    dev
}

fn ip(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<IpAddr> {
    let text = item.text(diagnostics)?;
    match text {
        "localhost" => return Some(Dev::DEFAULT_IP),
        "*" => return Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        _ => {}
    }
    // A URL has the address in brackets, as `[::1]`.
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let ip = bare.parse().ok();
    if ip.is_none() {
        item.refuse(diagnostics, ConfigError::BadIp);
    }
    ip
}

/// Reads the port. The system chooses a free one for 0.
fn port(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) -> Option<u16> {
    let number = item.whole_number(diagnostics, 0..=u64::from(u16::MAX))?;
    u16::try_from(number).ok()
}

fn http_only(item: &Item<'_>, diagnostics: &mut Diagnostics<'_>) {
    if let Some(protocol) = item.text(diagnostics)
        && protocol != "http"
    {
        item.refuse(diagnostics, ConfigError::NoHttps);
    }
}
