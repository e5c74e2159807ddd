//! Fetches the fonts of texts before a request waits for a worker. The cache keeps each for the requests that follow.

mod cache;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use safelight_outgoing::{Client, Limits as Outgoing, OutgoingError, Policy, Request};
use safelight_protocol::ErrorCode;
use tokio::{sync::Semaphore, task::JoinSet};

use self::cache::Cache;
use crate::{error::ServiceError, options::FontUrl, quota::Reservation};

/// The addresses of fonts that may be reached, and the limits of fetching them.
#[derive(Clone, Debug)]
pub struct FontLimits {
    /// The addresses that may be reached: public ones, and the exceptions for development.
    pub policy: Policy,
    /// The bytes of one font as it is sent.
    pub bytes: usize,
    /// The number of different fonts of one request.
    pub per_request: usize,
    /// The number of fonts that are fetched at the same time, for all requests.
    pub at_a_time: usize,
    /// The time for fetching one font, with all redirects.
    pub time: Duration,
    /// The bytes of fetched fonts that are kept for other requests.
    pub cache_bytes: usize,
    /// The time that a fetched font is kept, whatever its server says.
    pub cache_time: Duration,
}

impl Default for FontLimits {
    fn default() -> Self {
        Self {
            policy: Policy::public(),
            bytes: 20_000_000,
            per_request: 16,
            at_a_time: 8,
            time: Duration::from_secs(30),
            cache_bytes: 64_000_000,
            cache_time: Duration::from_secs(300),
        }
    }
}

/// Fetches fonts, and keeps some of them for a while.
pub(crate) struct Fonts {
    client: Client,
    limits: FontLimits,
    permits: Arc<Semaphore>,
    cache: Cache,
}

impl Fonts {
    /// Creates a client within the limits, with an empty cache.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(limits: FontLimits) -> Result<Self, OutgoingError> {
        Ok(Self {
            client: Client::new(limits.policy.clone())?,
            permits: Arc::new(Semaphore::new(limits.at_a_time.max(1))),
            cache: Cache::new(limits.cache_bytes, limits.cache_time),
            limits,
        })
    }

    /// Returns the bytes of every font. Dropping the future ends all of its exchanges.
    ///
    /// # Errors
    /// When there are too many fonts, or one cannot be fetched or has too many bytes. The other exchanges then end.
    pub(crate) async fn get_all(
        &self,
        urls: Vec<FontUrl>,
        reservation: &Reservation,
    ) -> Result<HashMap<FontUrl, Bytes>, ServiceError> {
        let max = self.limits.per_request;
        if urls.len() > max {
            let text = format!("the texts have more than {max} different fonts");
            return Err(ServiceError::new(ErrorCode::BadRequest, text));
        }
        let mut fonts = HashMap::new();
        let mut fetches = JoinSet::new();
        for url in urls {
            match self.cache.get(&url) {
                Some(bytes) => {
                    fonts.insert(url, bytes);
                }
                None => {
                    fetches.spawn(self.fetch(url));
                }
            }
        }
        while let Some(fetched) = fetches.join_next().await {
            let (url, bytes) = fetched.map_err(|panic| {
                tracing::error!(%panic, "fetching a font panicked");
                ServiceError::new(ErrorCode::Internal, "the images process failed at a font")
            })??;
            reservation.reserve(bytes.len())?;
            self.cache.put(url.clone(), bytes.clone());
            fonts.insert(url, bytes);
        }
        Ok(fonts)
    }

    /// Fetches one font as soon as fewer than `at_a_time` are being fetched.
    fn fetch(
        &self,
        url: FontUrl,
    ) -> impl Future<Output = Result<(FontUrl, Bytes), ServiceError>> + Send + use<> {
        let client = self.client.clone();
        let permits = Arc::clone(&self.permits);
        let outgoing = Outgoing {
            total: self.limits.time,
            ..Outgoing::new(self.limits.bytes as u64)
        };
        async move {
            let _permit = permits.acquire_owned().await;
            let request = Request::get(url.as_str());
            match client.fetch(request, &outgoing).await {
                Ok(whole) => Ok((url, whole.bytes)),
                Err(error) => Err(not_fetched(&url, &error)),
            }
        }
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn not_fetched(url: &FontUrl, error: &OutgoingError) -> ServiceError {
    let code = match error {
        OutgoingError::TooLarge(_)
        | OutgoingError::InvalidUrl(_)
        | OutgoingError::Scheme(_)
        | OutgoingError::Userinfo => ErrorCode::BadRequest,
        OutgoingError::Refused { .. }
        | OutgoingError::Denied { .. }
        | OutgoingError::Dns { .. }
        | OutgoingError::ConnectionRefused
        | OutgoingError::ConnectTimeout(_)
        | OutgoingError::Connect(_)
        | OutgoingError::Tls(_)
        | OutgoingError::TooManyRedirects(_)
        | OutgoingError::InvalidRedirect(_)
        | OutgoingError::Status(_)
        | OutgoingError::Protocol(_)
        | OutgoingError::Encoded(_)
        | OutgoingError::CutShort(_)
        | OutgoingError::Timeout(_) => ErrorCode::FetchFailed,
    };
    let text = format!("the font at {url} could not be fetched: {error}");
    ServiceError::new(code, text)
}
