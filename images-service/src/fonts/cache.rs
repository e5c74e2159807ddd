//! A cache of fetched fonts by URL.
//!
//! A font is kept for a fixed time, whatever its server says. When the cache is full, the fonts that were fetched first
//! are removed first.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::options::FontUrl;

/// Fonts of a limited number of bytes together.
pub(super) struct Cache {
    max_bytes: usize,
    time: Duration,
    /// The kept fonts, the oldest first.
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    url: FontUrl,
    bytes: Bytes,
    until: Instant,
}

impl Cache {
    pub(super) const fn new(max_bytes: usize, time: Duration) -> Self {
        Self {
            max_bytes,
            time,
            kept: Mutex::new(VecDeque::new()),
        }
    }

    pub(super) fn get(&self, url: &FontUrl) -> Option<Bytes> {
        let now = Instant::now();
        let mut kept = self.kept();
        kept.retain(|font| font.until > now);
        let found = kept.iter().find(|font| font.url == *url)?;
        Some(found.bytes.clone())
    }

    pub(super) fn put(&self, url: FontUrl, bytes: Bytes) {
        if bytes.len() > self.max_bytes {
            return;
        }
        let until = Instant::now() + self.time;
        let mut kept = self.kept();
        kept.retain(|font| font.url != url);
        kept.push_back(Kept { url, bytes, until });
        let mut all: usize = kept.iter().map(|font| font.bytes.len()).sum();
        while all > self.max_bytes
            && let Some(oldest) = kept.pop_front()
        {
            all -= oldest.bytes.len();
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        // No operation under the lock can leave the list half changed.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::time::advance;

    use super::Cache;
    use crate::options::FontUrl;

    fn url(name: &str) -> FontUrl {
        FontUrl::new(name)
    }

    fn cache() -> Cache {
        Cache::new(10, Duration::from_secs(60))
    }

    fn font(bytes: usize) -> Bytes {
        vec![0; bytes].into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_font_is_kept_for_its_time() {
        let cache = cache();
        cache.put(url("a"), font(4));
        advance(Duration::from_secs(59)).await;
        assert_eq!(cache.get(&url("a")), Some(font(4)));
        assert_eq!(cache.get(&url("b")), None);
        advance(Duration::from_secs(1)).await;
        assert_eq!(cache.get(&url("a")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_fonts_make_room_and_what_has_none_is_not_kept() {
        let cache = cache();
        for name in ["a", "b", "c"] {
            cache.put(url(name), font(4));
        }
        assert_eq!(cache.get(&url("a")), None);
        assert!(cache.get(&url("b")).is_some());
        cache.put(url("d"), font(11));
        assert_eq!(cache.get(&url("d")), None);
        assert!(cache.get(&url("c")).is_some(), "and nothing went for it");
        cache.put(url("c"), font(6));
        assert_eq!(cache.get(&url("c")), Some(font(6)), "the newer one counts");
        assert!(cache.get(&url("b")).is_some());
    }
}
