//! The bindings of a run, by kind: opens their state, makes their services, closes them. Each step is a match over
//! all kinds.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use safelight_assets::Assets;
use safelight_config::{Binding, BindingConfig, Config};
use safelight_gateway::Bindings;
use safelight_hop::faults::{FaultSet, Hop};
use safelight_images_client::{ImagesProcess, binding as images};
use safelight_protocol::BindingKind;
use safelight_r2::buckets::Buckets;
use safelight_r2::{Credentials, R2Error};
use safelight_state::State;
use safelight_worker::service::WorkerRegistry;

use super::state;

/// The state that the bindings of one worker hold open during a run.
#[derive(Default)]
pub struct OpenBindings {
    /// Locked while this value lives.
    _state: Option<State>,
    /// The buckets of the config.
    pub buckets: Buckets,
}

/// The sources of services. They are absent for a worker that is only checked; its bindings refuse every call by name.
#[derive(Clone, Copy)]
pub(super) struct ServiceSources<'a> {
    /// The images process.
    pub images: Option<&'a ImagesProcess>,
    /// The open state of the worker's bindings.
    pub open: Option<&'a OpenBindings>,
    /// The worker's static files.
    pub assets: Option<&'a Assets>,
    /// The workers of the run.
    pub registry: &'a WorkerRegistry,
}

/// Opens the state of a config's bindings.
///
/// # Errors
/// When the state, or a bucket in it, cannot be opened.
pub async fn open(config: &Config, persist_to: Option<&Path>) -> anyhow::Result<OpenBindings> {
    let mut buckets = Vec::new();
    for binding in &config.bindings {
        match &binding.config {
            BindingConfig::R2(r2) => buckets.push(r2.bucket.as_str()),
            BindingConfig::Images | BindingConfig::Service(_) | BindingConfig::Assets => {}
        }
    }
    if buckets.is_empty() {
        return Ok(OpenBindings::default());
    }
    let mut state = state::open(config, persist_to)?;
    let credentials = match &config.storage.s3 {
        Some(_) => Some(Credentials::from_environment()?),
        None => None,
    };
    let names = buckets.into_iter();
    let buckets = Buckets::open(names, &state, &config.storage, credentials.as_ref()).await?;
    state.share().context("share the state with others")?;
    Ok(OpenBindings {
        _state: Some(state),
        buckets,
    })
}

/// The table of a worker's bindings. `faults` apply to its calls.
pub(super) fn services(
    config: &Config,
    parts: ServiceSources<'_>,
    faults: &Arc<FaultSet>,
) -> Bindings {
    let mut bindings = Bindings::new(faults.clone());
    for binding in &config.bindings {
        bind(&mut bindings, binding, parts);
    }
    bindings
}

fn bind(bindings: &mut Bindings, binding: &Binding, parts: ServiceSources<'_>) {
    let hop = Hop::binding(&binding.name, binding.config.kind());
    match &binding.config {
        BindingConfig::Images => {
            if let Some(process) = parts.images {
                let hop = Hop::images(&binding.name, process.faults());
                bindings.bind(hop, images::service(process.handle()));
            }
        }
        BindingConfig::R2(r2) => {
            if let Some(bucket) = parts.open.and_then(|open| open.buckets.get(&r2.bucket)) {
                bindings.bind(hop, safelight_r2::service(bucket.clone()));
            }
        }
        BindingConfig::Service(service) => {
            bindings.bind(hop, parts.registry.service(&service.service));
        }
        BindingConfig::Assets => {
            if let Some(assets) = parts.assets {
                bindings.bind(hop, assets.clone().into_service());
            }
        }
    }
}

/// The id of a binding's resource on the bindings socket.
pub(super) fn socket_id<'a>(config: &'a Config, binding: &'a Binding) -> &'a str {
    match &binding.config {
        BindingConfig::Images => &binding.name,
        BindingConfig::R2(r2) => &r2.bucket,
        BindingConfig::Service(service) => &service.service,
        BindingConfig::Assets => &config.name,
    }
}

impl OpenBindings {
    /// Waits for the background work of the bindings.
    ///
    /// # Errors
    /// When a binding cannot complete its work.
    pub async fn close(&self) -> Result<(), R2Error> {
        for kind in BindingKind::ALL {
            match kind {
                BindingKind::R2 => self.buckets.close().await?,
                BindingKind::Images | BindingKind::Service | BindingKind::Assets => {}
            }
        }
        Ok(())
    }
}
