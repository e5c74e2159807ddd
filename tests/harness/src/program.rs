//! The path of the program.

use std::path::{Path, PathBuf};

/// The default program.
pub(crate) fn program() -> PathBuf {
    if let Some(path) = std::env::var_os("SAFELIGHT_BIN") {
        return path.into();
    }
    let name = format!("safelight{}", std::env::consts::EXE_SUFFIX);
    let beside = target_folder().map(|folder| folder.join(&name));
    match beside {
        Some(path) if path.is_file() => path,
        Some(_) | None => name.into(),
    }
}

/// The folder of the programs that are built together with this crate: above `build/<package>/out`.
fn target_folder() -> Option<&'static Path> {
    Path::new(env!("OUT_DIR")).ancestors().nth(3)
}
