//! The config of the storage of bindings.

use std::path::PathBuf;

/// The storage of bindings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Storage {
    pub location: StateLocation,
    pub durability: Durability,
    /// The store of the objects' bytes, if it is not a local folder.
    pub s3: Option<S3>,
    /// Smallest part of an upload but the last, in bytes, if it is not the platform's 5 MiB.
    pub part_bytes: Option<u64>,
}

/// The failure that a write survives once it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A loss of power: the write is on the disk.
    #[default]
    Disk,
    /// The end of the process: the system has the write.
    Process,
}

/// The location of the state. A flag on the command line overrides it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StateLocation {
    /// `.safelight/state` beside the config.
    #[default]
    Default,
    /// This folder, absolute.
    Folder(PathBuf),
    /// No location: the state ends with the run.
    Memory,
}

/// A store that speaks the S3 protocol. Its credentials are in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    /// `http://` or `https://` and a host.
    pub endpoint: String,
    pub bucket: String,
    pub region: String,
    /// The prefix of the names of all its blobs, a path.
    pub prefix: String,
}

impl S3 {
    /// Returns the text that distinguishes the store from every other one.
    pub fn id(&self) -> String {
        let Self {
            endpoint,
            bucket,
            prefix,
            ..
        } = self;
        format!("{endpoint} {bucket} {prefix}")
    }
}
