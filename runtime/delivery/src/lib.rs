//! Pictures by URL and by `fetch`: from a source through the images process to an answer.
//!
//! Two hops, each with the layers of every hop: one to the source, one to the images process.
//!
//! | module | does |
//! |---|---|
//! | [`url`] | answers `/cdn-cgi/image/<options>/<source>` |
//! | [`fetch`] | answers a worker's `fetch` with `cf.image` |
//! | `deliver` | what both share |
//! | [`transform`] | sends a source and its options through the images process |
//! | [`source`] | gets a picture from the worker or from another host |
//! | `subrequest` | requests for sources |
//! | [`form`] | streams sources and options as one form |
//! | [`request`] [`output`] | what is done to a picture; format, quality and the other options of a result |
//! | [`answer`] | the result with the headers that the platform sets |
//! | [`failure`] | what can go wrong, with the platform's numbers |

pub mod answer;
mod deliver;
pub mod failure;
pub mod fetch;
pub mod form;
pub mod output;
pub mod request;
pub mod source;
mod subrequest;
pub mod transform;
pub mod url;

pub use failure::{Code, Failure};
pub use fetch::CfImages;
pub use source::Sources;
pub use transform::Transformations;
pub use url::ImageUrls;
