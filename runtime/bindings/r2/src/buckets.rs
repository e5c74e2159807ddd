//! The opened buckets of a config. A bucket that several bindings name is opened once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use object_store::path::Path as StorePath;

use super::blobs::run::RunLock;
use super::blobs::{BlobUsers, Blobs};
use super::bucket::Bucket;
use super::error::R2Error;
use super::expiry::UploadExpiry;
use super::index::{BLOBS_NAME, Index};
use super::limits::MIN_PART_BYTES;
use super::random;
use super::s3::{self, Credentials};
use safelight_config::Storage;
use safelight_hop::log::Log;
use safelight_state::{State, private};

/// The store of values that a config names, with the credentials for it.
#[derive(Clone, Copy)]
pub struct Store<'a> {
    /// The section of the config.
    pub storage: &'a Storage,
    /// The credentials, if the section names a remote store.
    pub credentials: Option<&'a Credentials>,
}

/// Opened buckets, by their names.
#[derive(Default)]
pub struct Buckets {
    buckets: BTreeMap<String, Bucket>,
}

impl Buckets {
    /// Opens the bucket of this name, and deletes the blobs that killed processes left in it. A bucket that is open stays.
    /// `log` gets the errors of the work that goes on while it is open.
    ///
    /// # Errors
    /// Fails when it cannot be opened; the error names it.
    pub async fn open(
        &mut self,
        name: &str,
        state: &State,
        store: Store<'_>,
        log: &Log,
    ) -> anyhow::Result<()> {
        if let Entry::Vacant(vacant) = self.buckets.entry(name.to_owned()) {
            let folder = folder(state, name);
            let opened = Bucket::open(name, &folder, store, log);
            let opened = opened.with_context(|| format!("open the bucket {name}"))?;
            let swept = opened.sweep(state).await;
            swept.with_context(|| format!("clear up the bucket {name}"))?;
            vacant.insert(opened);
        }
        Ok(())
    }

    /// Ends this run's use of the buckets, after their background tasks. The next run sweeps after a run that does not
    /// call this.
    ///
    /// # Errors
    /// Fails when the state folder cannot be written.
    pub async fn close(&self) -> Result<(), R2Error> {
        for bucket in self.buckets.values() {
            bucket.close().await?;
        }
        Ok(())
    }

    /// The names of all buckets.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.buckets.keys().map(String::as_str)
    }

    /// The bucket of this name.
    pub fn get(&self, name: &str) -> Option<&Bucket> {
        self.buckets.get(name)
    }
}

/// The folder of a bucket. It tells buckets of one name apart.
pub fn folder(state: &State, name: &str) -> PathBuf {
    state.folder("r2", name)
}

impl Bucket {
    /// Opens the bucket with the index in `folder`, or creates it.
    fn open(
        name: &str,
        folder: &Path,
        Store {
            storage,
            credentials,
        }: Store<'_>,
        log: &Log,
    ) -> anyhow::Result<Self> {
        private::create_folder(folder)
            .with_context(|| format!("make the folder {}", folder.display()))?;
        let file = folder.join("index.sqlite");
        let index = Index::open(&file, storage.durability)
            .with_context(|| format!("open {}", file.display()))?;
        check_place(&index, storage)?;
        let blobs = blobs(&index, folder, storage, credentials)?;
        Ok(Self {
            name: name.into(),
            _expiry: UploadExpiry::start(name, &index, blobs.clone(), log),
            blobs,
            index,
            part_bytes: storage.part_bytes.unwrap_or(MIN_PART_BYTES),
        })
    }
}

/// Refuses an index with its blobs in another store: the next sweep would delete them all, and no read would find one.
fn check_place(index: &Index, storage: &Storage) -> anyhow::Result<()> {
    let wanted = match &storage.s3 {
        Some(s3) => s3.id(),
        None => "local".to_owned(),
    };
    let place = index.setting("place", &wanted)?;
    anyhow::ensure!(
        place == wanted,
        "its objects are stored at `{place}`, and the config says `{wanted}`"
    );
    Ok(())
}

fn blobs(
    index: &Index,
    folder: &Path,
    storage: &Storage,
    credentials: Option<&Credentials>,
) -> anyhow::Result<Blobs> {
    let used = BlobUsers {
        pins: index.pins().clone(),
        run: RunLock::acquire(folder.join("runs"))?,
    };
    let Some(s3) = &storage.s3 else {
        let folder = folder.join(BLOBS_NAME);
        return Ok(Blobs::in_folder(folder, storage.durability, used)?);
    };
    let credentials = credentials.context("have credentials of the store")?;
    // Each index has a path of its own in the store: a sweep deletes no blob of another index.
    let own = index.setting("store", &random::hex_id()?)?;
    let path = StorePath::parse(&s3.prefix)
        .with_context(|| format!("use the prefix `{}`", s3.prefix))?
        .join(own);
    let store = Arc::new(s3::connect(s3, credentials)?);
    Ok(Blobs::remote(store, path, used))
}
