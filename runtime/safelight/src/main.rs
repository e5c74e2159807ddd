//! The program `safelight`.

use std::process::ExitCode;

use safelight::ExitWhenOutOfMemory;

#[global_allocator]
static ALLOCATOR: ExitWhenOutOfMemory = ExitWhenOutOfMemory;

fn main() -> ExitCode {
    safelight::cli::run()
}
