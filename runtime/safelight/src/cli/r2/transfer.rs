//! `put` and `get`: copies objects from files and into files, and reports the side that failed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::{ObjectName, Place};
use safelight_hop::log::{Bytes, Log};
use safelight_r2::Bucket;
use safelight_r2::files::{Source, TransferError};

pub(super) async fn put(
    object: &ObjectName,
    file: &Path,
    content_type: Option<String>,
    place: &Place,
    log: &Log,
) -> anyhow::Result<()> {
    // An empty key is valid, but on the command line it is more likely a mistake.
    if object.key.is_empty() {
        bail!("{object} names no key, as {object}cat.jpg would");
    }
    // Opened before the value is read, so that a missing bucket is reported first.
    let opened = place.open(&object.bucket, log).await?;
    let source = match is_dash(file) {
        true => Source::from_stdin().await.context("read standard input")?,
        false => {
            let source = Source::from_file(file).await;
            source.with_context(|| format!("read {}", file.display()))?
        }
    };
    let stored = opened.bucket.put_file(&object.key, source, content_type);
    let stored = stored
        .await
        .map_err(|error| with_side(error, "read", file, "store", object));
    let size = opened.close_after(stored).await?;
    log.line(format_args!("stored {object}, {}", Bytes(size)));
    Ok(())
}

pub(super) async fn get(
    object: &ObjectName,
    file: &Path,
    place: &Place,
    log: &Log,
) -> anyhow::Result<()> {
    let opened = place.open(&object.bucket, log).await?;
    let written = match is_dash(file) {
        true => {
            opened
                .bucket
                .get_into(&object.key, tokio::io::stdout())
                .await
        }
        false => write_file(&opened.bucket, &object.key, file).await,
    };
    let written = written.map_err(|error| with_side(error, "write", file, "read", object));
    opened.close_after(written).await?;
    if !is_dash(file) {
        log.line(format_args!("wrote {}", file.display()));
    }
    Ok(())
}

/// Writes an object to a file. The file gets its name when it is complete.
async fn write_file(bucket: &Bucket, key: &str, file: &Path) -> Result<(), TransferError> {
    // The rename would replace a link, a pipe or a device by a file.
    if std::fs::symlink_metadata(file).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let text = "what is there is no regular file";
        return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, text).into());
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let part = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let output = tokio::fs::File::from_std(part.reopen()?);
    bucket.get_into(key, output).await?;
    part.persist(file).map_err(|refused| refused.error)?;
    Ok(())
}

/// Adds the side that failed, the file or the bucket, and its operation to the error.
fn with_side(
    error: TransferError,
    at_file: &str,
    file: &Path,
    at_object: &str,
    object: &ObjectName,
) -> anyhow::Error {
    match error {
        TransferError::File(error) => {
            let side = match (is_dash(file), at_file) {
                (true, "read") => "standard input".to_owned(),
                (true, _) => "standard output".to_owned(),
                (false, _) => file.display().to_string(),
            };
            anyhow::Error::new(error).context(format!("{at_file} {side}"))
        }
        TransferError::Bucket(error) => {
            anyhow::Error::new(error).context(format!("{at_object} {object}"))
        }
    }
}

fn is_dash(file: &Path) -> bool {
    file == Path::new("-")
}
