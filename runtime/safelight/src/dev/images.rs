//! The images process of a run, and pictures by URL.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safelight_config::{BindingConfig, Config};
use safelight_delivery::{ImageUrls, Transformations};
use safelight_hop::faults::FaultSet;
use safelight_hop::log::Log;
use safelight_images_client::{ImagesProcess, binding};
use safelight_protocol::settings::ImagesSettings;

use super::{DevOptions, env};
use crate::front::WorkerFront;

/// Starts the images process, if one of the configs needs it. All workers share the process, with the settings of the
/// first config.
pub(super) async fn start(
    program: &Path,
    configs: &[&Config],
    options: &DevOptions,
    log: &Log,
) -> io::Result<Option<ImagesProcess>> {
    match configs.first() {
        Some(first) if configs.iter().any(|config| needs_images(config)) => {
            let settings = settings(first, options)?;
            let images = ImagesProcess::start(program.to_owned(), settings, log.clone());
            images.await.map(Some)
        }
        Some(_) | None if options.keep_crashers.is_some() => {
            let text = "--keep-crashers keeps what ends a pixel process, and no worker uses Images";
            Err(io::Error::other(text))
        }
        Some(_) | None => Ok(None),
    }
}

fn needs_images(config: &Config) -> bool {
    let mut bindings = config.bindings.iter();
    config.image_urls.enabled || bindings.any(|binding| binding.config == BindingConfig::Images)
}

/// Returns the settings of the images process.
///
/// # Errors
/// Fails when the folder for crashers does not exist.
fn settings(config: &Config, options: &DevOptions) -> io::Result<ImagesSettings> {
    // The images process has another working folder.
    let crashers = options.keep_crashers.as_deref().map(folder).transpose()?;
    let addresses = config.image_urls.allowed_addresses.iter();
    Ok(ImagesSettings {
        deadlines: config.deadlines.into(),
        pixels: config.pixels,
        allowed_addresses: addresses.map(ToString::to_string).collect(),
        transports: options.trace.transports(),
        crashers,
    })
}

/// Returns the absolute path of a folder.
fn folder(named: &Path) -> io::Result<PathBuf> {
    let failed = |error| io::Error::other(format!("{}: {error}", named.display()));
    let folder = named.canonicalize().map_err(failed)?;
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(failed(io::ErrorKind::NotADirectory.into())),
    }
}

/// Pictures by URL, if the config enables them and the images process runs.
///
/// # Errors
/// Fails when the client for sources cannot be set up.
pub(super) fn image_urls(
    config: &Config,
    faults: &Arc<FaultSet>,
    images: Option<&ImagesProcess>,
    front: &Arc<WorkerFront>,
) -> anyhow::Result<Option<ImageUrls>> {
    let Some(images) = images.filter(|_| config.image_urls.enabled) else {
        return Ok(None);
    };
    let sources = env::remote_sources(config, faults)?;
    Ok(Some(ImageUrls {
        transformations: Transformations::new(
            binding::service(images.handle()),
            images.faults(),
            faults.clone(),
        ),
        sources: sources.with_worker(front.source(), faults.clone()),
        allowed: config.image_urls.allowed_origins.clone(),
        worker: config.name.clone(),
    }))
}
