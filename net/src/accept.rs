//! Accepts connections, also while the process has no file descriptors left.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The pause after a failed accept. A process without free file descriptors would otherwise try again at full speed.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts a connection by `accept`, which is called again, after a pause of 100 ms, until it succeeds.
pub async fn accept<T, F: Future<Output = io::Result<T>>>(mut accept: impl FnMut() -> F) -> T {
    loop {
        if let Ok(connection) = accept().await {
            return connection;
        }
        sleep_until(Instant::now() + PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio::time::Instant;

    use super::{PAUSE, accept};

    #[tokio::test(start_paused = true)]
    async fn a_failed_accept_is_repeated_after_a_pause() {
        let started = Instant::now();
        let mut failures = 3;
        let accepted = accept(|| {
            let left = failures;
            failures -= 1;
            async move {
                match left {
                    0 => Ok("a connection"),
                    _ => Err(io::Error::other("no file descriptors left")),
                }
            }
        });
        assert_eq!(accepted.await, "a connection");
        assert_eq!(started.elapsed(), 3 * PAUSE);
    }
}
