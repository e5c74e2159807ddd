//! The code that every call out of a worker shares, whatever service it goes to.
//!
//! Each module imports only modules below it:
//!
//! | module | holds |
//! |---|---|
//! | [`stack`] | the layers around a service, in their order |
//! | [`call_log`] [`integrity`] [`inject`] | the layers |
//! | [`caller_url`] | the caller's URL of a call of a service or of assets |
//! | [`call`] | one call: its context, its request, and the trait of services |
//! | [`request`] | the context of the client's request |
//! | [`capacity`] | permits for work of which only so much goes on at a time |
//! | [`faults`] | faults: their values, their grammar, and the active set |
//! | [`trace`] | the records of a request's hops |
//! | [`head`] | the body that a head announces, and requests in origin form |
//! | [`body`] [`error`] | bodies and errors |
//! | [`log`] | the program's log |

pub mod body;
pub mod call;
pub mod call_log;
pub mod caller_url;
pub mod capacity;
pub mod error;
pub mod faults;
pub mod head;
pub mod inject;
pub mod integrity;
pub mod log;
pub mod request;
pub mod stack;
pub mod trace;

pub use body::Body;
pub use call::{Answer, BindingService, Call, CallContext, HopService};
pub use error::HopError;
pub use request::RequestContext;
pub use safelight_net::error_chain;
pub use stack::layered;

/// The hop from the runtime to the images process for a picture by URL or by `fetch`, as faults and logs name it.
pub const TRANSFORM_HOP: &str = "image-url";
/// The hop to the source of such a picture.
pub const SOURCE_HOP: &str = "image-source";
