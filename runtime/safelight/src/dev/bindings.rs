//! The bindings of a run, by kind: opens their state, makes their services, names them on the bindings socket, closes
//! them. Each step is a match over all kinds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use safelight_assets::Assets;
use safelight_config::{Binding, BindingConfig, Config};
use safelight_gateway::Bindings;
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::log::Log;
use safelight_images_client::{ImagesProcess, binding as images};
use safelight_protocol::BindingKind;
use safelight_r2::Credentials;
use safelight_r2::buckets::{self, Buckets, Store};
use safelight_state::State;
use safelight_worker::limits::AllMemory;
use safelight_worker::service::WorkerRegistry;

use super::state::LazyState;

/// Time for the bindings to close at the end of a run.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The state that the bindings of one worker hold open during a run.
#[derive(Default)]
pub struct OpenBindings {
    /// Locked while this value lives. None if no binding has state.
    state: Option<State>,
    /// The buckets of the config.
    pub buckets: Buckets,
}

impl OpenBindings {
    /// Returns the folder of the open state, if a binding has state.
    pub(super) fn state_folder(&self) -> Option<&Path> {
        self.state.as_ref().map(State::root)
    }
}

/// The resources of a run for a worker. Without them, as for a worker that is only checked, a binding refuses every call
/// by name.
pub(super) struct WorkerResources<'a> {
    /// The images process; none if the worker is only checked, or no worker of the run needs it.
    pub images: Option<&'a ImagesProcess>,
    /// The open state of the worker's bindings; none if the worker is only checked.
    pub open: Option<&'a OpenBindings>,
    /// The workers that service bindings reach.
    pub registry: &'a WorkerRegistry,
    /// The faults of the run.
    pub faults: Arc<FaultSet>,
    /// The memory of all instances of the run.
    pub all_memory: &'a AllMemory,
    /// The files and folders of the run that are never static files.
    pub private: &'a [PathBuf],
}

/// Opens the state of a config's bindings. `log` gets the errors of their work in the background.
///
/// # Errors
/// Fails when the state, or a bucket in it, cannot be opened.
pub async fn open(
    config: &Config,
    persist_to: Option<&Path>,
    log: &Log,
) -> anyhow::Result<OpenBindings> {
    let mut state = LazyState::new(config, persist_to);
    let mut open = OpenBindings::default();
    for binding in &config.bindings {
        match &binding.config {
            BindingConfig::R2(r2) => {
                let state = state.get()?;
                let credentials = match &config.storage.s3 {
                    Some(_) => Some(Credentials::from_environment()?),
                    None => None,
                };
                let store = Store {
                    storage: &config.storage,
                    credentials: credentials.as_ref(),
                };
                open.buckets.open(&r2.bucket, state, store, log).await?;
            }
            BindingConfig::Images | BindingConfig::Service(_) | BindingConfig::Assets => {}
            #[cfg(feature = "echo")]
            BindingConfig::Echo(_) => {}
        }
    }
    open.state = state.share()?;
    Ok(open)
}

/// The table of a worker's bindings. `assets` are its static files, if it has any.
pub(super) fn services(
    config: &Config,
    resources: &WorkerResources<'_>,
    assets: Option<&Assets>,
) -> Bindings {
    let mut bindings = Bindings::new(resources.faults.clone());
    for binding in &config.bindings {
        bind(&mut bindings, binding, resources, assets);
    }
    bindings
}

fn bind(
    bindings: &mut Bindings,
    binding: &Binding,
    resources: &WorkerResources<'_>,
    assets: Option<&Assets>,
) {
    let name = &binding.name;
    match &binding.config {
        BindingConfig::Images => {
            if let Some(process) = resources.images {
                let hop = Hop::images(name, process.faults());
                bindings.bind(hop, images::service(process.handle()));
            }
        }
        BindingConfig::R2(r2) => {
            let bucket = resources.open.and_then(|open| open.buckets.get(&r2.bucket));
            if let Some(bucket) = bucket {
                bindings.bind(Hop::binding(name), safelight_r2::service(bucket.clone()));
            }
        }
        BindingConfig::Service(service) => {
            bindings.bind(
                Hop::binding(name),
                resources.registry.service(&service.service),
            );
        }
        BindingConfig::Assets => {
            if let Some(assets) = assets {
                bindings.bind(Hop::binding(name), assets.clone().into_service());
            }
        }
        #[cfg(feature = "echo")]
        BindingConfig::Echo(id) => bindings.bind(Hop::binding(name), safelight_echo::service(id)),
    }
}

/// The resource of a binding, as the bindings socket names and calls it.
pub(super) struct SocketResource<'a> {
    /// The id, which is unique among the resources of a kind, but for those with a state.
    pub id: &'a str,
    /// Whether the service gets the caller's whole URL.
    pub with_caller_url: bool,
    /// The folder of its state.
    pub state: Option<PathBuf>,
}

/// Returns the resource of a worker's binding.
pub(super) fn on_socket<'a>(
    config: &'a Config,
    binding: &'a Binding,
    open: &OpenBindings,
) -> SocketResource<'a> {
    let resource = |id, with_caller_url| SocketResource {
        id,
        with_caller_url,
        state: None,
    };
    match &binding.config {
        // A run has one images process.
        BindingConfig::Images => resource(&binding.name, false),
        // Each worker may have a state of its own.
        BindingConfig::R2(r2) => SocketResource {
            state: open.folder(|state| buckets::folder(state, &r2.bucket)),
            ..resource(&r2.bucket, false)
        },
        // The names of workers are unique in a run.
        BindingConfig::Service(service) => resource(&service.service, true),
        BindingConfig::Assets => resource(&config.name, true),
        // The answer depends on the id alone.
        #[cfg(feature = "echo")]
        BindingConfig::Echo(id) => resource(id, false),
    }
}

/// Waits for the background work of the bindings of a run. The next run completes the rest.
pub(super) async fn close<'a>(workers: impl Iterator<Item = &'a OpenBindings>, log: &Log) {
    let closed = tokio::time::timeout(CLOSE_TIMEOUT, async {
        for open in workers {
            open.close().await?;
        }
        anyhow::Ok(())
    });
    match closed.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log.warn(format_args!("the buckets could not be closed: {error}")),
        Err(_) => log.warn("the buckets are still at work; the next run clears up what is left"),
    }
}

impl OpenBindings {
    /// The canonical path of a folder of the state.
    fn folder(&self, of: impl FnOnce(&State) -> PathBuf) -> Option<PathBuf> {
        let folder = of(self.state.as_ref()?);
        Some(folder.canonicalize().unwrap_or(folder))
    }

    /// Waits for the background work of the bindings.
    ///
    /// # Errors
    /// Fails when a binding cannot complete its work.
    pub async fn close(&self) -> anyhow::Result<()> {
        for kind in BindingKind::ALL {
            match kind {
                BindingKind::R2 => self.buckets.close().await?,
                BindingKind::Images | BindingKind::Service | BindingKind::Assets => {}
                #[cfg(feature = "echo")]
                BindingKind::Echo => {}
            }
        }
        Ok(())
    }
}
