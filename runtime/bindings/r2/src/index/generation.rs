//! The generation of an index: the number of times that it was opened, in the index and in a file beside it.
//!
//! A copy that is put back has a lower number than the file. It names none of the blobs that were written since, so a sweep
//! would delete them.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};
use safelight_state::private;

use crate::error::{Code, R2Error};

/// The name of the file beside the index.
const NAME: &str = "generation";

/// Returns the path of the file of the index at `index`.
pub(super) fn file(index: &Path) -> PathBuf {
    index.with_file_name(NAME)
}

/// Counts an opening in the index, and returns the new number.
///
/// # Errors
/// Fails when the file has a higher number than the index.
pub(super) fn advance(index: &Connection, file: &Path) -> Result<u64, R2Error> {
    let select = "SELECT value FROM settings WHERE name = ?1";
    let value = index.query_row(select, [NAME], |row| row.get::<_, String>(0));
    let number = value.optional()?.and_then(|text| text.parse().ok());
    let number: u64 = number.unwrap_or(0);
    if let Some(recorded) = read(file)
        && number < recorded
    {
        let text = format!(
            "the index is of an earlier state: it was opened {number} times, and {} says {recorded}; the files of objects that \
             were stored since would be deleted; restore the whole folder of the bucket, or remove {0} to go on without them",
            file.display()
        );
        return Err(R2Error::new(Code::Internal, text));
    }
    let insert = "INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)";
    index.execute(insert, (NAME, (number + 1).to_string()))?;
    Ok(number + 1)
}

/// Writes the number of an index whose transaction is durable. Without room for the file, an earlier state is not recognised.
pub(super) fn record(file: &Path, number: u64) {
    let new = file.with_extension("new");
    let written = private::create_file(&new)
        .and_then(|mut file| file.write_all(number.to_string().as_bytes()))
        .and_then(|()| std::fs::rename(&new, file));
    if written.is_err() {
        let _ = std::fs::remove_file(new);
    }
}

/// The number in the file; none without a file, or if it holds no number.
fn read(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.parse().ok()
}
