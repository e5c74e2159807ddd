//! What every call out of a worker has, whatever service it goes to.
//!
//! Top down, each module knows only those below it:
//!
//! | module | holds |
//! |---|---|
//! | [`stack`] | the layers around a service, in their order |
//! | [`call_log`] [`integrity`] [`inject`] | the layers |
//! | [`caller_url`] | the URL that a call of a service or of assets was written with |
//! | [`call`] | one call: its context and its request; what a service is |
//! | [`request`] | the client's request on whose behalf a call is made |
//! | [`faults`] | what to break on purpose, and at which calls |
//! | [`trace`] | the records of a request's hops |
//! | [`body`] [`error`] | bodies and the errors that they end in |
//! | [`log`] | the program's log |

pub mod body;
pub mod call;
pub mod call_log;
pub mod caller_url;
pub mod error;
pub mod faults;
pub mod inject;
pub mod integrity;
pub mod log;
pub mod request;
pub mod stack;
pub mod trace;

pub use body::Body;
pub use call::{Answer, BindingService, Call, CallContext, HopService};
pub use error::{HopError, error_chain};
pub use request::RequestContext;
pub use stack::layered;

/// The hop from the runtime to the images process for a picture by URL or by `fetch`, as faults and logs name it.
pub const TRANSFORM_HOP: &str = "image-url";
/// The hop to the source of such a picture.
pub const SOURCE_HOP: &str = "image-source";
