//! The other end of a TCP connection on the same machine, in the system's table of sockets.
//!
//! TCP does not tell a peer that has closed its connection from one that has only closed its sending side. The system of
//! the peer does: a socket that no process holds any more has no inode.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The tables of IPv4 and IPv6.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// The state of the other end of a connection, as the system tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerSocket {
    /// A process holds it.
    Held,
    /// No process holds it, or it is gone.
    Closed,
    /// It is on another machine, or the system does not say.
    Unknown,
}

/// Looks up the end at `peer` of a connection whose other end is `local`, which this process holds. Blocks for the length of
/// the table.
pub fn look_up(peer: SocketAddr, local: SocketAddr) -> PeerSocket {
    let (peer, local) = (canonical(peer), canonical(local));
    let (mut far, mut near) = (None, None);
    for table in TABLES {
        let text = std::fs::read_to_string(table).unwrap_or_default();
        for line in text.lines() {
            far = far.or_else(|| held(line, peer, local));
            near = near.or_else(|| held(line, local, peer));
        }
    }
    match (near, far) {
        // A table that does not know this process's own end says nothing of the other one.
        (None | Some(PeerSocket::Closed | PeerSocket::Unknown), _) => PeerSocket::Unknown,
        (Some(PeerSocket::Held), Some(far)) => far,
        (Some(PeerSocket::Held), None) if peer.ip().is_loopback() => PeerSocket::Closed,
        (Some(PeerSocket::Held), None) => PeerSocket::Unknown,
    }
}

/// Reads the state from a line of a table, if the line is that of the socket at `from` that is connected to `to`.
fn held(line: &str, from: SocketAddr, to: SocketAddr) -> Option<PeerSocket> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    if address(fields.next()?)? != from || address(fields.next()?)? != to {
        return None;
    }
    // The state, the queues, the timer, the retransmissions, the user and the timeout stand before it.
    match fields.nth(6)? {
        "0" => Some(PeerSocket::Closed),
        _ => Some(PeerSocket::Held),
    }
}

/// Parses an address of a table: words of the machine's byte order in hexadecimal, and a port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok();
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (index, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(index * 8)?.to_ne_bytes());
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(canonical(SocketAddr::new(ip, port)))
}

/// The address without the IPv6 form of an IPv4 address, and without a scope.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::{PeerSocket, address, look_up};

    #[test]
    fn a_peer_that_only_stops_sending_is_told_from_one_that_closes() {
        for listen in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let listener = TcpListener::bind(listen).unwrap();
            let port = listener.local_addr().unwrap().port();
            let to = match listen {
                "[::1]:0" => format!("[::1]:{port}"),
                _ => format!("127.0.0.1:{port}"),
            };
            let far = TcpStream::connect(to).unwrap();
            let (near, peer) = listener.accept().unwrap();
            let local = near.local_addr().unwrap();
            assert_eq!(look_up(peer, local), PeerSocket::Held, "{listen}");
            far.shutdown(Shutdown::Write).unwrap();
            assert_eq!(look_up(peer, local), PeerSocket::Held, "{listen}");
            drop(far);
            assert_eq!(look_up(peer, local), PeerSocket::Closed, "{listen}");
        }
    }

    #[test]
    fn another_machine_is_unknown() {
        let (peer, local) = ("192.0.2.1:9".parse(), "127.0.0.1:9".parse());
        let found = look_up(peer.unwrap(), local.unwrap());
        assert_eq!(found, PeerSocket::Unknown);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_of_the_table_are_read() {
        for (text, expected) in [
            ("0100007F:1F90", "127.0.0.1:8080"),
            ("00000000000000000000000001000000:0001", "[::1]:1"),
            ("0000000000000000FFFF00000100007F:0001", "127.0.0.1:1"),
        ] {
            assert_eq!(address(text), Some(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "0100007F", "0100007F:", "x:1", "0100007:1"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
