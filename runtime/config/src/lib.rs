//! The worker's config: wrangler's own files and keys, read once into checked types.
//!
//! Both syntaxes become one tree of values that know their place (`tree`); the tree is checked once (`check`),
//! and every mistake found is reported together, with its file, line and dotted key.

mod assets;
mod bindings;
mod check;
mod environment;
mod error;
mod file;
mod item;
mod keys;
mod public_path;
mod run;
mod secrets;
mod sections;
#[cfg(test)]
mod tests;
mod tree;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use safelight_hop::faults::{Fault, Targets};
use safelight_hop::{SOURCE_HOP, TRANSFORM_HOP};
use safelight_net::Deadlines;
use safelight_outgoing::{Exception, OriginPattern, Policy};
use safelight_protocol::BindingKind;
use safelight_protocol::settings::PixelSettings;

pub use assets::{AssetsConfig, HtmlHandling, NotFoundHandling, WorkerFirst, WorkerRule};
pub use bindings::{Binding, BindingConfig, R2Config, ServiceConfig};
pub use error::{ConfigError, ConfigErrors, GrantError, Located, Notice, Place, StorageError};
pub use public_path::{NotAPublicPath, PublicPath};
pub use run::Run;
pub use secrets::{DotenvError, NamedSecret, Secret};

/// What a worker is and what it is given, for one chosen environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file that all of this was read from.
    pub file: PathBuf,
    /// The file's folder, absolute: relative paths in the config start here.
    pub dir: PathBuf,
    /// The `env.<name>` that was chosen, if any.
    pub environment: Option<String>,
    pub name: String,
    /// The worker's source or component, absolute. It need not exist yet: a build may make it. None where `assets` are
    /// all there is.
    pub main: Option<PathBuf>,
    /// Plain variables as the guest's environment sees them, in the file's order.
    pub vars: Vec<(String, String)>,
    /// What the files beside the config hold; a name never stands here and in `vars` or `bindings` as well.
    pub secrets: Vec<NamedSecret>,
    /// The bindings, by kind and then in the file's order. A name never stands here and in `vars` both.
    pub bindings: Vec<Binding>,
    /// Static files, if there are any.
    pub assets: Option<AssetsConfig>,
    /// Folders or configs of further workers of a run (`safelight.workers`), absolute.
    pub workers: Vec<PathBuf>,
    /// Where bindings keep what must outlive a run (`safelight.storage`).
    pub storage: Storage,
    pub dev: Dev,
    pub limits: Limits,
    /// How long a connection may go without progress (`safelight.deadlines`).
    pub deadlines: Deadlines,
    /// What the pixels of one request may be and cost.
    pub pixels: PixelSettings,
    pub build: Option<Build>,
    /// What to break on purpose (`safelight.faults`).
    pub faults: Vec<Fault>,
    /// Pictures by URL, and in `fetch`.
    pub image_urls: ImageUrlsConfig,
}

/// Pictures from somewhere else than a worker's hands: `/cdn-cgi/image/…`, and `fetch` with a transformation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageUrlsConfig {
    /// Whether there are any (`safelight.image_urls`); unless it is said, if the worker has an Images binding.
    pub on: bool,
    /// Other hosts that a URL may name (`safelight.allowed_origins`).
    pub allowed_origins: Vec<OriginPattern>,
    /// Hosts that no picture comes from, not even by a redirect (`safelight.denied_origins`).
    pub denied_origins: Vec<OriginPattern>,
    /// Addresses that are not public and may be reached all the same, also for fonts (`safelight.allowed_addresses`).
    pub allowed_addresses: Vec<Exception>,
    /// How long another host may take for one (`safelight.source_ms`, `safelight.source_connect_ms`).
    pub source_time: SourceTime,
    /// Whether a `fetch` whose transformation fails answers with the source (`safelight.cf_image_fail_open`).
    pub cf_image_fail_open: bool,
}

/// How long another host may take for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceTime {
    /// For the look-up and the connection, at every redirect anew.
    pub connect: Duration,
    /// For everything, to the last byte.
    pub total: Duration,
}

impl Default for SourceTime {
    fn default() -> Self {
        let safelight_outgoing::Limits { connect, total, .. } =
            safelight_outgoing::Limits::new(MAX_SOURCE_BYTES);
        Self { connect, total }
    }
}

/// Bytes of the source of a picture by URL or by `fetch`.
pub const MAX_SOURCE_BYTES: u64 = 100_000_000;

impl ImageUrlsConfig {
    /// The hops of pictures by URL that faults can be aimed at.
    fn hops(&self) -> impl Iterator<Item = (String, Option<BindingKind>)> {
        let hops = [
            (TRANSFORM_HOP, Some(BindingKind::Images)),
            (SOURCE_HOP, None),
        ];
        let hops = hops.into_iter().filter(|_| self.on);
        hops.map(|(name, kind)| (name.to_owned(), kind))
    }

    /// What may be reached for a picture.
    pub fn policy(&self) -> Policy {
        let exceptions = self.allowed_addresses.iter().cloned();
        Policy::with_exceptions(exceptions).with_denied(self.denied_origins.iter().cloned())
    }
}

/// Where bindings keep what must outlive a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storage {
    pub place: StatePlace,
    pub durability: Durability,
    /// The store of the objects' bytes, if it is not a folder here.
    pub s3: Option<S3>,
    /// Bytes that every part of an upload but the last has at least, if not the platform's 5 MiB.
    pub part_bytes: Option<u64>,
}

/// What a write must outlive before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A loss of power: it is on the disk.
    #[default]
    Disk,
    /// The end of the process: the system has it.
    Process,
}

/// Where the state is. A flag on the command line goes before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StatePlace {
    /// `.safelight/state` beside the config.
    #[default]
    Default,
    /// This folder, absolute.
    Folder(PathBuf),
    /// Nowhere: it is gone with the run.
    Memory,
}

/// A store that speaks the S3 protocol. Its credentials are in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    /// `http://` or `https://` and a host.
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    /// What the names of all its blobs begin with, in the form of a path.
    pub prefix: String,
}

impl S3 {
    /// What tells it from every other store.
    pub fn place(&self) -> String {
        let Self {
            endpoint,
            bucket,
            prefix,
            ..
        } = self;
        format!("{endpoint} {bucket} {prefix}")
    }
}

/// Where the local server listens. A flag on the command line goes before either.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dev {
    pub ip: Option<IpAddr>,
    pub port: Option<u16>,
}

impl Dev {
    pub const DEFAULT_IP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    pub const DEFAULT_PORT: u16 = 8787;
}

/// What one instance may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Processor time for one request (`limits.cpu_ms`).
    pub cpu: Duration,
    /// Linear memory of one instance (`safelight.memory_mb`).
    pub memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(30),
            memory_bytes: 128 << 20,
        }
    }
}

/// The author's own way to make `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Run by `sh -c`.
    pub command: String,
    /// Absolute.
    pub cwd: PathBuf,
}

/// A config that can be used, and what its author should still hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    pub config: Config,
    pub warnings: Vec<Located<Notice>>,
}

impl Config {
    /// The hops that faults can be aimed at.
    pub fn targets(&self) -> Targets {
        targets(&self.bindings, &self.image_urls)
    }

    /// Reads `file`, or else the first of wrangler's file names in `dir`, for the given `env.<name>`.
    pub fn load(
        dir: &Path,
        file: Option<&Path>,
        environment: Option<&str>,
    ) -> Result<Loaded, ConfigErrors> {
        let source = file::Source::read(dir, file)?;
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
