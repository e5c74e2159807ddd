//! Compiles components to machine code and caches it on disk, by content and engine.
//!
//! Compilation takes a tenth of a second and memory that is never returned to the system, so a child process does it.
//! The program itself only loads the cached code.

use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig, Config, Engine};

/// A component that could not be compiled or linked.
#[derive(Debug)]
pub enum CompileError {
    /// The engine could not be set up.
    Engine(wasmtime::Error),
    /// The file could not be read.
    Read(PathBuf, std::io::Error),
    /// The file is not WebAssembly.
    NotWasm(PathBuf),
    /// The file is a core module, not a component.
    CoreModule(PathBuf),
    /// The engine refuses the component.
    Invalid(PathBuf, wasmtime::Error),
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine(error) => write!(f, "set up the wasm engine: {error:#}"),
            Self::Read(path, error) => write!(f, "read {}: {error}", path.display()),
            Self::NotWasm(path) => {
                write!(f, "load {}: it is not a WebAssembly file", path.display())
            }
            Self::CoreModule(path) => write!(
                f,
                "load {}: it is a core WebAssembly module, not a component (build it for wasm32-wasip2)",
                path.display()
            ),
            Self::Invalid(path, error) => write!(f, "load {}: {error:#}", path.display()),
        }
    }
}

impl std::error::Error for CompileError {}

/// An engine for workers, with or without a cache of compiled code.
///
/// # Errors
/// When the cache folder cannot be used, or the machine does not support the settings.
pub fn engine(cache: Option<&Path>) -> Result<Engine, CompileError> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .epoch_interruption(true);
    if let Some(cache) = cache {
        let mut settings = CacheConfig::new();
        settings.with_directory(cache);
        config.cache(Some(Cache::new(settings).map_err(CompileError::Engine)?));
    }
    Engine::new(&config).map_err(CompileError::Engine)
}

/// The cache folder for compiled code; none if it is not writable. Without it, every start compiles.
pub fn cache_folder() -> Option<PathBuf> {
    let folder = safelight_state::cache::folder()?.join("code");
    std::fs::create_dir_all(&folder).ok()?;
    let probe = folder.join(format!("probe-{}", std::process::id()));
    std::fs::write(&probe, []).ok()?;
    std::fs::remove_file(&probe).ok()?;
    Some(folder)
}

/// Compiles the component at `path`, or loads its code from the cache.
///
/// # Errors
/// When the file cannot be read or is not a component.
pub fn component(engine: &Engine, path: &Path) -> Result<Component, CompileError> {
    let bytes = std::fs::read(path).map_err(|error| CompileError::Read(path.into(), error))?;
    // Preamble: magic, version, layer. The engine's own message for a wrong one does not help a worker's author.
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => Err(CompileError::CoreModule(path.into())),
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Component::from_binary(engine, &bytes)
            .map_err(|error| CompileError::Invalid(path.into(), error)),
        Some(_) | None => Err(CompileError::NotWasm(path.into())),
    }
}

/// A file that marks a component as compiled into the cache for this engine.
pub struct Stamp(PathBuf);

impl Stamp {
    /// The stamp of the component at `path`, in a cache folder.
    ///
    /// # Errors
    /// When the component cannot be read.
    pub fn new(path: &Path, folder: &Path) -> Result<Self, CompileError> {
        use sha2::{Digest, Sha256};
        use std::hash::{Hash, Hasher};

        struct HashWriter(Sha256);

        impl Hasher for HashWriter {
            fn write(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }

            // Never called: the caller takes the whole digest from the hasher.
            fn finish(&self) -> u64 {
                0
            }
        }

        let bytes = std::fs::read(path).map_err(|error| CompileError::Read(path.into(), error))?;
        let mut hasher = HashWriter(Sha256::new_with_prefix(&bytes));
        engine(None)?
            .precompile_compatibility_hash()
            .hash(&mut hasher);
        let name = format!("{:x}", hasher.0.finalize());
        Ok(Self(folder.join("compiled").join(name)))
    }

    /// Whether the component has been compiled.
    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// Writes the stamp. A failure is harmless: the component is compiled again.
    pub fn write(&self) {
        if let Some(folder) = self.0.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        let _ = std::fs::write(&self.0, []);
    }
}
