//! Copies forms into the shared memory of a process, and results out of it.

use std::{collections::HashMap, io};

use bytes::Bytes;
use safelight_protocol::ErrorCode;
use tokio::task::spawn_blocking;

use super::{admission::Admitted, handle::PixelProcess, wire::Job};
use crate::{
    answer::Block, error::ServiceError, form::Parts, options::FontUrl, quota::Reservation,
};

/// A form and its fonts, and the bytes that they hold.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) parts: Parts,
    pub(crate) fonts: HashMap<FontUrl, Bytes>,
    pub(crate) reservation: Reservation,
}

/// Returns the bytes of the copy of a form and its fonts.
pub(super) fn input_bytes(Form { parts, fonts, .. }: &Form) -> usize {
    let contents = parts.iter().map(|(_, content)| content);
    contents.chain(fonts.values()).map(Bytes::len).sum()
}

/// Copies a result out of the shared memory. The copy keeps its part of the admitted memory until it is dropped.
///
/// # Errors
/// Fails when the result is longer than the admitted memory, or is not there.
pub(super) async fn read_result(
    process: &PixelProcess,
    length: usize,
    mut admitted: Option<Admitted>,
) -> Result<(Block, Option<Admitted>), ServiceError> {
    let Some(all) = &mut admitted else {
        let text = "a pixel process has a result of a request that was not admitted";
        return Err(ServiceError::new(ErrorCode::Internal, text));
    };
    let Some(part) = all.split(length as u64) else {
        let text =
            format!("the result has {length} bytes, more than its request was admitted with");
        return Err(ServiceError::new(ErrorCode::Busy, text));
    };
    let output = process.output().map_err(|error| not_sent(&error))?;
    let block = in_background(move || {
        let bytes = output.read(length)?;
        Ok(Block::new(Bytes::from_owner(HeldResult {
            bytes,
            _admitted: part,
        })))
    });
    Ok((block.await?, admitted))
}

/// The bytes of a result, with the memory that they are admitted to.
struct HeldResult {
    bytes: Vec<u8>,
    _admitted: Admitted,
}

impl AsRef<[u8]> for HeldResult {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Copies bytes on a thread of its own, because the copy of a large form would keep all connections waiting.
pub(super) async fn in_background<T: Send + 'static>(
    copy: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ServiceError> {
    let copied = spawn_blocking(copy).await.map_err(io::Error::other);
    copied.flatten().map_err(|error| not_sent(&error))
}

/// Copies a form and its fonts into the input of a process. Returns the job that names their ranges.
pub(super) fn write_form(
    mut process: PixelProcess,
    Form { parts, fonts, .. }: &Form,
) -> io::Result<(PixelProcess, Job)> {
    let contents = parts.iter().map(|(_, content)| content);
    let mut ranges = process
        .write_input(contents.chain(fonts.values()))?
        .into_iter();
    let parts = parts.iter().map(|(name, _)| name.to_owned());
    let job = Job::Transform {
        parts: parts.zip(&mut ranges).collect(),
        fonts: fonts
            .keys()
            .map(|url| url.as_str().to_owned())
            .zip(&mut ranges)
            .collect(),
    };
    Ok((process, job))
}

/// Returns the error of shared memory that fails.
pub(super) fn not_sent(error: &io::Error) -> ServiceError {
    ServiceError::new(
        ErrorCode::Internal,
        format!("the shared memory of a pixel process failed: {error}"),
    )
}
