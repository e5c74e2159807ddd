//! Connects to a host at an address that was checked.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::error::OutgoingError;
use crate::policy::Policy;
use crate::target::{Target, TargetHost};

/// Makes connections to the addresses that the policy allows.
pub(crate) struct Connector {
    policy: Policy,
    tls: TlsConnector,
}

/// A connection that waits for its one request.
pub(crate) type Connection = safelight_net::exchange::Connection<Empty<Bytes>>;

impl Connector {
    /// Makes a connector that trusts the certificate authorities of the web.
    pub(crate) fn new(policy: Policy) -> Result<Self, OutgoingError> {
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| OutgoingError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            policy,
            tls: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Connects to the target's host within `time`.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        time: Duration,
    ) -> Result<Connection, OutgoingError> {
        if self.policy.denies(target) {
            let host = target.url().host_str().unwrap_or_default().to_owned();
            return Err(OutgoingError::Denied { host });
        }
        let until = Instant::now() + time;
        let addresses = timeout_at(until, self.checked(target))
            .await
            .unwrap_or(Err(OutgoingError::ConnectTimeout(time)))?;
        let mut last = OutgoingError::ConnectTimeout(time);
        let mut left = addresses.len();
        for address in addresses {
            // A first address that does not answer must not use up the time of the others.
            let rest = until.saturating_duration_since(Instant::now());
            let share = rest / u32::try_from(left).unwrap_or(u32::MAX).max(1);
            left = left.saturating_sub(1);
            let connecting = TcpStream::connect(address);
            match timeout_at(Instant::now() + share, connecting).await {
                Ok(Ok(stream)) => {
                    let ready = self.greet(target, stream);
                    return timeout_at(until, ready)
                        .await
                        .unwrap_or(Err(OutgoingError::ConnectTimeout(time)));
                }
                Ok(Err(error)) => last = not_connected(&error),
                Err(_) => {}
            }
        }
        Err(last)
    }

    /// Returns the addresses of the host. Fails when one of them may not be reached, since such a host is not trusted.
    async fn checked(&self, target: &Target) -> Result<Vec<SocketAddr>, OutgoingError> {
        let port = target.port();
        let (host, addresses) = match target.host() {
            TargetHost::Address(address) => {
                (address.to_string(), vec![SocketAddr::new(*address, port)])
            }
            TargetHost::Name(name) => (name.clone(), resolve(name, port).await?),
        };
        for address in &addresses {
            if let Err(reserved) = self.policy.check(&host, address.ip(), port) {
                return Err(OutgoingError::Refused {
                    host,
                    address: address.ip(),
                    reserved,
                });
            }
        }
        Ok(addresses)
    }

    async fn greet(&self, target: &Target, stream: TcpStream) -> Result<Connection, OutgoingError> {
        // Requests are one small packet.
        let _ = stream.set_nodelay(true);
        if !target.is_secure() {
            return over(TokioIo::new(stream)).await;
        }
        let name = match target.host() {
            TargetHost::Address(address) => ServerName::from(*address),
            TargetHost::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                ServerName::try_from(name.to_owned())
                    .map_err(|error| OutgoingError::Tls(error.to_string()))?
            }
        };
        let stream = self.tls.connect(name, stream).await;
        let stream = stream.map_err(|error| OutgoingError::Tls(error.to_string()))?;
        over(TokioIo::new(stream)).await
    }
}

async fn resolve(name: &str, port: u16) -> Result<Vec<SocketAddr>, OutgoingError> {
    let unknown = |why: &str| OutgoingError::Dns {
        host: name.to_owned(),
        why: why.to_owned(),
    };
    let found = tokio::net::lookup_host((name, port)).await;
    let mut addresses: Vec<SocketAddr> = found
        .map_err(|error| unknown(&error.to_string()))?
        .collect();
    addresses.dedup();
    match addresses.is_empty() {
        true => Err(unknown("it has none")),
        false => Ok(addresses),
    }
}

fn not_connected(error: &io::Error) -> OutgoingError {
    match error.kind() {
        ErrorKind::ConnectionRefused => OutgoingError::ConnectionRefused,
        _ => OutgoingError::Connect(error.to_string()),
    }
}

async fn over<S>(stream: S) -> Result<Connection, OutgoingError>
where
    S: Read + Write + Unpin + Send + 'static,
{
    Connection::handshake(stream)
        .await
        .map_err(|error| OutgoingError::Protocol(error.to_string()))
}

/// The text of an address as a URL has it.
pub(crate) fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}
