//! The parts of a response that do not come from the images process.

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

/// The parts of a response that do not come from the images process.
#[derive(Default)]
pub(crate) struct ResponseHints {
    /// The names of the request headers on which the result depends.
    pub(crate) vary: Vec<&'static str>,
    /// The texts of the warnings.
    pub(crate) warnings: Vec<String>,
}

impl ResponseHints {
    pub(crate) fn put_vary(&self, headers: &mut HeaderMap) {
        if let Ok(vary) = HeaderValue::try_from(self.vary.join(", "))
            && !vary.is_empty()
        {
            headers.insert(VARY, vary);
        }
    }
}
