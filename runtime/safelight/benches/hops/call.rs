//! One call, with the layers that are on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use http::{Method, Uri, Version};
use http_body_util::BodyExt as _;
use safelight::front::traces::{TraceOptions, Traces};
use safelight_hop::faults::Hop;
use safelight_hop::inject::HopFaults;
use safelight_hop::log::Log;
use safelight_hop::trace::{Arrival, End};
use safelight_hop::{BindingService, Body, Call, RequestContext, call_log, layered};
use safelight_images_client::{ImagesProcess, binding};
use tower::util::BoxCloneSyncService;
use tower::{ServiceExt as _, service_fn};

/// The layers that are on. The call log and the faults always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layers {
    Off,
    Integrity,
    Trace,
    Both,
    /// Off once more: what differs between this and `Off` is noise.
    OffAgain,
    /// Trace of our own side alone, to a process that records nothing.
    TraceHere,
}

impl Layers {
    pub(crate) const ALL: [Self; 6] = [
        Self::Off,
        Self::Integrity,
        Self::Trace,
        Self::Both,
        Self::OffAgain,
        Self::TraceHere,
    ];

    pub(crate) fn integrity(self) -> bool {
        match self {
            Self::Integrity | Self::Both => true,
            Self::Off | Self::Trace | Self::OffAgain | Self::TraceHere => false,
        }
    }

    /// The index of the called process, of three. Each serves two variants, so that none is colder than another.
    pub(crate) fn process(self) -> usize {
        match self {
            Self::Off | Self::OffAgain => 0,
            Self::Trace | Self::Both => RECORDING,
            Self::Integrity | Self::TraceHere => 2,
        }
    }

    pub(crate) fn trace(self) -> bool {
        match self {
            Self::Trace | Self::Both | Self::TraceHere => true,
            Self::Off | Self::Integrity | Self::OffAgain => false,
        }
    }
}

/// The process that records its transports.
pub(crate) const RECORDING: usize = 1;
/// The number of processes.
pub(crate) const PROCESSES: usize = 3;

/// Calls one process.
pub(crate) struct Caller {
    whole: BindingService,
    without_integrity: BindingService,
    traces: Arc<Traces>,
    log: Log,
    calls: AtomicU64,
}

impl Caller {
    pub(crate) fn new(process: &ImagesProcess) -> Self {
        let hop = Hop::images("IMAGES", process.faults());
        let faults = HopFaults::new(hop, Arc::default());
        let images = binding::service(process.handle());
        let log = Log::new(std::io::sink());
        Self {
            whole: layered(images.clone(), faults.clone()),
            without_integrity: BoxCloneSyncService::new(service_fn(move |call| {
                let (images, faults) = (images.clone(), faults.clone());
                call_log::log(call, |call| faults.apply(call, |call| images.oneshot(call)))
            })),
            traces: Traces::new(TraceOptions::default(), None, log.clone()),
            log,
            calls: AtomicU64::new(0),
        }
    }

    /// Makes a call and reads its answer to the end. Returns the time.
    pub(crate) async fn call(
        &self,
        request: http::Request<Body>,
        layers: Layers,
        size: usize,
    ) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let context = self.context(layers);
        let call = Call::new("IMAGES".into(), request, context.clone());
        let service = match layers.integrity() {
            true => self.whole.clone(),
            false => self.without_integrity.clone(),
        };
        let response = service.oneshot(call).await?;
        let status = response.status();
        let mut body = response.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame?.data_ref().map_or(0, bytes::Bytes::len);
        }
        drop(body);
        if let Some(trace) = context.trace() {
            trace.end(bytes as u64, End::Whole);
        }
        let time = started.elapsed();
        ensure!(status.is_success(), "the service answered {status}");
        // The sides of a picture are whole numbers.
        ensure!(bytes.abs_diff(size) <= size / 5, "{bytes} bytes for {size}");
        Ok(time)
    }

    fn context(&self, layers: Layers) -> Arc<RequestContext> {
        let id = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let uri = Uri::from_static("http://localhost/");
        let trace = layers.trace().then(|| {
            self.traces.begin(&Arrival {
                id,
                method: &Method::GET,
                uri: &uri,
                version: Version::HTTP_11,
                connection: 1,
                request_on_connection: id,
            })
        });
        let log = self.log.clone();
        let context = RequestContext::new(id, Method::GET, &uri, log);
        Arc::new(context.with_trace(trace.flatten()))
    }
}
