//! What a worker is given: its bindings, its variables and its files, as its config says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use safelight_outgoing::Client;

use super::targets;
use crate::bindings::Bindings;
use crate::bindings::assets::Assets;
use crate::bindings::assets::site::Site;
use crate::bindings::images::Images;
use crate::bindings::r2::R2;
use crate::bindings::r2::buckets::Buckets;
use crate::bindings::r2::public::PublicBuckets;
use crate::bindings::service::{Callees, WorkerService};
use crate::cf_image::CfImages;
use crate::compile;
use crate::config::{BindingKind, Config};
use crate::faults::{FaultSet, Hop};
use crate::guest;
use crate::images_process::ImagesProcess;
use crate::limits::WorkerLimits;
use crate::log::Log;
use crate::transformations::{Sources, Transformations};
use crate::worker::{Grants, Worker};

/// What a worker's bindings are made of; without, it is only looked at.
#[derive(Default)]
pub struct Running<'a> {
    /// The images process.
    pub images: Option<&'a ImagesProcess>,
    /// The buckets of the config.
    pub buckets: Option<&'a Buckets>,
    /// The workers that service bindings reach.
    pub callees: Callees,
    /// What breaks on purpose.
    pub faults: Arc<FaultSet>,
}

/// Loads the component, if there is one, and grants it what the config says.
///
/// # Errors
/// When it is not a component that this host can run.
pub fn load(
    config: &Config,
    component: Option<&Path>,
    running: Running<'_>,
    log: Log,
) -> anyhow::Result<Worker> {
    let grants = grants(config, running, &log)?;
    let Some(component) = component else {
        return Ok(Worker::of_files(grants));
    };
    let engine = compile::engine(compile::cache_folder().as_deref())?;
    let compiled = compile::component(&engine, component)?;
    Ok(Worker::link(&engine, component, &compiled, grants, log)?)
}

fn grants(config: &Config, running: Running<'_>, log: &Log) -> anyhow::Result<Grants> {
    let assets = assets(config, log)?;
    let cf_images = match running.images {
        Some(images) if config.image_urls.on => Some(cf_images(config, images, &running.faults)?),
        Some(_) | None => None,
    };
    let kinds = config.bindings.iter();
    let kinds = kinds.map(|(name, kind)| (name.clone(), kind.as_str().into()));
    let kinds: serde_json::Map<_, _> = kinds.collect();
    let mut env = config.vars.clone();
    let secrets = config.secrets.iter();
    env.extend(secrets.map(|secret| (secret.name.clone(), secret.value.reveal().to_owned())));
    env.push((
        "BINDINGS".into(),
        serde_json::Value::Object(kinds).to_string(),
    ));
    let bindings = bindings(config, &running, assets.as_ref());
    let public = public_buckets(config, &running);
    let site = assets
        .zip(config.assets.as_ref())
        .map(|(assets, config)| Site::new(assets, config));
    Ok(Grants {
        name: config.name.clone(),
        env,
        bindings,
        cf_images,
        public,
        site,
        limits: WorkerLimits {
            cpu: config.limits.cpu,
            memory: config.limits.memory_bytes,
        },
        deadlines: config.deadlines,
        faults: running.faults,
        targets: targets(config),
    })
}

fn bindings(config: &Config, running: &Running<'_>, assets: Option<&Assets>) -> Bindings {
    let mut bindings = Bindings::new(running.faults.clone());
    for (name, kind) in &config.bindings {
        // What is only checked, not served, grants nothing: every call is refused by name.
        match kind {
            BindingKind::Images => {
                if let Some(images) = running.images {
                    let hop = Hop::images(name, Some(images.crasher()));
                    bindings.grant(hop, Images::new(images.handle()));
                }
            }
            BindingKind::R2 => {
                let named = config.r2.iter().find(|r2| r2.binding == *name);
                let bucket = named.and_then(|r2| running.buckets?.get(&r2.bucket));
                if let Some(bucket) = bucket {
                    bindings.grant(Hop::r2(name), R2::new(bucket.clone()));
                }
            }
            BindingKind::Service => {
                let mut services = config.services.iter();
                if let Some(service) = services.find(|service| service.binding == *name) {
                    let service = WorkerService::new(&service.service, running.callees.clone());
                    bindings.grant(Hop::service(name), service);
                }
            }
            BindingKind::Assets => {
                if let Some(assets) = assets {
                    bindings.grant(Hop::assets(name), assets.clone());
                }
            }
        }
    }
    bindings
}

/// The buckets that the config has opened to everybody.
fn public_buckets(config: &Config, running: &Running<'_>) -> PublicBuckets {
    let mut public = PublicBuckets::default();
    for r2 in &config.r2 {
        let bucket = running.buckets.and_then(|buckets| buckets.get(&r2.bucket));
        if let Some((path, bucket)) = r2.public_path.clone().zip(bucket) {
            let hop = Hop::r2(&r2.binding);
            public.open(path, hop, bucket.clone(), running.faults.clone());
        }
    }
    public
}

fn cf_images(
    config: &Config,
    images: &ImagesProcess,
    faults: &Arc<FaultSet>,
) -> anyhow::Result<CfImages> {
    let client = Client::new(config.image_urls.policy());
    let client = client.context("prepare the client for pictures")?;
    Ok(CfImages {
        transformations: Transformations::new(images.handle(), images.crasher(), faults.clone()),
        sources: Sources::on_hosts(client, config.image_urls.source_time, faults.clone()),
        fail_open: config.image_urls.cf_image_fail_open,
        policy: config.image_urls.policy(),
    })
}

/// The worker's static files, if it has any.
fn assets(config: &Config, log: &Log) -> anyhow::Result<Option<Assets>> {
    let Some(assets) = &config.assets else {
        return Ok(None);
    };
    let (opened, instructions) = Assets::open(assets).context("serve `assets.directory`")?;
    let directory = assets.directory.display();
    if !opened.are_there() {
        log.warn(format_args!(
            "`assets.directory` is {directory}, which does not exist: there are no files until it does"
        ));
    }
    for name in instructions {
        // What it hides would be seen.
        if name == "/.assetsignore" {
            bail!(
                "{directory}{name} is not supported by safelight yet: move what it names elsewhere"
            );
        }
        log.warn(format_args!(
            "{directory}{name} is not applied by safelight yet"
        ));
    }
    Ok(Some(opened))
}

/// The component of a worker that is only looked at, not run; none where files are all there is.
///
/// # Errors
/// When the worker cannot be built, or its component imports what this host lacks.
pub fn check(config: &Config, log: Log) -> anyhow::Result<Option<PathBuf>> {
    let component = guest::build(config)?;
    load(config, component.as_deref(), Running::default(), log)?;
    Ok(component)
}
