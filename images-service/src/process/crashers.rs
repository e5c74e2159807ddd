//! Keeps the forms of requests that ended a pixel process, so that the failure can be tried again.

use std::{
    fs::{self, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::form::Parts;

/// The maximum number of files in the folder.
const MAX_KEPT: u32 = 100;

/// The boundary of the parts in a kept form. Random bytes contain it with a probability of about 2^-200.
const BOUNDARY: &str = "safelight-crasher-6f0c1d57a92e4b38";

/// A folder of kept forms.
#[derive(Debug)]
pub(super) struct Crashers {
    folder: PathBuf,
    kept: AtomicU32,
}

impl Crashers {
    /// Opens a folder. The files that it has already count.
    pub(super) fn new(folder: &Path) -> Self {
        let there = fs::read_dir(folder).map_or(0, Iterator::count);
        Self {
            folder: folder.to_owned(),
            kept: AtomicU32::new(u32::try_from(there).unwrap_or(u32::MAX).min(MAX_KEPT)),
        }
    }

    /// Keeps the form of a request that ended its process, and logs the file.
    pub(super) fn keep(&self, parts: &Parts, pid: i32) {
        match self.write(parts, pid) {
            Ok(Some(file)) => tracing::warn!(pid, file = %file.display(), "kept a form"),
            Ok(None) => {}
            Err(error) => tracing::warn!(pid, %error, "could not keep a form"),
        }
    }

    /// Writes a form to a new file, as a body of `multipart/form-data` whose first line is its boundary. Returns the
    /// file, or none when the folder has enough.
    ///
    /// # Errors
    /// Fails when the file exists or cannot be written.
    fn write(&self, parts: &Parts, pid: i32) -> io::Result<Option<PathBuf>> {
        let number = self.kept.fetch_add(1, Ordering::Relaxed);
        if number >= MAX_KEPT {
            // The number does not wrap around.
            self.kept.store(MAX_KEPT, Ordering::Relaxed);
            return Ok(None);
        }
        let service = std::process::id();
        let file = self.folder.join(format!("{service}-{number}-{pid}.form"));
        let open = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)?;
        let mut form = BufWriter::new(open);
        for (name, content) in parts.iter() {
            let head =
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            form.write_all(head.as_bytes())?;
            form.write_all(content)?;
            form.write_all(b"\r\n")?;
        }
        write!(form, "--{BOUNDARY}--\r\n")?;
        form.flush()?;
        Ok(Some(file))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bytes::Bytes;

    use super::{BOUNDARY, Crashers, MAX_KEPT};
    use crate::form::Parts;

    #[test]
    fn a_form_is_kept_with_its_bytes_and_no_more_than_enough_are() {
        let folder = tempfile::tempdir().unwrap();
        let crashers = Crashers::new(folder.path());
        let parts = Parts::named([
            ("image", Bytes::from_static(b"\x89PNG\r\n")),
            ("transforms", Bytes::from_static(b"[]")),
        ])
        .unwrap();
        let file = crashers.write(&parts, 7).unwrap().unwrap();
        let expected = [
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n")
                .as_bytes(),
            b"\x89PNG\r\n",
            format!(
                "\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"transforms\"\r\n\r\n[]\r\n--{BOUNDARY}--\r\n"
            )
            .as_bytes(),
        ]
        .concat();
        assert_eq!(fs::read(file).unwrap(), expected);
        for _ in 1..MAX_KEPT + 10 {
            crashers.write(&parts, 7).unwrap();
        }
        let kept = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(kept, MAX_KEPT as usize);
    }
}
