//! The AV1 decoder, a process of this program for each picture.
//!
//! It is not a subcommand of the command line parser, since it starts for every picture and must start fast.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use safelight_images::decode::serve_av1;
use safelight_images::limits::Av1Decoder;

/// The first and only argument.
const NAME: &str = "decode-av1";

/// Returns whether this process was started as a decoder.
pub(super) fn is_decoder() -> bool {
    std::env::args_os().nth(1).is_some_and(|name| name == NAME)
}

/// Decodes the picture on standard input.
pub(super) fn serve() -> ExitCode {
    match serve_av1() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            super::log_error(&anyhow::Error::new(error).context("decode AV1"));
            ExitCode::FAILURE
        }
    }
}

/// The command with which an images process starts a decoder.
///
/// # Errors
/// Fails when the program's own file is unknown.
pub(super) fn decoder() -> anyhow::Result<Av1Decoder> {
    Ok(Av1Decoder::Process {
        program: this_program()?,
        arguments: vec![NAME.into()],
    })
}

/// The file of this program. On Linux it is the running one, even if the file has been replaced.
fn this_program() -> anyhow::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    match running.exists() {
        true => Ok(running.to_owned()),
        false => std::env::current_exe().context("find the program's own file"),
    }
}
