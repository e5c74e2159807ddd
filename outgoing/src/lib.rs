//! A guarded HTTP client for untrusted URLs: it enforces limits, and connects only to allowed addresses.
//!
//! An untrusted URL could reach every host that this machine can (server-side request forgery). The client therefore
//! checks each URL, of the first request and of every redirect, and every address that its host resolves to. It connects
//! to one of the checked addresses, without a second look-up that might answer differently.
//!
//! | module | does |
//! |---|---|
//! | [`client`] | one request: its redirects, its answer's head |
//! | [`target`] | parses a URL to a host and a port |
//! | [`policy`] [`network`] | the addresses that may be reached |
//! | [`origin`] | patterns of origins |
//! | [`address`] | reserved addresses |
//! | `connect` | connects to a checked address |
//! | [`body`] | an answer's body, with its limits |
//! | [`error`] | the error |
//!
//! ```no_run
//! # async fn get() -> Result<(), safelight_outgoing::OutgoingError> {
//! use safelight_outgoing::{Client, Limits, Policy, Request};
//!
//! let client = Client::new(Policy::public())?;
//! let font = client
//!     .fetch(Request::get("https://example.com/a.woff2"), &Limits::new(20_000_000))
//!     .await?;
//! println!("{} bytes", font.bytes.len());
//! # Ok(())
//! # }
//! ```

pub mod address;
pub mod body;
pub mod client;
mod connect;
pub mod error;
pub mod network;
pub mod origin;
pub mod policy;
pub mod target;

pub use body::Body;
pub use client::{Answer, BufferedAnswer, Client, Limits, Request};
pub use error::OutgoingError;
pub use network::Network;
pub use origin::OriginPattern;
pub use policy::{Exception, Policy};
