//! Builds a worker's component: by the author's build command, from a Rust crate, or from a ready component.

mod cargo;
mod command;
mod error;
mod toolchain;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use safelight_config::{Build, Config};

pub use error::GuestError;

/// The target triple of guests.
const TARGET: &str = "wasm32-wasip2";

/// Builds the config's `main` and returns the path of the component; none for a site of static files alone, after its
/// build command has run.
///
/// Blocks until the build tools end. They report their progress on stderr.
///
/// # Errors
/// Fails when `main` is of an unknown kind, or a tool is missing or fails. The tool prints its own message.
pub fn build(config: &Config) -> Result<Option<PathBuf>, GuestError> {
    if let Some(build) = &config.build {
        run_command(build)?;
    }
    let Some(main) = &config.main else {
        return Ok(None);
    };
    if let Some(build) = &config.build {
        return ready(main, Some(&build.command)).map(Some);
    }
    let component = match kind(main)? {
        Kind::Component => ready(main, None),
        Kind::Crate(folder) => {
            let toolchain = toolchain::choose(&folder)?;
            cargo::build(&folder, main, &toolchain)
        }
    };
    component.map(Some)
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Component,
    /// A Rust crate, by the folder of its Cargo.toml.
    Crate(PathBuf),
}

fn kind(main: &Path) -> Result<Kind, GuestError> {
    if main.is_dir() {
        return match main.join("Cargo.toml").is_file() {
            true => Ok(Kind::Crate(main.to_path_buf())),
            false => Err(GuestError::NoManifest(main.to_path_buf())),
        };
    }
    match main.extension().and_then(OsStr::to_str) {
        Some("wasm") => Ok(Kind::Component),
        Some("rs") => enclosing_crate(main).map(Kind::Crate),
        Some("js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx") => {
            Err(GuestError::NoJavaScript(main.to_path_buf()))
        }
        _ => Err(GuestError::UnknownKind(main.to_path_buf())),
    }
}

/// The nearest folder above `main` with a Cargo.toml, by the rule of cargo.
fn enclosing_crate(main: &Path) -> Result<PathBuf, GuestError> {
    if !main.is_file() {
        return Err(GuestError::NoMain(main.to_path_buf()));
    }
    let folder = main
        .ancestors()
        .skip(1)
        .find(|folder| folder.join("Cargo.toml").is_file());
    folder
        .map(Path::to_path_buf)
        .ok_or_else(|| GuestError::NoManifest(main.to_path_buf()))
}

fn run_command(build: &Build) -> Result<(), GuestError> {
    if !build.cwd.is_dir() {
        return Err(GuestError::NoFolder(build.cwd.clone()));
    }
    let mut shell = command::new("sh", &build.cwd);
    shell.arg("-c").arg(&build.command);
    match command::run(&mut shell)?.success() {
        true => Ok(()),
        false => Err(GuestError::CommandFailed(build.command.clone())),
    }
}

fn ready(main: &Path, made_by: Option<&str>) -> Result<PathBuf, GuestError> {
    let is_component = main.extension() == Some(OsStr::new("wasm"));
    match (main.is_file(), made_by) {
        (true, _) if is_component => Ok(main.to_path_buf()),
        (true, Some(command)) => Err(GuestError::NotAComponent {
            main: main.to_path_buf(),
            command: command.to_owned(),
        }),
        (true, None) => Err(GuestError::UnknownKind(main.to_path_buf())),
        (false, Some(command)) => Err(GuestError::NotMade {
            main: main.to_path_buf(),
            command: command.to_owned(),
        }),
        (false, None) => Err(GuestError::NoMain(main.to_path_buf())),
    }
}

#[cfg(test)]
mod tests;
