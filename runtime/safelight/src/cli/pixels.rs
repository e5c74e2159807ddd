//! A pixel process of an images process.
//!
//! It is not a subcommand of the command line parser, since it must start fast.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use safelight_images::{PixelProgram, process};

use super::events::show_events;

/// The first and only argument.
const NAME: &str = "pixels";

/// Returns whether this process was started as a pixel process.
pub(super) fn is_pixel_process() -> bool {
    std::env::args_os().nth(1).is_some_and(|name| name == NAME)
}

/// Serves the images process that holds the other end of standard input.
pub(super) fn serve() -> ExitCode {
    show_events(std::io::stderr);
    match process::serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            super::log_error(&anyhow::Error::new(error).context("serve pixels"));
            ExitCode::FAILURE
        }
    }
}

/// The command with which an images process starts a pixel process.
///
/// # Errors
/// Fails when the program's own file is unknown.
pub(super) fn program() -> anyhow::Result<PixelProgram> {
    Ok(PixelProgram {
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
