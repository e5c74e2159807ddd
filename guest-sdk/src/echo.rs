//! The echo binding, for tests.

use crate::{Body, Response, Result, fetch};

/// A service that answers with the request, handed out by [`Env::echo`](crate::Env::echo).
#[derive(Clone, Debug)]
pub struct Echo {
    address: String,
}

impl Echo {
    pub(crate) fn new(address: String) -> Self {
        Self { address }
    }

    /// Posts a body to a path of the service, which begins with a slash.
    ///
    /// # Errors
    /// Fails as [`fetch()`](crate::fetch()) does.
    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Result<Response> {
        let url = format!("{}{path}", self.address);
        fetch(http::Request::post(url).body(body.into())?).await
    }
}
