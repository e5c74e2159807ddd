//! What both processes use of HTTP, beside hyper.
//!
//! | module | does |
//! |---|---|
//! | [`deadline`] | gives up connections and bodies that make no progress |
//! | [`drain`] | reads uploads that their handlers drop |
//! | [`transport`] | records what a connection did for each request |
//! | [`socket`] | binds a Unix socket for this user alone |
//! | [`hang_up`] | notices a client that has closed its connection |
//! | [`pool`] | keeps connections to one Unix socket |
//! | [`exchange`] | makes one exchange on a connection of its own |
//! | [`conditions`] | evaluates preconditions and ranges |

pub mod conditions;
pub mod deadline;
pub mod drain;
pub mod exchange;
pub mod hang_up;
pub mod pool;
pub mod socket;
pub mod transport;

pub use deadline::Deadlines;
