//! Chooses a compiler for the guests' target: the installed one, one from rustup, or one made from Debian's packages.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::TARGET;
use super::command;
use super::error::GuestError;

/// The script that makes the private toolchain. It locks, builds in a temporary folder and renames.
const MAKE: &str = include_str!("../../toolchain/make-wasip2.sh");

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// Cargo's default.
    Installed,
    /// A toolchain in safelight's cache.
    Private {
        rustc: PathBuf,
        /// The linkers of the installed toolchain, since the private one has none.
        linkers: PathBuf,
    },
}

/// Chooses the first available toolchain. `folder` is the guest's, since rustup's choice can depend on it.
pub(super) fn choose(folder: &Path) -> Result<Toolchain, GuestError> {
    let rustc = command::rustc();
    if has_target(&rustc, folder)? || (add_with_rustup(folder) && has_target(&rustc, folder)?) {
        return Ok(Toolchain::Installed);
    }
    private(&rustc, folder)
}

/// Returns whether this compiler has the standard library of the target.
fn has_target(rustc: &OsStr, folder: &Path) -> Result<bool, GuestError> {
    let arguments = ["--print", "target-libdir", "--target", TARGET];
    let Some(library) = query(rustc, folder, &arguments)? else {
        return Ok(false);
    };
    let is_std = |name: &str| name.starts_with("libstd-") && name.ends_with(".rlib");
    let files = fs::read_dir(library).into_iter().flatten().flatten();
    Ok(files
        .filter_map(|file| file.file_name().into_string().ok())
        .any(|name| is_std(&name)))
}

/// The compiler's output of one line; none if the query fails.
fn query(rustc: &OsStr, folder: &Path, arguments: &[&str]) -> Result<Option<PathBuf>, GuestError> {
    let mut command = command::new(rustc, folder);
    let output = command
        .args(arguments)
        .output()
        .map_err(|error| command::not_started(&command, error))?;
    let line = String::from_utf8(output.stdout).unwrap_or_default();
    let line = line.trim_end();
    Ok((output.status.success() && !line.is_empty()).then(|| PathBuf::from(line)))
}

/// Adds the target to the user's toolchain, unless `RUSTUP_AUTO_INSTALL=0` forbids downloads. Returns whether it
/// succeeded.
fn add_with_rustup(folder: &Path) -> bool {
    if std::env::var_os("RUSTUP_AUTO_INSTALL").is_some_and(|value| value == "0") {
        return false;
    }
    let mut rustup = command::new("rustup", folder);
    rustup.args(["target", "add", TARGET]);
    // Without rustup or a network, the private toolchain is next. Rustup prints its own message.
    command::run(&mut rustup).is_ok_and(|status| status.success())
}

fn private(rustc: &OsStr, folder: &Path) -> Result<Toolchain, GuestError> {
    let can_make = cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && Path::new("/etc/debian_version").exists();
    if !can_make {
        return Err(GuestError::NoTarget);
    }
    let sysroot = query(rustc, folder, &["--print", "sysroot"])?.ok_or(GuestError::NoTarget)?;
    let linkers = sysroot.join("lib/rustlib/x86_64-unknown-linux-gnu/bin");
    if !linkers.join("wasm-component-ld").is_file() {
        return Err(GuestError::NoLinkers(linkers));
    }
    let cache = safelight_state::cache::folder().ok_or(GuestError::NoCacheFolder)?;
    // The script's hash is part of the path, so that each version of the script has a toolchain of its own.
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

/// The FNV-1a hash, which is stable across versions, unlike std's hasher.
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
    fn a_compiler_without_the_target_differs_from_a_missing_one() {
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
