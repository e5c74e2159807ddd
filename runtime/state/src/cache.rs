//! The cache folder, for toolchains and compiled code.

use std::path::PathBuf;

/// Returns `safelight` in the user's cache folder; `None` if the environment names neither that nor a home.
pub fn folder() -> Option<PathBuf> {
    // The XDG specification says that a relative path is ignored.
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(base.join("safelight"))
}
