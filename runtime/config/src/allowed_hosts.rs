//! The host names that the requests of clients may name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Longest host name, in bytes: that of the DNS.
const MAX_NAME_BYTES: usize = 253;

/// The host names that the requests of clients may name (`safelight.allowed_hosts`), in addition to those of this machine.
///
/// A website can let its own name resolve to this machine, and a browser then takes the dev server for a part of the
/// website. The name in the request tells such a website apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedHosts(Vec<AllowedHost>);

impl AllowedHosts {
    /// The names of this machine and these names.
    pub fn new(hosts: impl IntoIterator<Item = AllowedHost>) -> Self {
        Self(hosts.into_iter().collect())
    }

    /// Returns whether requests may name this host of a URL: an IP address, a name of this machine, or a listed name.
    pub fn contains(&self, host: &str) -> bool {
        address(host).is_some() || self.contains_name(host)
    }

    /// Returns whether the host of a URL is this machine by its name or loopback address, or is a listed name.
    pub fn contains_own(&self, host: &str) -> bool {
        address(host).is_some_and(|address| address.is_loopback()) || self.contains_name(host)
    }

    fn contains_name(&self, host: &str) -> bool {
        let host = without_dot(host).to_ascii_lowercase();
        let is_local = host == "localhost" || host.ends_with(".localhost");
        is_local || self.0.iter().any(|allowed| allowed.matches(&host))
    }
}

/// A host name, or a host name with all names below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// The name in lower case, without a dot at its ends.
    name: String,
    with_subdomains: bool,
}

impl AllowedHost {
    /// Returns whether `host`, which is in lower case, is the allowed host.
    fn matches(&self, host: &str) -> bool {
        match host.strip_suffix(self.name.as_str()) {
            Some("") => true,
            Some(below) => self.with_subdomains && below.ends_with('.'),
            None => false,
        }
    }
}

impl FromStr for AllowedHost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, with_subdomains) = match text.strip_prefix('.') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_label = |label: &str| !label.is_empty() && label.chars().all(is_plain);
        if name.len() > MAX_NAME_BYTES || !name.split('.').all(is_label) {
            return Err(
                "not a host name such as dev.example, or .dev.example for it and all below it",
            );
        }
        Ok(Self {
            name: name.to_ascii_lowercase(),
            with_subdomains,
        })
    }
}

/// The address that the host of a URL is, with IPv6 in brackets.
fn address(host: &str) -> Option<IpAddr> {
    let bracketed = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bracketed {
        Some(address) => {
            let address: Ipv6Addr = address.parse().ok()?;
            Some(IpAddr::V6(address).to_canonical())
        }
        None => {
            let address: Ipv4Addr = without_dot(host).parse().ok()?;
            Some(IpAddr::V4(address))
        }
    }
}

/// The name without the dot that may end a full name.
fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::{AllowedHost, AllowedHosts};

    fn hosts(texts: &[&str]) -> AllowedHosts {
        AllowedHosts::new(texts.iter().map(|text| text.parse().unwrap()))
    }

    #[test]
    fn addresses_and_the_names_of_this_machine_are_always_allowed() {
        for host in [
            "127.0.0.1",
            "192.0.2.7",
            "127.0.0.1.",
            "[::1]",
            "[2001:db8::1]",
            "localhost",
            "LocalHost",
            "localhost.",
            "app.localhost",
        ] {
            assert!(hosts(&[]).contains(host), "{host}");
        }
    }

    #[test]
    fn another_name_is_allowed_only_if_it_is_listed() {
        let listed = hosts(&["Dev.Example", ".lan"]);
        for host in ["dev.example", "DEV.example.", "lan", "box.lan", "a.box.lan"] {
            assert!(listed.contains(host), "{host}");
            assert!(!hosts(&[]).contains(host), "{host}");
        }
        for host in [
            "",
            ".",
            "example",
            "a.dev.example",
            "xdev.example",
            "xlan",
            "lan.evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "0x7f.1",
            "2130706433",
            "::1",
            "[::1",
            "[127.0.0.1]",
        ] {
            assert!(!listed.contains(host), "{host}");
        }
    }

    #[test]
    fn a_text_that_is_no_host_name_is_refused() {
        let long = "x".repeat(254);
        for text in [
            "", ".", "*", "*.lan", "a..b", "a.", "a:80", "http://a", "a/b", "[::1]", "é", &long,
        ] {
            assert!(text.parse::<AllowedHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_of_another_machine_is_not_own() {
        let listed = hosts(&["dev.example"]);
        for host in [
            "127.0.0.1",
            "127.8.8.8",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "dev.example",
        ] {
            assert!(listed.contains_own(host), "{host}");
        }
        for host in ["192.0.2.7", "[2001:db8::1]", "0.0.0.0", "evil.example"] {
            assert!(!listed.contains_own(host), "{host}");
        }
    }
}
