//! `cargo run -p safelight-tidy -- count [DIR]` prints the count of a checkout, of this one where no folder is named.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use safelight_tidy::count::Count;
use safelight_tidy::project::root;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let folder = match arguments.as_slice() {
        ["count"] => root().to_owned(),
        ["count", folder] => PathBuf::from(folder),
        _ => return fail("usage: safelight-tidy count [DIR]"),
    };
    let text = folder
        .canonicalize()
        .map_err(|error| format!("{}: {error}", folder.display()))
        .and_then(|folder| Count::read(&folder).map_err(|error| error.to_string()));
    match text {
        Ok(count) => print(&count.to_string()),
        Err(message) => fail(&message),
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    // An error of this write cannot be reported.
    let _written = writeln!(io::stderr(), "safelight-tidy: {message}");
    ExitCode::FAILURE
}
