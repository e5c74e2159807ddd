//! The policy for addresses and hosts: public addresses and configured exceptions are allowed, denied hosts never.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::address::Reserved;
use crate::network::Network;
use crate::origin::OriginPattern;
use crate::target::Target;

/// The policy that decides which addresses may be reached. Public addresses may, unless their host is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    exceptions: Vec<Exception>,
    denied: Vec<OriginPattern>,
}

impl Policy {
    /// Public addresses only.
    #[must_use]
    pub fn public() -> Self {
        Self::default()
    }

    /// Public addresses, and the addresses of the exceptions.
    #[must_use]
    pub fn with_exceptions(exceptions: impl IntoIterator<Item = Exception>) -> Self {
        Self {
            exceptions: exceptions.into_iter().collect(),
            denied: Vec::new(),
        }
    }

    /// Denies these hosts, whatever their addresses.
    #[must_use]
    pub fn with_denied(self, denied: impl IntoIterator<Item = OriginPattern>) -> Self {
        Self {
            denied: denied.into_iter().collect(),
            ..self
        }
    }

    /// Returns whether the host of this URL is denied, whatever its address.
    #[must_use]
    pub fn denies(&self, target: &Target) -> bool {
        self.denied.iter().any(|pattern| pattern.matches(target))
    }

    /// Checks whether this address of this host may be reached on this port.
    ///
    /// # Errors
    /// Fails when it may not, with the kind of the address.
    pub fn check(&self, host: &str, address: IpAddr, port: u16) -> Result<(), Reserved> {
        match Reserved::from_address(address) {
            None => Ok(()),
            Some(reserved) => {
                let excepted = self.exceptions.iter().any(|exception| {
                    exception.port.is_none_or(|only| only == port)
                        && exception.scope.contains(host, address)
                });
                if excepted { Ok(()) } else { Err(reserved) }
            }
        }
    }
}

/// An address that may be reached although it is not public.
///
/// Its text is `loopback`, a host, an address, or a range (`10.0.0.0/8`); the first three may end in a port, which is then
/// the only one: `loopback:9000`, `minio.lan:9000`, `[::1]:9000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    scope: Scope,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Loopback,
    Network(Network),
    /// A host in lower case, whatever it resolves to.
    Host(String),
}

impl Exception {
    /// This machine, on any port.
    #[must_use]
    pub const fn loopback() -> Self {
        Self {
            scope: Scope::Loopback,
            port: None,
        }
    }

    /// A range of addresses, on any port.
    #[must_use]
    pub const fn network(network: Network) -> Self {
        Self {
            scope: Scope::Network(network),
            port: None,
        }
    }

    /// Restricts the exception to this port.
    #[must_use]
    pub fn with_port(self, port: u16) -> Self {
        Self {
            port: Some(port),
            ..self
        }
    }
}

impl Scope {
    fn contains(&self, host: &str, address: IpAddr) -> bool {
        match self {
            Self::Loopback => {
                Network::LOOPBACK_V4.contains(address) || Network::LOOPBACK_V6.contains(address)
            }
            Self::Network(network) => network.contains(address),
            Self::Host(name) => {
                let host = host.strip_suffix('.').unwrap_or(host);
                name.eq_ignore_ascii_case(host)
            }
        }
    }
}

/// The text does not name an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseExceptionError;

impl FromStr for Exception {
    type Err = ParseExceptionError;

    fn from_str(text: &str) -> Result<Self, ParseExceptionError> {
        if let Ok(network) = text.parse() {
            return Ok(Self::network(network));
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| ParseExceptionError)?)),
            None => (text, None),
        };
        let scope = match name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            Some(address) => Scope::Network(address.parse().map_err(|_| ParseExceptionError)?),
            None => parse_name(name)?,
        };
        Ok(Self { scope, port })
    }
}

fn parse_name(name: &str) -> Result<Scope, ParseExceptionError> {
    if name == "loopback" {
        return Ok(Scope::Loopback);
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return match address {
            IpAddr::V4(_) => name
                .parse()
                .map(Scope::Network)
                .map_err(|_| ParseExceptionError),
            // Without brackets, the last part of the address is ambiguous with a port.
            IpAddr::V6(_) => Err(ParseExceptionError),
        };
    }
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match !name.is_empty() && name.chars().all(letters) {
        true => Ok(Scope::Host(name.to_ascii_lowercase())),
        false => Err(ParseExceptionError),
    }
}

/// Writes the form that `parse` reads.
impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.scope, self.port) {
            (Scope::Loopback, None) => f.write_str("loopback"),
            (Scope::Loopback, Some(port)) => write!(f, "loopback:{port}"),
            (Scope::Host(name), None) => f.write_str(name),
            (Scope::Host(name), Some(port)) => write!(f, "{name}:{port}"),
            (Scope::Network(network), None) => network.fmt(f),
            (Scope::Network(network), Some(port)) => write!(f, "[{network}]:{port}"),
        }
    }
}

impl fmt::Display for ParseExceptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not `loopback`, a host, an address or a range such as 10.0.0.0/8")
    }
}

impl std::error::Error for ParseExceptionError {}

#[cfg(test)]
mod tests {
    use super::{Exception, Policy};
    use crate::address::Reserved;

    #[test]
    fn only_an_exception_lets_through_what_is_not_public() {
        for (exception, host, address, port, expected) in [
            ("loopback", "localhost", "127.0.0.1", 80, true),
            ("loopback", "localhost", "::1", 80, true),
            ("loopback", "localhost", "::ffff:127.0.0.1", 80, true),
            ("loopback", "nas", "192.168.1.1", 80, false),
            ("loopback:9000", "localhost", "127.0.0.1", 9000, true),
            ("loopback:9000", "localhost", "127.0.0.1", 22, false),
            ("10.0.0.0/8", "nas", "10.1.2.3", 80, true),
            ("10.0.0.0/8", "nas", "169.254.169.254", 80, false),
            ("127.0.0.1:81", "a", "127.0.0.1", 81, true),
            ("127.0.0.1:81", "a", "127.0.0.2", 81, false),
            ("[::1]:81", "a", "::1", 81, true),
            ("::1", "a", "::1", 81, true),
            ("Nas.Lan", "nas.LAN.", "10.0.0.1", 80, true),
            ("nas.lan", "evil.nas.lan", "10.0.0.1", 80, false),
            ("nas.lan:9000", "nas.lan", "10.0.0.1", 80, false),
        ] {
            let policy = Policy::with_exceptions([exception.parse::<Exception>().unwrap()]);
            let found = policy.check(host, address.parse().unwrap(), port);
            assert_eq!(
                found.is_ok(),
                expected,
                "{exception}: {host} {address}:{port}"
            );
        }
    }

    #[test]
    fn an_exception_is_written_as_it_is_read() {
        for text in [
            "loopback",
            "loopback:9000",
            "10.0.0.0/8",
            "10.0.0.1",
            "127.0.0.1:81",
            "::1",
            "fd00::/8",
            "[::1]:81",
            "nas.lan",
            "nas.lan:80",
        ] {
            let exception: Exception = text.parse().unwrap();
            assert_eq!(exception.to_string().parse(), Ok(exception), "{text}");
        }
    }

    #[test]
    fn only_public_addresses_may_be_reached_without_an_exception() {
        let policy = Policy::public();
        assert_eq!(policy.check("a", "1.1.1.1".parse().unwrap(), 443), Ok(()));
        assert_eq!(
            policy.check("a", "127.0.0.1".parse().unwrap(), 443),
            Err(Reserved::Loopback)
        );
    }

    #[test]
    fn a_text_that_names_no_address_is_refused() {
        for text in [
            "",
            ":80",
            "a b",
            "nas:http",
            "[nas]",
            "10.0.0.0/40",
            "http://a",
            "[::1]x",
        ] {
            assert!(text.parse::<Exception>().is_err(), "{text}");
        }
    }
}
