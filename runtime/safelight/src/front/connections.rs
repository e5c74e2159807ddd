//! The open connections of the server, up to a number. Beyond it, the one that has been idle for longest gives way, or the
//! one whose client has taken nothing for longest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use safelight_hop::capacity::MAX_STALL;
use safelight_net::deadline::Activity;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout};

/// Time between two searches for an idle connection while all are at work.
const SEARCH_INTERVAL: Duration = Duration::from_millis(100);

/// The open connections.
#[derive(Clone)]
pub(super) struct Connections {
    permits: Arc<Semaphore>,
    open: Arc<Mutex<HashMap<u64, Open>>>,
}

struct Open {
    activity: Activity,
    /// Dropped when the connection gives way.
    _stays: oneshot::Sender<()>,
}

/// An open connection. Dropping it makes room for another.
pub(super) struct OpenConnection {
    number: u64,
    connections: Connections,
    /// Ends when the connection has to give way.
    stays: oneshot::Receiver<()>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    /// Room for so many connections.
    pub(super) fn new(max: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(max)),
            open: Arc::default(),
        }
    }

    /// Waits until there is room for another connection. Without room, the connection without a request that has been
    /// idle for longest gives way, or else the one that has been stalled for longest.
    pub(super) async fn room(&self) -> OwnedSemaphorePermit {
        loop {
            if self.permits.available_permits() == 0 {
                self.close_one();
            }
            let permit = timeout(SEARCH_INTERVAL, self.permits.clone().acquire_owned()).await;
            if let Ok(Ok(permit)) = permit {
                return permit;
            }
        }
    }

    /// Adds a connection by its number.
    pub(super) fn open(
        &self,
        permit: OwnedSemaphorePermit,
        number: u64,
        activity: Activity,
    ) -> OpenConnection {
        let (_stays, stays) = oneshot::channel();
        self.lock().insert(number, Open { activity, _stays });
        OpenConnection {
            number,
            connections: self.clone(),
            stays,
            _permit: permit,
        }
    }

    fn close_one(&self) {
        let mut open = self.lock();
        let idle = open.iter().filter_map(|(number, connection)| {
            let since = connection.activity.idle_since()?;
            Some((since, *number))
        });
        let stalled = open.iter().filter_map(|(number, connection)| {
            let since = connection.activity.stalled_since()?;
            (Instant::now() >= since + MAX_STALL).then_some((since, *number))
        });
        if let Some((_, number)) = idle.min().or_else(|| stalled.min()) {
            open.remove(&number);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection {
    /// Runs a connection to its end, or until it gives way.
    pub(super) async fn run(&mut self, connection: impl Future) {
        tokio::select! {
            _ = connection => {}
            _ = &mut self.stays => {}
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::task::Poll;

    use safelight_net::Deadlines;
    use safelight_net::deadline::{Activity, TimeoutStream};
    use tokio::io::AsyncWriteExt;

    use super::{Connections, OpenConnection};

    async fn opened(connections: &Connections, number: u64) -> (OpenConnection, Activity) {
        let activity = Activity::new();
        let permit = connections.room().await;
        (connections.open(permit, number, activity.clone()), activity)
    }

    #[tokio::test(start_paused = true)]
    async fn the_connection_that_is_idle_for_longest_gives_way() {
        let connections = Connections::new(3);
        let (mut busy, at_work) = opened(&connections, 1).await;
        let _request = at_work.begin_request();
        let (mut oldest, _activity) = opened(&connections, 2).await;
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let (mut younger, _activity) = opened(&connections, 3).await;
        let next = tokio::spawn({
            let connections = connections.clone();
            async move { opened(&connections, 4).await.0.number }
        });
        oldest.run(pending::<()>()).await;
        drop(oldest);
        assert_eq!(next.await.unwrap(), 4);
        for stays in [&mut busy, &mut younger] {
            let mut running = std::pin::pin!(stays.run(pending::<()>()));
            let first = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await;
            assert!(first.is_pending());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_client_takes_nothing_gives_way() {
        let connections = Connections::new(2);
        let (_busy, at_work) = opened(&connections, 1).await;
        let _request = at_work.begin_request();
        let (mut stalled, activity) = opened(&connections, 2).await;
        let _request = activity.begin_request();
        let (_client, stream) = tokio::io::duplex(1);
        let mut stream = TimeoutStream::server(stream, &Deadlines::default(), activity);
        let next = tokio::spawn({
            let connections = connections.clone();
            async move { opened(&connections, 3).await.0.number }
        });
        // The client has room for a byte.
        let answer = async { stream.write_all(b"answer").await };
        stalled.run(answer).await;
        drop(stalled);
        assert_eq!(next.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_a_request_does_not_give_way_before_its_end() {
        let connections = Connections::new(1);
        let (mut busy, activity) = opened(&connections, 1).await;
        let request = activity.begin_request();
        let mut room = std::pin::pin!(connections.room());
        for _ in 0..3 {
            tokio::time::advance(super::SEARCH_INTERVAL).await;
            let first = poll_fn(|cx| Poll::Ready(room.as_mut().poll(cx))).await;
            assert!(first.is_pending());
        }
        {
            let mut running = std::pin::pin!(busy.run(pending::<()>()));
            let first = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx))).await;
            assert!(first.is_pending());
        }
        drop(request);
        let closed = async {
            busy.run(pending::<()>()).await;
            drop(busy);
        };
        let (_permit, ()) = tokio::join!(room, closed);
    }
}
