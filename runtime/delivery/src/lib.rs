//! Image delivery: pictures by URL and by `fetch`, from a source through the images process to the client.
//!
//! Both interfaces make two hops, each with the layers of every hop: one to the source, one to the images process.
//!
//! | module | does |
//! |---|---|
//! | [`url`] | answers `/cdn-cgi/image/<options>/<source>` |
//! | [`fetch`] | answers a worker's `fetch` with `cf.image` |
//! | `deliver` | the last step, which both share |
//! | [`transform`] | sends a source and its options through the images process |
//! | [`source`] | fetches sources from the worker or from another host |
//! | `subrequest` | the headers of requests for sources |
//! | [`form`] | streams sources and options as a multipart form |
//! | [`request`] | a transformation: its steps and overlays, and its result |
//! | [`output`] | format, quality and the other output options |
//! | `answer` | the response with the headers that the platform sets |
//! | `response_hints` | the headers of a response that do not come from the images process |
//! | `validators` | the entity tag of a result, and the 304 response |
//! | [`error`] | the errors, with the platform's numbers |

mod answer;
mod deliver;
pub mod error;
pub mod fetch;
pub mod form;
pub mod output;
pub mod request;
mod response_hints;
pub mod source;
mod subrequest;
pub mod transform;
pub mod url;
mod validators;

pub use error::{DeliveryError, ErrorKind};
pub use fetch::CfImages;
pub use source::Sources;
pub use transform::Transformations;
pub use url::ImageUrls;
