//! The upload of a request, of either hyper.

use std::future::Future;

use bytes::Bytes;

/// A request body of either hyper.
pub(crate) trait Upload: Send + 'static {
    /// Returns the next piece, or `None` at the end, clean or not.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>> + Send;
}

impl Upload for hyper::body::Incoming {
    async fn next(&mut self) -> Option<Bytes> {
        use http_body_util::BodyExt;
        self.frame().await?.ok()?.into_data().ok()
    }
}

impl Upload for old_hyper::Body {
    async fn next(&mut self) -> Option<Bytes> {
        use old_hyper::body::HttpBody;
        self.data().await?.ok()
    }
}
