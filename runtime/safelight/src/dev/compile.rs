//! Builds a worker's component and compiles it into the cache.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use safelight_config::Config;
use safelight_worker::compile::Stamp;

use crate::guest;

/// Builds the component on a thread of its own, so that a shutdown signal is handled while the build tools run.
///
/// # Errors
/// Fails when the build fails.
pub(super) async fn build(config: &Config) -> anyhow::Result<Option<PathBuf>> {
    let config = config.clone();
    Ok(tokio::task::spawn_blocking(move || guest::build(&config)).await??)
}

/// The variables of the environment that the compiler process gets. The others may be secrets.
const ENVIRONMENT: [&str; 5] = [
    "HOME",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "RUST_LOG",
    "XDG_CACHE_HOME",
];

/// Compiles the component into the cache in a child process, unless the cache has it.
///
/// # Errors
/// Fails when the child process cannot be started, or fails.
pub(super) async fn compile_in_child(
    program: &Path,
    component: &Path,
    cache: Option<&Path>,
) -> anyhow::Result<()> {
    let Some(folder) = cache else { return Ok(()) };
    let stamp = Stamp::new(component, folder)?;
    if stamp.exists() {
        return Ok(());
    }
    let kept = ENVIRONMENT.into_iter();
    let kept = kept.filter_map(|name| Some((name, std::env::var_os(name)?)));
    let status = tokio::process::Command::new(program)
        .env_clear()
        .envs(kept)
        .arg("compile")
        .arg(component)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .context("start the compiler process")?;
    if !status.success() {
        bail!("failed to compile {}", component.display());
    }
    stamp.write();
    Ok(())
}
