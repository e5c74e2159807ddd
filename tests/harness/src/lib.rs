//! Tests of a worker under `safelight dev`, in which things break on purpose.
//!
//! A [`DevServer`] is the real program on a free port, serving the worker of a folder. A [`Fault`] breaks the calls that the worker
//! makes. An [`Answer`] says whether its transfer was whole. So a test can say: when the answer of the inner Images call is
//! cut after 200 KB, my worker answers 502 and not a broken picture.
//!
//! ```
//! use safelight_harness::{DevServer, Fault};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = DevServer::builder("../guests/misbehaving")
//!     .fault(Fault::truncate("IMAGES", 200_000))
//!     .start()
//!     .await?;
//! let answer = server.get("/careful-image").await?;
//! assert_eq!(answer.status, 502);
//! assert!(answer.is_whole());
//! # Ok(())
//! # }
//! ```
//!
//! Each constructor of [`Fault`] has such a test beside it. The program is the one that was named by
//! [`Builder::program`], or by the environment variable `SAFELIGHT_BIN`, or that was built in the same target folder as
//! this crate, or else `safelight` on the path.

#![warn(missing_docs)]

mod client;
mod error;
mod fault;
mod log;
mod program;
mod server;

pub use bytes;
pub use http;

pub use client::{Answer, Client};
pub use error::HarnessError;
pub use fault::{FAULT_HEADER, Fault};
pub use server::{Builder, DevServer};
