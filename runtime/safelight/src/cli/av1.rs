//! The decoder of AV1, a process for each picture: how this program starts it, and how it is one.
//!
//! It is no subcommand like others: it starts for every picture, so nothing is made ready that it does not need.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use safelight_images::decode::serve_av1;
use safelight_images::limits::Av1Decoder;

/// The first and only argument.
const NAME: &str = "decode-av1";

/// Whether this process was started to be one.
pub(super) fn is_asked_for() -> bool {
    std::env::args_os().nth(1).is_some_and(|name| name == NAME)
}

/// Decodes what comes by standard input.
pub(super) fn serve() -> ExitCode {
    match serve_av1() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            super::log_error(&anyhow::Error::new(error).context("decode AV1"));
            ExitCode::FAILURE
        }
    }
}

/// How an images process starts one.
///
/// # Errors
/// When the system does not tell which file this program is.
pub(super) fn decoder() -> anyhow::Result<Av1Decoder> {
    Ok(Av1Decoder::Process {
        program: this_program()?,
        arguments: vec![NAME.into()],
    })
}

/// This very program: on Linux what runs, even if its file has been replaced since.
fn this_program() -> anyhow::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    match running.exists() {
        true => Ok(running.to_owned()),
        false => std::env::current_exe().context("find the program's own file"),
    }
}
