//! Tests of a worker under `safelight dev`, with faults.
//!
//! A [`DevServer`] is the real program on a free port, serving the worker of a folder. A [`Fault`] breaks the calls that the worker
//! makes. An [`Answer`] says whether its transfer was whole. A test can therefore assert that a worker answers 502, and not a
//! broken picture, when the answer of its Images call is cut after 200 KB.
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
//! Each constructor of [`Fault`] has such a test beside it. The program is the path in
//! [`Builder::program`], or the one in the environment variable `SAFELIGHT_BIN`, or the one in the target folder of this
//! crate, or else `safelight` on the path.
//!
//! | module | does |
//! |---|---|
//! | `server` | runs `safelight dev` as a child process on a free port |
//! | `program` | finds the program |
//! | `log` | keeps the lines of the server's log, and waits for one |
//! | `fault` | builds the text of a fault |
//! | `client` | sends a request, and keeps the bytes of a broken transfer |
//! | `error` | the error |

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
