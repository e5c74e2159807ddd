//! The HTTP code that both processes share, beside hyper.
//!
//! | module | holds |
//! |---|---|
//! | [`deadline`] | timeouts for connections and bodies that make no progress |
//! | [`drain`] | a body that is read to its end after its handler has dropped it |
//! | [`transport`] | records of the reads and writes of each request |
//! | [`accept`] | accepts connections, also while the process has no file descriptors left |
//! | [`socket`] | a Unix socket that only this user can connect to |
//! | [`hang_up`] | notice of a client that has closed its connection |
//! | [`peer_socket`] | the other end of a TCP connection on the same machine |
//! | [`pool`] | a pool of connections to one Unix socket |
//! | [`exchange`] | a connection that ends with its exchange |
//! | [`task`] | a task that ends with its owner |
//! | [`conditions`] | preconditions and ranges of a request |
//! | [`header`] | headers of a response, and their dates |
//! | `error_chain` | the text of an error with its causes |

pub mod accept;
pub mod conditions;
pub mod deadline;
pub mod drain;
mod error_chain;
pub mod exchange;
pub mod hang_up;
pub mod header;
pub mod peer_socket;
pub mod pool;
pub mod socket;
pub mod task;
pub mod transport;

pub use deadline::Deadlines;
pub use error_chain::error_chain;
