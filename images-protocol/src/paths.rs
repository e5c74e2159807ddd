//! Paths that the runtime, the images process and their clients agree on.

/// Prefix of the paths that belong to the platform. No request below it reaches a worker.
pub const PLATFORM_PREFIX: &str = "/cdn-cgi/";
/// Prefix of the paths that only safelight has. The runtime shows them to clients on the same machine, and to clients with
/// the token of the run.
pub const OWN_PREFIX: &str = "/cdn-cgi/safelight/";
/// Prefix of the paths that send a worker an event, as in wrangler. The clients of [`OWN_PREFIX`] may use them.
pub const HANDLER_PREFIX: &str = "/cdn-cgi/handler/";
/// Prefix of the paths of pictures by URL: `/cdn-cgi/image/<options>/<source>`.
pub const IMAGE_URL_PREFIX: &str = "/cdn-cgi/image/";

/// Path of the endpoint that describes an image.
pub const INFO_PATH: &str = "/info";
/// Path of the endpoint that runs a pipeline and encodes its result.
pub const TRANSFORM_PATH: &str = "/transform";
/// Path of the endpoint that answers 200 as soon as the images process takes requests.
pub const HEALTH_PATH: &str = "/health";
/// Path of the endpoint that answers with the transport records of a request, if the images process keeps them.
pub const TRACE_PATH: &str = "/trace";
