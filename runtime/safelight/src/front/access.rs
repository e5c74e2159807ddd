//! The requests that the front answers: those for a host of this server, and, for faults and safelight's own paths, those
//! of clients that may steer the server.

use std::fmt;
use std::io;
use std::net::IpAddr;

use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue, Uri};
use safelight_config::AllowedHosts;
use safelight_protocol::headers::TOKEN;

/// The header by which a browser says how the page that asks is related to the host.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Random bytes of a token.
const TOKEN_BYTES: usize = 16;
/// Maximum length of a host that an answer repeats, in characters.
const MAX_HOST_CHARS: usize = 80;

/// The rules by which requests are admitted.
pub struct Access {
    /// The hosts that a request may name.
    hosts: AllowedHosts,
    token: RunToken,
}

/// A random text that is new for each run. It stands for a client on this machine.
pub struct RunToken(String);

/// A host that is none of this server's.
#[derive(Debug)]
pub struct ForeignHost(String);

/// The reason why a client may not steer the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// The client is on another machine, and sends no token.
    OtherMachine,
    /// The client sends a token that is not the one of this run.
    WrongToken,
    /// A browser sends the request for a page of another site.
    OtherSite,
}

impl Access {
    /// Access to these hosts, with this token.
    pub fn new(hosts: AllowedHosts, token: RunToken) -> Self {
        Self { hosts, token }
    }

    /// Checks that a request for this URI is for a host of this server, and not for that of a website whose name leads
    /// here.
    ///
    /// # Errors
    /// Fails when the host is none that is allowed.
    pub fn check_host(&self, uri: &Uri) -> Result<(), ForeignHost> {
        let host = uri.host().unwrap_or_default();
        match self.hosts.contains(host) {
            true => Ok(()),
            false => Err(ForeignHost(host.chars().take(MAX_HOST_CHARS).collect())),
        }
    }

    /// Checks that the client may steer the server: it is on this machine or has the token, and no page of another site
    /// is behind it.
    ///
    /// # Errors
    /// Fails when the client may not.
    pub fn check_steering(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        peer: IpAddr,
    ) -> Result<(), Stranger> {
        let mut tokens = headers.get_all(TOKEN).iter().peekable();
        // A dual-stack listener shows an IPv4 loopback peer as a mapped address.
        if tokens.peek().is_none() && !peer.to_canonical().is_loopback() {
            return Err(Stranger::OtherMachine);
        }
        if !tokens.all(|token| self.token.matches(token)) {
            return Err(Stranger::WrongToken);
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let is_cross_site = headers
            .get_all(SEC_FETCH_SITE)
            .iter()
            .any(|site| site == "cross-site");
        match is_cross_site || !origins.all(|origin| self.is_own_origin(origin, uri)) {
            true => Err(Stranger::OtherSite),
            false => Ok(()),
        }
    }

    /// Returns whether the origin of a page is on the request's own host, on this machine, or on an allowed host. An
    /// opaque origin, `null`, is none of these.
    fn is_own_origin(&self, origin: &HeaderValue, uri: &Uri) -> bool {
        let origin = Uri::try_from(origin.as_bytes()).ok();
        let origin = origin.filter(|origin| origin.scheme().is_some());
        let host = origin.as_ref().and_then(Uri::host);
        host.is_some_and(|host| {
            let is_same = uri.host().is_some_and(|own| own.eq_ignore_ascii_case(host));
            is_same || self.hosts.contains_own(host)
        })
    }
}

impl RunToken {
    /// A new token.
    ///
    /// # Errors
    /// Fails when the system has no random bytes.
    pub fn new() -> io::Result<Self> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// Returns whether the value is the token. The time of the comparison tells nothing of the token.
    fn matches(&self, value: &HeaderValue) -> bool {
        let (own, other) = (self.0.as_bytes(), value.as_bytes());
        let pairs = own.iter().zip(other);
        let difference = pairs.fold(0, |difference, (own, other)| difference | (own ^ other));
        own.len() == other.len() && difference == 0
    }
}

impl fmt::Display for RunToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ForeignHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no host of this server; `allowed_hosts` of `[safelight]` in the config lists those beside localhost",
            self.0
        )
    }
}

impl Stranger {
    /// The word for the header of the response.
    pub fn class(self) -> &'static str {
        match self {
            Self::OtherMachine | Self::WrongToken => "not-local",
            Self::OtherSite => "cross-site",
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("safelight's own paths and the header safelight-fault are ")?;
        f.write_str(match self {
            Self::OtherMachine => {
                "for clients of this machine, by its loopback address, and for those that send the token of this run in \
                 the header safelight-token"
            }
            Self::WrongToken => "refused, as the header safelight-token has not the token of this run",
            Self::OtherSite => {
                "not for pages of other sites; `allowed_hosts` of `[safelight]` lists further hosts of this server"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::{HeaderMap, HeaderName, HeaderValue, Uri};
    use safelight_config::AllowedHosts;

    use super::{Access, RunToken, Stranger};

    const LOCAL: &str = "127.0.0.1";
    const REMOTE: &str = "192.0.2.1";

    fn access() -> Access {
        let hosts = AllowedHosts::new(["dev.example".parse().unwrap()]);
        Access::new(hosts, RunToken::new().unwrap())
    }

    /// The refusal that a peer gets for a request of a host with these headers, if any.
    fn stranger(
        access: &Access,
        peer: &str,
        host: &str,
        headers: &[(&str, &str)],
    ) -> Option<Stranger> {
        let uri = Uri::try_from(format!("http://{host}/cdn-cgi/safelight/trace")).unwrap();
        let header = |(name, value): &(&str, &str)| {
            let name = HeaderName::try_from(*name).unwrap();
            (name, HeaderValue::try_from(*value).unwrap())
        };
        let headers: HeaderMap = headers.iter().map(header).collect();
        let peer: IpAddr = peer.parse().unwrap();
        access.check_steering(&uri, &headers, peer).err()
    }

    #[test]
    fn only_this_machine_sees_traces_and_sets_faults() {
        let access = access();
        for local in [LOCAL, "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(stranger(&access, local, LOCAL, &[]), None, "{local}");
        }
        for other in [REMOTE, "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0"] {
            let refused = stranger(&access, other, LOCAL, &[]);
            assert_eq!(refused, Some(Stranger::OtherMachine), "{other}");
        }
    }

    #[test]
    fn another_machine_needs_the_token_of_this_run() {
        let access = access();
        let token = access.token.to_string();
        let (shorter, _) = token.split_at(31);
        let longer = format!("{token}0");
        let other = RunToken::new().unwrap().to_string();
        assert_ne!(other, token);
        let right = [("safelight-token", token.as_str())];
        assert_eq!(stranger(&access, REMOTE, REMOTE, &right), None);
        for wrong in ["", shorter, &longer, &other] {
            for peer in [REMOTE, LOCAL] {
                let refused = stranger(&access, peer, REMOTE, &[("safelight-token", wrong)]);
                assert_eq!(refused, Some(Stranger::WrongToken), "{wrong}");
            }
        }
        // The token stands for the machine, and not for the site.
        let page = [right[0], ("origin", "http://evil.example")];
        let refused = stranger(&access, REMOTE, REMOTE, &page);
        assert_eq!(refused, Some(Stranger::OtherSite));
    }

    #[test]
    fn no_page_of_another_site_steers_the_server() {
        let access = access();
        for own in [
            "http://localhost:8787",
            "http://LOCALHOST:5173",
            "https://app.localhost",
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://dev.example",
        ] {
            assert_eq!(
                stranger(&access, LOCAL, LOCAL, &[("origin", own)]),
                None,
                "{own}"
            );
        }
        let same = [("origin", "http://192.0.2.7:8787")];
        assert_eq!(stranger(&access, LOCAL, "192.0.2.7:8787", &same), None);
        for site in ["same-origin", "same-site", "none"] {
            let headers = [("sec-fetch-site", site)];
            assert_eq!(stranger(&access, LOCAL, LOCAL, &headers), None, "{site}");
        }
        for other in [
            ("origin", "http://evil.example"),
            ("origin", "http://localhost.evil.example"),
            ("origin", "http://203.0.113.5"),
            ("origin", "null"),
            ("origin", "localhost"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
        ] {
            let refused = stranger(&access, LOCAL, LOCAL, &[other]);
            assert_eq!(refused, Some(Stranger::OtherSite), "{other:?}");
        }
        let two = [
            ("origin", "http://localhost"),
            ("origin", "http://evil.example"),
        ];
        let refused = stranger(&access, LOCAL, LOCAL, &two);
        assert_eq!(refused, Some(Stranger::OtherSite));
    }
}
