//! The program `safelight`.

use std::process::ExitCode;

fn main() -> ExitCode {
    safelight::cli::run()
}
