//! The errors of a build, with hints for the worker's author.

use std::fmt;
use std::path::PathBuf;

use super::TARGET;

#[derive(Debug)]
pub enum GuestError {
    NoMain(PathBuf),
    NoManifest(PathBuf),
    NoFolder(PathBuf),
    NoJavaScript(PathBuf),
    UnknownKind(PathBuf),
    CommandFailed(String),
    NotMade {
        main: PathBuf,
        command: String,
    },
    NotAComponent {
        main: PathBuf,
        command: String,
    },
    /// A program that cannot be started.
    Tool {
        name: String,
        error: std::io::Error,
    },
    NoTarget,
    NoLinkers(PathBuf),
    NoCacheFolder,
    ToolchainFailed,
    CargoFailed(PathBuf),
    /// Cargo succeeded, and built no component.
    NoComponent(PathBuf),
    /// Cargo built several components, and `main` does not select one.
    WhichComponent {
        main: PathBuf,
        made: Vec<String>,
    },
}

impl std::error::Error for GuestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Tool { error, .. } = self {
            return Some(error);
        }
        None
    }
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMain(main) => write!(f, "`main` is {}, which does not exist", main.display()),
            Self::NoManifest(main) => write!(f, "there is no Cargo.toml for {}", main.display()),
            Self::NoFolder(cwd) => {
                write!(f, "`build.cwd` is {}, which is no folder", cwd.display())
            }
            Self::NoJavaScript(main) => write!(
                f,
                "{} is JavaScript or TypeScript, and such workers are not supported yet",
                main.display()
            ),
            Self::UnknownKind(main) => write!(
                f,
                "`main` is {}; it can be a component (.wasm), a Rust source (.rs) or the folder of a Cargo.toml",
                main.display()
            ),
            Self::CommandFailed(command) => write!(f, "`build.command` failed: {command}"),
            Self::NotMade { main, command } => write!(
                f,
                "`build.command` did not make {}: {command}",
                main.display()
            ),
            Self::NotAComponent { main, command } => write!(
                f,
                "with a `build.command`, `main` must be the .wasm file that it makes, but is {}: {command}",
                main.display()
            ),
            Self::Tool { name, .. } => write!(f, "{name} cannot be started; is it installed?"),
            Self::NoTarget => write!(
                f,
                "the Rust toolchain cannot compile for {TARGET}; hint: run `rustup target add {TARGET}`"
            ),
            Self::NoLinkers(folder) => write!(
                f,
                "the Rust toolchain has no wasm-component-ld in {}; hint: use a toolchain from rustup, 1.82 or newer",
                folder.display()
            ),
            Self::NoCacheFolder => {
                f.write_str("neither XDG_CACHE_HOME nor HOME names a folder for the compiler")
            }
            Self::ToolchainFailed => write!(
                f,
                "a compiler for {TARGET} could not be made; hint: run `rustup target add {TARGET}`"
            ),
            Self::CargoFailed(folder) => {
                write!(f, "cargo could not build the crate in {}", folder.display())
            }
            Self::NoComponent(folder) => write!(
                f,
                "the crate in {} makes no component; hint: add `crate-type = [\"cdylib\"]` to its [lib]",
                folder.display()
            ),
            Self::WhichComponent { main, made } => write!(
                f,
                "`main` is {}, which is the root of none or of several of these: {}",
                main.display(),
                made.join(", ")
            ),
        }
    }
}
