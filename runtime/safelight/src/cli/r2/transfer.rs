//! `put` and `get`: transfers between files and objects. An error names the side that failed.

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
    // An object may have the empty key, but here it is more likely a forgotten one.
    if object.key.is_empty() {
        bail!("{object} names no key, as {object}cat.jpg would");
    }
    // The bucket is opened before the value is read, which may take long.
    let opened = place.open(&object.bucket).await?;
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
        .map_err(|error| failed(error, ("read", file), ("store", object)));
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
    let opened = place.open(&object.bucket).await?;
    let written = match is_dash(file) {
        true => {
            opened
                .bucket
                .get_into(&object.key, tokio::io::stdout())
                .await
        }
        false => write_file(&opened.bucket, &object.key, file).await,
    };
    let written = written.map_err(|error| failed(error, ("write", file), ("read", object)));
    opened.close_after(written).await?;
    if !is_dash(file) {
        log.line(format_args!("wrote {}", file.display()));
    }
    Ok(())
}

/// Writes an object to a file that is complete or not there: it gets its name when all of it has come.
async fn write_file(bucket: &Bucket, key: &str, file: &Path) -> Result<(), TransferError> {
    // A link, a pipe or a device would be gone, and a file in its place.
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

/// Says which side failed, the file's or the bucket's, and at what.
fn failed(
    error: TransferError,
    (at_file, file): (&str, &Path),
    (at_object, object): (&str, &ObjectName),
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
