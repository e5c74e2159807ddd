//! The steps of a sweep, which deletes the blobs that stale runs left.

use std::path::Path;

use futures_util::TryStreamExt as _;

use super::run::{self, LiveRuns, StaleRun};
use super::{Blobs, Location};
use crate::error::R2Error;

impl Blobs {
    /// The runs that have ended without releasing their lock, and may have left blobs.
    pub(crate) fn stale_runs(&self) -> Result<Vec<StaleRun>, R2Error> {
        Ok(self.run.stale_runs()?)
    }

    /// The runs that go on, this one included.
    pub(crate) fn live_runs(&self, stale: &[StaleRun]) -> Result<LiveRuns, R2Error> {
        Ok(self.run.live_runs(stale)?)
    }

    /// All blobs, incomplete ones included.
    pub(crate) async fn list(&self) -> Result<Vec<String>, R2Error> {
        match &self.location {
            Location::Folder(folder) => {
                let folder = folder.clone();
                // `LocalFileSystem` does not list incomplete files.
                let names = tokio::task::spawn_blocking(move || names(&folder));
                Ok(names.await.map_err(std::io::Error::other)??)
            }
            Location::Remote(path) => {
                let mut names = Vec::new();
                let mut found = self.store.list(Some(path));
                while let Some(found) = found.try_next().await? {
                    names.extend(found.location.filename().map(str::to_owned));
                }
                Ok(names)
            }
        }
    }

    /// Deletes blobs. Returns whether all are gone; one that a reader of this process uses is not.
    pub(crate) async fn remove(&self, blobs: Vec<String>) -> Result<bool, R2Error> {
        let count = blobs.len();
        let blobs = self.pins.mark_for_deletion(blobs);
        let all = blobs.len() == count;
        match &self.location {
            Location::Folder(folder) => {
                let folder = folder.clone();
                let removed = tokio::task::spawn_blocking(move || {
                    let mut files = blobs.iter().map(|name| folder.join(name));
                    files.try_for_each(|file| run::remove(&file))
                });
                removed.await.map_err(std::io::Error::other)??;
            }
            Location::Remote(_) => {
                for blob in blobs {
                    self.delete(&blob).await?;
                }
            }
        }
        Ok(all)
    }
}

/// The names of the files in a folder. A name that is not UTF-8 is no blob's.
fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && entry.file_type()?.is_file()
        {
            names.push(name);
        }
    }
    Ok(names)
}
