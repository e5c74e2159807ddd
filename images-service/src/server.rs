//! Accepts connections, serves HTTP/1 on each, and shuts down gracefully.

use std::{io, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::TokioIo,
    server::graceful::{GracefulShutdown, Watcher},
};
use safelight_net::{
    Deadlines,
    deadline::{Activity, TimeoutStream},
    hang_up::HangUp,
    transport::{Recorder, TransportLog},
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::timeout,
};

use crate::{handler::Handler, limits::Limits, process::PixelProgram};

/// The pause after a failed accept. A process without free descriptors would otherwise try again at full speed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves requests on `listener`, with pixel processes of `program`, until `shutdown` is ready, then lets the requests in flight finish.
///
/// # Errors
/// When the listener does not listen, or TLS cannot be set up for outgoing requests.
pub async fn run(
    listener: UnixListener,
    limits: Limits,
    program: PixelProgram,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (deadlines, grace) = (limits.deadlines, limits.grace);
    let permits = Arc::new(Semaphore::new(limits.connections.max(1)));
    let transports = TransportLog::new(limits.transports);
    let handler = Handler::new(limits, program, transports.clone()).map_err(io::Error::other)?;
    let handler = Arc::new(handler);
    let in_flight = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break,
            Some(ended) = connections.join_next() => {
                if let Err(panic) = ended {
                    tracing::error!(%panic, "a connection panicked");
                }
                continue;
            }
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, permit)) => {
                let handler = Arc::clone(&handler);
                let recorder = transports.as_ref().map(TransportLog::new_recorder);
                let watcher = in_flight.watcher();
                let connection = serve(stream, deadlines, recorder, handler, watcher);
                connections.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                if timeout(ACCEPT_PAUSE, &mut shutdown).await.is_ok() {
                    break;
                }
            }
        }
    }
    // Clients must see at once that the service accepts no connection any more.
    drop(listener);
    if timeout(grace, in_flight.shutdown()).await.is_err() {
        tracing::warn!(?grace, "ended with requests in flight");
    }
    connections.shutdown().await;
    Ok(())
}

/// Accepts a connection once a permit is free. Until then the system keeps the connection.
async fn accept(
    listener: &UnixListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(UnixStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, _address) = listener.accept().await?;
    Ok((stream, permit))
}

async fn serve(
    stream: UnixStream,
    deadlines: Deadlines,
    recorder: Option<Arc<Recorder>>,
    handler: Arc<Handler>,
    watcher: Watcher,
) {
    let hang_up = match HangUp::new(&stream) {
        Ok(hang_up) => Arc::new(hang_up),
        Err(error) => {
            tracing::warn!(%error, "could not watch a connection");
            return;
        }
    };
    let activity = Activity::new();
    let stream = TimeoutStream::server(stream, &deadlines, activity.clone());
    let stream = stream.with_recorder(recorder.clone());
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        let hang_up = Arc::clone(&hang_up);
        let recorder = recorder.clone();
        let open = activity.begin_request();
        async move {
            if let Some(recorder) = &recorder {
                recorder.record_request(&request);
            }
            let answer = handler.handle(request, &hang_up).await;
            // From here on the stream itself sees that it is busy.
            drop(open);
            if let (Some(recorder), Ok(answer)) = (&recorder, &answer) {
                recorder.record_response(answer);
            }
            answer
        }
    });
    let connection = http1::Builder::new()
        // A client that has finished writing still reads.
        .half_close(true)
        // The stream has timeouts of its own for a header and between requests.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
