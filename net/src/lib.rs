//! The HTTP code that both processes share, beside hyper.
//!
//! | module | holds |
//! |---|---|
//! | [`deadline`] | timeouts for connections and bodies that make no progress |
//! | [`drain`] | a body that is read to its end after its handler has dropped it |
//! | [`transport`] | records of the reads and writes of each request |
//! | [`socket`] | a Unix socket that only this user can connect to |
//! | [`hang_up`] | notice of a client that has closed its connection |
//! | [`pool`] | a pool of connections to one Unix socket |
//! | [`exchange`] | a connection that ends with its exchange |
//! | [`conditions`] | preconditions and ranges of a request |
//! | `error_chain` | the text of an error with its causes |

pub mod conditions;
pub mod deadline;
pub mod drain;
mod error_chain;
pub mod exchange;
pub mod hang_up;
pub mod pool;
pub mod socket;
pub mod transport;

pub use deadline::Deadlines;
pub use error_chain::error_chain;
