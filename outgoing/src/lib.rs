//! Gets what an untrusted URL names: within limits, and only from where it may.
//!
//! Whoever lets others name a URL lends them the place of this program in its network. So each URL, of the first
//! request and of every redirect, is checked; so is every address that its host resolves to; and the connection goes to
//! one of the addresses that were checked, without a second look-up that might answer differently.
//!
//! | module | does |
//! |---|---|
//! | [`client`] | one request: its redirects, its answer's head |
//! | [`target`] | a URL as text, to a host and a port that may be asked for |
//! | [`policy`] [`network`] | which addresses may be reached |
//! | [`origin`] | hosts as people name them |
//! | [`address`] | what an address is, other than public |
//! | `connect` | from a host to a connection with a checked address |
//! | [`body`] | an answer's body, counted and timed |
//! | [`error`] | what can go wrong |
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
