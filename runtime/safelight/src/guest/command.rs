//! Runs the build tools of a guest: in its folder, without the environment variables of safelight's own build.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::path::{Component, Path};
use std::process::{Command, ExitStatus, Stdio};

use super::error::GuestError;

pub(super) fn new(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    for (name, value) in changes(std::env::vars_os()) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// The compiler that cargo would use for a guest: the user's choice, or that of the folder.
pub(super) fn rustc() -> OsString {
    let is_own_choice = std::env::var_os("CARGO").is_none();
    let chosen = std::env::var_os("RUSTC").filter(|_| is_own_choice);
    chosen.unwrap_or_else(|| "rustc".into())
}

/// Runs a tool with its stdout redirected to stderr, since stdout is for safelight's own output.
pub(super) fn run(command: &mut Command) -> Result<ExitStatus, GuestError> {
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    let status = stderr.and_then(|stderr| command.stdout(stderr).status());
    status.map_err(|error| not_started(command, error))
}

pub(super) fn not_started(command: &Command, error: io::Error) -> GuestError {
    GuestError::Tool {
        name: command.get_program().to_string_lossy().into_owned(),
        error,
    }
}

/// The changes to the environment of the guest's tools: `None` removes a variable.
///
/// Flags and wrappers belong to the host build: `-C target-cpu=native` or coverage would break a wasm build. A guest
/// sets its own in its `.cargo/config.toml`. The other variables are set when safelight itself runs under `cargo run`
/// or `cargo test`.
fn changes(vars: impl Iterator<Item = (OsString, OsString)>) -> Vec<(OsString, Option<OsString>)> {
    let vars: Vec<_> = vars.collect();
    let under_cargo = vars.iter().any(|(name, _)| name == "CARGO");
    let change = |(name, value): (OsString, OsString)| {
        let text = name.to_str()?;
        if is_for_another_build(text) || (under_cargo && is_cargos_choice(text)) {
            return Some((name, None));
        }
        if under_cargo && text == "LD_LIBRARY_PATH" {
            return Some((name, without_cargos_folders(&value)));
        }
        None
    };
    vars.into_iter().filter_map(change).collect()
}

fn is_for_another_build(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_BUILD_TARGET",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MAKEFLAGS",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "LLVM_PROFILE_FILE",
        "OUT_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
        "SAFELIGHT_LINKERS",
    ];
    NAMES.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_EXE_")
}

/// Under cargo, these variables name the compiler of safelight. The guest's folder determines its own.
fn is_cargos_choice(name: &str) -> bool {
    matches!(name, "RUSTC" | "RUSTUP_TOOLCHAIN")
}

/// Removes the target folders and compiler libraries that cargo puts first, since another compiler must not load them.
fn without_cargos_folders(paths: &OsStr) -> Option<OsString> {
    let kept: Vec<_> = std::env::split_paths(paths)
        .filter(|folder| !is_cargos_folder(folder))
        .collect();
    if kept.is_empty() {
        return None;
    }
    std::env::join_paths(kept).ok()
}

fn is_cargos_folder(folder: &Path) -> bool {
    let names: Vec<_> = folder
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    let profile = |name: &str| matches!(name, "debug" | "release");
    match names.as_slice() {
        [.., profile_name, "deps"] if profile(profile_name) => true,
        [.., "build", _, "out"] => true,
        [.., profile_name] if profile(profile_name) => true,
        [.., "toolchains", _, "lib"] => true,
        names => names.contains(&"rustlib"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `changes` of variables written as `NAME=value`, written the same way.
    fn changed(vars: &[&str]) -> Vec<String> {
        let vars = vars.iter().map(|var| {
            let (name, value) = var.split_once('=').unwrap();
            (name.into(), value.into())
        });
        let shown = |(name, value): (OsString, Option<OsString>)| {
            let name = name.into_string().unwrap();
            match value {
                Some(value) => format!("{name}={}", value.into_string().unwrap()),
                None => format!("-{name}"),
            }
        };
        changes(vars).into_iter().map(shown).collect()
    }

    #[test]
    fn flags_of_the_host_build_never_reach_a_guest() {
        let vars = [
            "PATH=/bin",
            "RUSTFLAGS=-Ctarget-cpu=native",
            "CARGO_ENCODED_RUSTFLAGS=x",
            "RUSTC_WRAPPER=sccache",
            "CARGO_TARGET_DIR=/t",
        ];
        assert_eq!(changed(&vars), ["-RUSTFLAGS", "-CARGO_ENCODED_RUSTFLAGS"]);
    }

    #[test]
    fn the_compiler_that_cargo_chose_for_safelight_is_not_the_guests() {
        let vars = ["RUSTUP_TOOLCHAIN=nightly", "RUSTC=/r"];
        assert_eq!(changed(&vars), [""; 0], "the user's own wish");
        let under_cargo = ["CARGO=/c", "RUSTUP_TOOLCHAIN=nightly", "RUSTC=/r"];
        assert_eq!(
            changed(&under_cargo),
            ["-CARGO", "-RUSTUP_TOOLCHAIN", "-RUSTC"]
        );
    }

    #[test]
    fn variables_of_the_running_package_are_removed() {
        let vars = [
            "CARGO_PKG_NAME=safelight",
            "CARGO_BIN_EXE_safelight=/s",
            "CARGO_MANIFEST_DIR=/m",
            "CARGO_HOME=/home/.cargo",
        ];
        assert_eq!(
            changed(&vars),
            [
                "-CARGO_PKG_NAME",
                "-CARGO_BIN_EXE_safelight",
                "-CARGO_MANIFEST_DIR"
            ]
        );
    }

    #[test]
    fn the_library_path_keeps_only_the_users_folders() {
        let cargos = "/p/target/debug/deps:/p/target/debug:/p/target/debug/build/ring-1/out:\
                      /h/.rustup/toolchains/stable/lib:/h/t/lib/rustlib/x86_64-unknown-linux-gnu/lib";
        let mixed = format!("LD_LIBRARY_PATH={cargos}:/opt/lib");
        assert_eq!(
            changed(&["CARGO=/c", &mixed]),
            ["-CARGO", "LD_LIBRARY_PATH=/opt/lib"]
        );
        let only = format!("LD_LIBRARY_PATH={cargos}");
        assert_eq!(
            changed(&["CARGO=/c", &only]),
            ["-CARGO", "-LD_LIBRARY_PATH"]
        );
        assert_eq!(changed(&[&mixed]), [""; 0]);
    }
}
