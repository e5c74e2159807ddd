//! The environment of a worker, by its config: bindings, variables, files, and the hosts that it reaches.

use std::path::{self, Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use safelight_assets::site::Site;
use safelight_assets::{Assets, Survey};
use safelight_config::{BindingConfig, Config};
use safelight_delivery::{CfImages, Sources, Transformations};
use safelight_gateway::{Bindings, Outbound};
use safelight_hop::faults::{FaultSet, Hop};
use safelight_hop::log::Log;
use safelight_images_client::{ImagesProcess, binding};
use safelight_outgoing::Client;
use safelight_protocol::binding::BINDINGS_VARIABLE;
use safelight_r2::public::PublicBuckets;
use safelight_worker::limits::{AllMemory, WorkerLimits};
use safelight_worker::service::WorkerRegistry;
use safelight_worker::{Worker, WorkerEnv, compile};

use super::bindings::{self, OpenBindings, WorkerResources};
use super::state;
use crate::front::WorkerFront;
use crate::guest;

/// A loaded worker, and the table of its bindings.
pub(super) struct LoadedWorker {
    /// The front: public buckets, static files and the worker.
    pub front: WorkerFront,
    /// The bindings, which foreign runtimes reach as well.
    pub bindings: Arc<Bindings>,
}

/// Loads the component, if there is one, in the environment that the config describes.
///
/// # Errors
/// Fails when this host cannot run the component, or the static files cannot be served.
pub(super) fn load(
    config: &Config,
    component: Option<&Path>,
    resources: &WorkerResources<'_>,
    log: &Log,
) -> anyhow::Result<LoadedWorker> {
    let faults = &resources.faults;
    let assets = assets(config, resources.private, log)?;
    let bindings = Arc::new(bindings::services(config, resources, assets.as_ref()));
    let worker = match component {
        Some(component) => {
            let env = worker_env(config, bindings.clone(), resources)?;
            let engine = compile::engine(compile::cache_folder().as_deref())?;
            let compiled = compile::component(&engine, component)?;
            Some(Worker::link(
                &engine,
                component,
                &compiled,
                env,
                log.clone(),
            )?)
        }
        None => None,
    };
    let site = assets
        .zip(config.assets.as_ref())
        .map(|(assets, config)| Site::new(assets, config));
    let public = public_buckets(config, resources.open, faults);
    Ok(LoadedWorker {
        front: WorkerFront::new(public, site, worker),
        bindings,
    })
}

fn worker_env(
    config: &Config,
    bindings: Arc<Bindings>,
    resources: &WorkerResources<'_>,
) -> anyhow::Result<WorkerEnv> {
    let faults = &resources.faults;
    let cf_images = match resources.images {
        Some(images) if config.image_urls.enabled => Some(cf_images(config, images, faults)?),
        Some(_) | None => None,
    };
    Ok(WorkerEnv {
        variables: variables(config),
        bindings,
        outbound: Outbound::new(&config.name, config.deadlines, faults.clone()),
        cf_images,
        limits: WorkerLimits {
            cpu: config.limits.cpu,
            memory: config.limits.memory_bytes,
            all_memory: resources.all_memory.clone(),
        },
    })
}

/// The environment variables of a guest: `vars`, secrets, and the kinds of its bindings for the SDK.
fn variables(config: &Config) -> Vec<(String, String)> {
    let kinds = config.bindings.iter();
    let kinds = kinds.map(|one| (one.name.clone(), one.config.kind().as_str().into()));
    let kinds: serde_json::Map<_, _> = kinds.collect();
    let mut variables = config.vars.clone();
    let secrets = config.secrets.iter();
    variables.extend(secrets.map(|secret| (secret.name.clone(), secret.value.expose().to_owned())));
    let kinds = serde_json::Value::Object(kinds).to_string();
    variables.push((BINDINGS_VARIABLE.into(), kinds));
    variables
}

/// The buckets with a public path.
fn public_buckets(
    config: &Config,
    open: Option<&OpenBindings>,
    faults: &Arc<FaultSet>,
) -> PublicBuckets {
    let mut public = PublicBuckets::default();
    for binding in &config.bindings {
        let BindingConfig::R2(r2) = &binding.config else {
            continue;
        };
        let bucket = open.and_then(|open| open.buckets.get(&r2.bucket));
        if let Some((path, bucket)) = r2.public_path.clone().zip(bucket) {
            let hop = Hop::binding(&binding.name);
            public.open(path, hop, bucket.clone(), faults.clone());
        }
    }
    public
}

fn cf_images(
    config: &Config,
    images: &ImagesProcess,
    faults: &Arc<FaultSet>,
) -> anyhow::Result<CfImages> {
    Ok(CfImages {
        transformations: Transformations::new(
            binding::service(images.handle()),
            images.faults(),
            faults.clone(),
        ),
        sources: remote_sources(config, faults)?,
        fail_open: config.image_urls.cf_image_fail_open,
        policy: config.image_urls.policy(),
    })
}

/// The sources of pictures on other hosts.
///
/// # Errors
/// Fails when encryption cannot be set up.
pub(super) fn remote_sources(config: &Config, faults: &Arc<FaultSet>) -> anyhow::Result<Sources> {
    let client = Client::new(config.image_urls.policy());
    let client = client.context("prepare the client for pictures")?;
    let time = config.image_urls.source_timeouts;
    Ok(Sources::remote(client, time, faults.clone()))
}

/// The worker's static files, if it has any. The files and folders of `private` are none.
fn assets(config: &Config, private: &[PathBuf], log: &Log) -> anyhow::Result<Option<Assets>> {
    let Some(assets) = &config.assets else {
        return Ok(None);
    };
    let opened = Assets::open(assets, private);
    let (opened, survey) = opened.context("serve `assets.directory`")?;
    let directory = assets.directory.display();
    if !opened.folder_exists() {
        log.warn(format_args!(
            "`assets.directory` is {directory}, which does not exist: there are no files until it does"
        ));
    }
    for name in &survey.not_applied {
        log.warn(format_args!(
            "{directory}{name} is not applied by safelight yet"
        ));
    }
    warn_of_private(&survey, &directory, log);
    Ok(Some(opened))
}

/// Warns of the entries of the folder that are never served.
fn warn_of_private(survey: &Survey, directory: &path::Display<'_>, log: &Log) {
    if survey.is_private {
        log.warn(format_args!(
            "`assets.directory` is {directory}, of which nothing is served: it is private, or lies in a private folder"
        ));
    }
    if survey.private.is_empty() {
        return;
    }
    let named = survey
        .private
        .iter()
        .map(|path| path.escape_debug().to_string());
    let mut named = named.collect::<Vec<_>>().join(", ");
    if survey.further_private > 0 {
        named.push_str(&format!(" and {} more", survey.further_private));
    }
    log.warn(format_args!(
        "`assets.directory` is {directory}, which holds what is never served: {named}"
    ));
}

/// Checks a worker without running it. Returns the path of its component; none for a worker of static files alone.
///
/// # Errors
/// Fails when the worker cannot be built, or its component imports what this host lacks.
pub fn check(config: &Config, log: &Log) -> anyhow::Result<Option<PathBuf>> {
    let component = guest::build(config)?;
    let resources = WorkerResources {
        images: None,
        registry: &WorkerRegistry::default(),
        open: None,
        faults: Arc::default(),
        all_memory: &AllMemory::new(config.limits.instances_memory_bytes),
        private: &state::private_paths(&[config], None),
    };
    load(config, component.as_deref(), &resources, log)?;
    Ok(component)
}
