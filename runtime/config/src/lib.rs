//! The worker's config: wrangler's own files and keys, read once into checked types.
//!
//! Both syntaxes become one tree of values that know their place (`tree`); the tree is checked once (`check`),
//! and all errors are reported together, each with its file, line and dotted key.
//!
//! | module | does |
//! |---|---|
//! | `run` | reads the configs of all workers of a run |
//! | `source` | finds and reads the file of a config |
//! | `tree` | parses either syntax to values with their offsets |
//! | `check` | converts the tree to a [`Config`] |
//! | `environment` | chooses the keys of the top level or of `env.<name>` |
//! | `keys` `key_name` `suggestion` | the keys of wrangler; a key in a message; the suggestion for a mistyped one |
//! | `sections` | reads each section to checked values |
//! | `item` | reads one value to a checked type |
//! | `parts` | combines the values of the sections |
//! | `secrets` `dotenv` | reads the files of secrets |
//! | `allowed_hosts` `assets` `bindings` `image_urls` `public_path` `storage` | the checked values |
//! | `limits` | the bounds of a config as a whole |
//! | `diagnostics` `error` | collects the errors and warnings; their texts |

mod allowed_hosts;
mod assets;
mod bindings;
mod check;
mod diagnostics;
mod dotenv;
mod environment;
mod error;
mod image_urls;
mod item;
mod key_name;
mod keys;
mod limits;
mod parts;
mod public_path;
mod run;
mod secrets;
mod sections;
mod source;
mod storage;
mod suggestion;
#[cfg(test)]
mod tests;
mod tree;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use safelight_hop::faults::{Fault, Targets};
use safelight_net::Deadlines;
use safelight_protocol::settings::PixelSettings;

pub use allowed_hosts::{AllowedHost, AllowedHosts};
pub use assets::{AssetsConfig, HtmlHandling, NotFoundHandling, WorkerFirst, WorkerRule};
pub use bindings::{Binding, BindingConfig, R2Config, ServiceConfig};
pub use dotenv::DotenvError;
pub use error::{
    AssetsError, ConfigError, ConfigErrors, Located, Notice, Position, RunError, StorageError,
};
pub use image_urls::{ImageUrlsConfig, MAX_SOURCE_BYTES, SourceTimeouts};
pub use public_path::{PublicPath, PublicPathError};
pub use run::Run;
pub use secrets::{NamedSecret, Secret};
pub use storage::{Durability, S3, StateLocation, Storage};

/// The config of a worker, for one chosen environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file of the config.
    pub file: PathBuf,
    /// The absolute path of the file's folder. Relative paths in the config start here.
    pub dir: PathBuf,
    /// The chosen `env.<name>`, if there is one.
    pub environment: Option<String>,
    /// The name of the worker (`name`): with `-<environment>` where the chosen environment has no name of its own, and by
    /// default the name of the folder.
    pub name: String,
    /// The absolute path of the worker's source or component. It need not exist yet: a build may make it. `None` where
    /// there are only `assets`.
    pub main: Option<PathBuf>,
    /// Plain variables as the guest's environment has them, in the file's order.
    pub vars: Vec<(String, String)>,
    /// The secrets of the files beside the config. Their names are not in `vars` or `bindings`.
    pub secrets: Vec<NamedSecret>,
    /// The bindings, by kind and then in the file's order. Their names are not in `vars`.
    pub bindings: Vec<Binding>,
    /// Static files, if there are any.
    pub assets: Option<AssetsConfig>,
    /// The absolute paths of folders or configs of further workers of a run (`safelight.workers`).
    pub workers: Vec<PathBuf>,
    /// The storage of bindings (`safelight.storage`).
    pub storage: Storage,
    /// The address of the local server (`dev`).
    pub dev: Dev,
    /// The host names that requests may name (`safelight.allowed_hosts`).
    pub allowed_hosts: AllowedHosts,
    /// The limits of instances (`limits.cpu_ms`, `safelight.memory_mb`, `safelight.instances_memory_mb`).
    pub limits: Limits,
    /// The parameters of queries whose values no log and no trace shows (`safelight.redact_query`).
    pub redact_query: Vec<String>,
    /// The timeouts of connections (`safelight.deadlines`).
    pub deadlines: Deadlines,
    /// The decoders and budgets of one request.
    pub pixels: PixelSettings,
    /// The command that makes `main` (`build`), if there is one.
    pub build: Option<Build>,
    /// The faults of the whole run (`safelight.faults`).
    pub faults: Vec<Fault>,
    /// Images by URL and by `fetch`.
    pub image_urls: ImageUrlsConfig,
}

/// The address of the local server. A flag on the command line overrides each field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dev {
    /// The IP address (`dev.ip`), if the config has one.
    pub ip: Option<IpAddr>,
    /// The port (`dev.port`), if the config has one; 0 is any free port.
    pub port: Option<u16>,
}

impl Dev {
    /// The IP address where neither config nor command line has one.
    pub const DEFAULT_IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    /// The port where neither config nor command line has one.
    pub const DEFAULT_PORT: u16 = 8787;
}

/// The limits of instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Processor time for one request (`limits.cpu_ms`).
    pub cpu: Duration,
    /// Linear memory of one instance (`safelight.memory_mb`).
    pub memory_bytes: usize,
    /// Linear memory of all instances of a run (`safelight.instances_memory_mb`).
    pub instances_memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(30),
            memory_bytes: 128 << 20,
            instances_memory_bytes: 4_096 << 20,
        }
    }
}

/// The command that makes `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The command line for `sh -c`.
    pub command: String,
    /// The absolute path of the folder that the command runs in.
    pub cwd: PathBuf,
}

/// A valid config with its warnings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The config.
    pub config: Config,
    /// The warnings, each with its position.
    pub warnings: Vec<Located<Notice>>,
}

impl Config {
    /// The hops that faults can be aimed at.
    pub fn targets(&self) -> Targets {
        targets(&self.bindings, &self.image_urls)
    }

    /// Returns the file of this config, and those beside it that wrangler would read as a config.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        std::iter::once(self.file.clone()).chain(source::paths(&self.dir))
    }

    /// Reads `file`, or else the first of wrangler's file names in `dir`, for the given `env.<name>`.
    ///
    /// # Errors
    /// Fails when there is no file, or the file cannot be read, exceeds a limit or does not parse: that one error. Otherwise all errors
    /// of its keys and of the files of secrets beside it, at most 100, and the number of the others.
    pub fn load(
        dir: &Path,
        file: Option<&Path>,
        environment: Option<&str>,
    ) -> Result<Loaded, ConfigErrors> {
        let source = source::Source::read(dir, file)?;
        let root = tree::parse(&source)?;
        check::check(&source, &root, environment)
    }
}

fn targets<'a>(
    bindings: impl IntoIterator<Item = &'a Binding>,
    image_urls: &ImageUrlsConfig,
) -> Targets {
    let bindings = bindings.into_iter();
    let bindings = bindings.map(|binding| (binding.name.clone(), Some(binding.config.kind())));
    Targets::new(bindings.chain(image_urls.hops()))
}
