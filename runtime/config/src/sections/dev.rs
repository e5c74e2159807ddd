//! `dev`: where the local server listens.

use std::net::{IpAddr, Ipv4Addr};

use crate::Dev;
use crate::error::ConfigError;
use crate::item::{Diagnostics, Item};

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
    found: &mut Diagnostics<'_>,
) -> Dev {
    let mut dev = Dev::default();
    for field in item.fields(found, &KEYS).unwrap_or_default() {
        match field.key {
            "ip" => dev.ip = ip(&field, found),
            "port" => dev.port = port(&field, found),
            "local_protocol" | "upstream_protocol" => http_only(&field, found),
            // It changes the URL that the worker sees, so a worker would go wrong unnoticed.
            "host" => field.refuse(found, ConfigError::NoOtherHost),
            _ => no_effect.push(field),
        }
    }
    dev
}

fn ip(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<IpAddr> {
    let text = item.text(found)?;
    match text {
        "localhost" => return Some(Dev::DEFAULT_IP),
        "*" => return Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        _ => {}
    }
    // `[::1]` is how a URL writes it.
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let ip = bare.parse().ok();
    if ip.is_none() {
        item.refuse(found, ConfigError::BadIp);
    }
    ip
}

/// 0 asks the system for a free port.
fn port(item: &Item<'_>, found: &mut Diagnostics<'_>) -> Option<u16> {
    let number = item.whole_number(found, 0..=u64::from(u16::MAX))?;
    u16::try_from(number).ok()
}

fn http_only(item: &Item<'_>, found: &mut Diagnostics<'_>) {
    if let Some(protocol) = item.text(found)
        && protocol != "http"
    {
        item.refuse(found, ConfigError::NoHttps);
    }
}
