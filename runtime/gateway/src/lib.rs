//! The gateway from workers to services: by name in process, by name over a socket, and by URL to the web.
//!
//! | module | does |
//! |---|---|
//! | [`socket`] | serves bindings to foreign runtimes on a Unix socket |
//! | [`table`] | finds the service of a name |
//! | [`web`] | makes `fetch` requests to other hosts |

pub mod socket;
pub mod table;
pub mod web;

pub use table::Bindings;
pub use web::Outbound;
