//! A compiler for the guests' target: the installed one, one from rustup, or one made from Debian's packages.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::command;
use super::error::GuestError;

pub(super) const TARGET: &str = "wasm32-wasip2";

/// It takes locks, builds aside and renames; see its own head.
const MAKE: &str = include_str!("../../toolchain/make-wasip2.sh");

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// The one that cargo takes by itself.
    Installed,
    /// One of our own, beside it.
    Private {
        rustc: PathBuf,
        /// The installed toolchain's: the private one has none.
        linkers: PathBuf,
    },
}

/// In the order of preference; `folder` is the guest's, since rustup's choice can depend on it.
pub(super) fn choose(folder: &Path) -> Result<Toolchain, GuestError> {
    let rustc = command::rustc();
    if has_target(&rustc, folder)? || (add_with_rustup(folder) && has_target(&rustc, folder)?) {
        return Ok(Toolchain::Installed);
    }
    private(&rustc, folder)
}

/// Whether the standard library for the target lies where this compiler looks for it.
fn has_target(rustc: &OsStr, folder: &Path) -> Result<bool, GuestError> {
    let query = ["--print", "target-libdir", "--target", TARGET];
    let Some(library) = ask(rustc, folder, &query)? else {
        return Ok(false);
    };
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    let files = fs::read_dir(library).into_iter().flatten().flatten();
    Ok(files
        .filter_map(|file| file.file_name().into_string().ok())
        .any(|name| is_std(&name)))
}

/// The one line that the compiler answers; none if it has no answer.
fn ask(rustc: &OsStr, folder: &Path, query: &[&str]) -> Result<Option<PathBuf>, GuestError> {
    let mut command = command::new(rustc, folder);
    let output = command
        .args(query)
        .output()
        .map_err(|error| command::not_started(&command, error))?;
    let line = String::from_utf8(output.stdout).unwrap_or_default();
    let line = line.trim_end();
    Ok((output.status.success() && !line.is_empty()).then(|| PathBuf::from(line)))
}

/// Rustup downloads, and changes the user's toolchain by a target: what `RUSTUP_AUTO_INSTALL=0` forbids.
fn add_with_rustup(folder: &Path) -> bool {
    if std::env::var_os("RUSTUP_AUTO_INSTALL").is_some_and(|value| value == "0") {
        return false;
    }
    let mut rustup = command::new("rustup", folder);
    rustup.args(["target", "add", TARGET]);
    // Without rustup, or without a network, there is one more way; rustup has said what was wrong.
    command::run(&mut rustup).is_ok_and(|status| status.success())
}

fn private(rustc: &OsStr, folder: &Path) -> Result<Toolchain, GuestError> {
    let can_make = cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && Path::new("/etc/debian_version").exists();
    if !can_make {
        return Err(GuestError::NoTarget);
    }
    let sysroot = ask(rustc, folder, &["--print", "sysroot"])?.ok_or(GuestError::NoTarget)?;
    let linkers = sysroot.join("lib/rustlib/x86_64-unknown-linux-gnu/bin");
    if !linkers.join("wasm-component-ld").is_file() {
        return Err(GuestError::NoLinkers(linkers));
    }
    let cache = safelight_state::cache::folder().ok_or(GuestError::NoCacheFolder)?;
    // The recipe is part of the name, so that a newer safelight makes its own and does not take an older one's.
    let toolchain = cache
        .join("wasip2-toolchain")
        .join(format!("{:016x}", fingerprint(MAKE)));
    let rustc = toolchain.join("bin/rustc");
    if !has_target(rustc.as_os_str(), folder).unwrap_or(false) {
        make(&toolchain)?;
    }
    Ok(Toolchain::Private { rustc, linkers })
}

fn make(toolchain: &Path) -> Result<(), GuestError> {
    let mut bash = command::new("bash", Path::new("/"));
    bash.args(["-c", MAKE, "make-wasip2"]).arg(toolchain);
    match command::run(&mut bash)?.success() {
        true => Ok(()),
        false => Err(GuestError::ToolchainFailed),
    }
}

/// FNV-1a: the same for the same text in every version of safelight, which std's hasher does not promise.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_recipe_has_another_folder() {
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_ne!(fingerprint(MAKE), fingerprint(&MAKE.replace("-O", "-Os")));
    }

    #[test]
    fn a_compiler_without_the_target_is_told_apart_from_none_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let says_nothing = has_target(OsStr::new("true"), folder.path());
        assert!(matches!(says_nothing, Ok(false)), "{says_nothing:?}");
        let missing = has_target(OsStr::new("/no/such/rustc"), folder.path());
        assert!(
            matches!(missing, Err(GuestError::Tool { .. })),
            "{missing:?}"
        );
    }
}
