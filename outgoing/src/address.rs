//! Reserved addresses (the IANA special-purpose registries).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kinds of addresses that no public host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// This machine.
    Loopback,
    /// No address: this host on this network.
    Unspecified,
    /// A private network, of either version of the protocol.
    Private,
    /// One link; the metadata services of clouds are there.
    LinkLocal,
    /// Between a provider and its customers (carrier-grade NAT).
    Shared,
    /// More than one receiver.
    Multicast,
    /// All receivers of a network.
    Broadcast,
    /// For examples in documents.
    Documentation,
    /// For measuring networks.
    Benchmarking,
    /// A tunnel to another network (6to4, Teredo, a local NAT64), whose end is unknown.
    Tunnel,
    /// Set aside for protocols, or not assigned.
    Unassigned,
}

impl Reserved {
    /// The kind of an address, or `None` for a public one. An IPv4 address inside an IPv6 one counts as itself.
    #[must_use]
    pub fn from_address(address: IpAddr) -> Option<Self> {
        match address {
            IpAddr::V4(address) => reserved_v4(address),
            IpAddr::V6(address) => reserved_v6(address),
        }
    }
}

fn reserved_v4(address: Ipv4Addr) -> Option<Reserved> {
    match address.octets() {
        [255, 255, 255, 255] => Some(Reserved::Broadcast),
        [0, ..] => Some(Reserved::Unspecified),
        [127, ..] => Some(Reserved::Loopback),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Reserved::Private),
        [169, 254, ..] => Some(Reserved::LinkLocal),
        [100, 64..=127, ..] => Some(Reserved::Shared),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Reserved::Documentation),
        [198, 18..=19, ..] => Some(Reserved::Benchmarking),
        [192, 88, 99, _] => Some(Reserved::Tunnel),
        [192, 0, 0, _] | [240..=255, ..] => Some(Reserved::Unassigned),
        [224..=239, ..] => Some(Reserved::Multicast),
        _ => None,
    }
}

fn reserved_v6(address: Ipv6Addr) -> Option<Reserved> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Reserved::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Reserved::Loopback),
        // Mapped; compatible, which is deprecated; and the NAT64 that every network may have.
        [0, 0, 0, 0, 0, 0xffff, high, low] => reserved_v4(embedded_v4(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] => {
            Some(reserved_v4(embedded_v4(high, low)).unwrap_or(Reserved::Unassigned))
        }
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => reserved_v4(embedded_v4(high, low)),
        [0x64, 0xff9b, ..] | [0x2001, 0, ..] | [0x2002, ..] => Some(Reserved::Tunnel),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(Reserved::Documentation),
        [0x2001, 2, 0, ..] => Some(Reserved::Benchmarking),
        [0x2001, 0..=0x1ff, ..] => Some(Reserved::Unassigned),
        [0xfc00..=0xfdff, ..] => Some(Reserved::Private),
        [0xfe80..=0xfebf, ..] => Some(Reserved::LinkLocal),
        // Site-local, the forerunner of private.
        [0xfec0..=0xfeff, ..] => Some(Reserved::Private),
        [0xff00..=0xffff, ..] => Some(Reserved::Multicast),
        // All addresses assigned to public hosts so far.
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Reserved::Unassigned),
    }
}

fn embedded_v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

impl fmt::Display for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Shared => "shared",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Tunnel => "tunnel",
            Self::Unassigned => "unassigned",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Reserved;

    #[test]
    fn addresses_that_are_not_public_are_known_for_what_they_are() {
        let table: &[(&str, Reserved)] = &[
            ("127.0.0.1", Reserved::Loopback),
            ("127.255.255.254", Reserved::Loopback),
            ("::1", Reserved::Loopback),
            ("::ffff:127.0.0.1", Reserved::Loopback),
            ("::127.0.0.1", Reserved::Loopback),
            ("64:ff9b::127.0.0.1", Reserved::Loopback),
            ("0.0.0.0", Reserved::Unspecified),
            ("0.1.2.3", Reserved::Unspecified),
            ("::", Reserved::Unspecified),
            ("::ffff:0.0.0.0", Reserved::Unspecified),
            ("10.0.0.1", Reserved::Private),
            ("172.16.0.1", Reserved::Private),
            ("172.31.255.255", Reserved::Private),
            ("192.168.1.1", Reserved::Private),
            ("::ffff:192.168.1.1", Reserved::Private),
            ("64:ff9b::10.0.0.1", Reserved::Private),
            ("fc00::1", Reserved::Private),
            ("fdff::1", Reserved::Private),
            ("fec0::1", Reserved::Private),
            ("169.254.169.254", Reserved::LinkLocal),
            ("::ffff:a9fe:a9fe", Reserved::LinkLocal),
            ("fe80::1", Reserved::LinkLocal),
            ("febf::1", Reserved::LinkLocal),
            ("100.64.0.1", Reserved::Shared),
            ("100.127.255.255", Reserved::Shared),
            ("224.0.0.1", Reserved::Multicast),
            ("239.255.255.255", Reserved::Multicast),
            ("ff02::1", Reserved::Multicast),
            ("255.255.255.255", Reserved::Broadcast),
            ("192.0.2.1", Reserved::Documentation),
            ("198.51.100.1", Reserved::Documentation),
            ("203.0.113.1", Reserved::Documentation),
            ("2001:db8::1", Reserved::Documentation),
            ("3fff::1", Reserved::Documentation),
            ("198.18.0.1", Reserved::Benchmarking),
            ("2001:2::1", Reserved::Benchmarking),
            ("192.88.99.1", Reserved::Tunnel),
            ("2002:7f00:1::1", Reserved::Tunnel),
            ("2001::1", Reserved::Tunnel),
            ("64:ff9b:1::1", Reserved::Tunnel),
            ("192.0.0.1", Reserved::Unassigned),
            ("240.0.0.1", Reserved::Unassigned),
            ("100::1", Reserved::Unassigned),
            ("2001:10::1", Reserved::Unassigned),
            ("5f00::1", Reserved::Unassigned),
            ("4000::1", Reserved::Unassigned),
            ("::8.8.8.8", Reserved::Unassigned),
        ];
        for (text, expected) in table {
            let found = Reserved::from_address(text.parse().unwrap());
            assert_eq!(found, Some(*expected), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2600::1",
            "2001:200::1",
            "2001:db7::1",
            "2003::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert_eq!(
                Reserved::from_address(text.parse().unwrap()),
                None,
                "{text}"
            );
        }
    }
}
