//! The messages between the images process and a pixel process: a length in four bytes and JSON, over the control
//! socket.
//!
//! Both ends are the same program, so the messages have no version. The images process trusts no message that it reads,
//! because the process that wrote it has read a hostile file.

use std::io::{self, Read};

use safelight_protocol::{ErrorCode, ImageInfo, settings::Sandbox};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::confine::Confinement;
use crate::{
    pipeline::{Facts, PixelLimits},
    request::RequestLimits,
};

/// The maximum length of a message in bytes. The parts of a form are in shared memory.
const MAX_BYTES: u32 = 1 << 20;

/// The maximum number of characters of a text that a process writes.
const MAX_TEXT_CHARS: usize = 1_000;

/// A message to a pixel process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// The first message, which comes with the shared memory.
    Start(Box<Start>),
    /// Begins a piece of work.
    Begin(Job),
    /// Admits the memory that the process asked for.
    Admit,
    /// Refuses that memory, which ends the work.
    Refuse,
}

/// The settings of a pixel process for its whole life.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Start {
    /// The process that started it.
    pub(super) parent: u32,
    pub(super) sandbox: Sandbox,
    pub(super) pixels: PixelLimits,
    pub(super) request: RequestLimits,
    /// The bytes of the input and of the output in shared memory.
    pub(super) capacities: [usize; 2],
    /// The number of processors, which the process cannot read once it is confined.
    pub(super) processors: usize,
    /// The bytes that the process may ever allocate.
    pub(super) memory: u64,
}

/// One piece of work.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Job {
    /// Makes and reads a tiny picture.
    CheckHealth,
    /// Reads the header of an image.
    Info(Range),
    /// Does a whole request.
    Transform {
        /// The parts of its form, in order: their names and their contents.
        parts: Vec<(String, Range)>,
        /// The URLs of its fonts, and their files.
        fonts: Vec<(String, Range)>,
    },
}

/// A range of bytes in the shared memory.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Range {
    pub(super) start: usize,
    pub(super) length: usize,
}

/// A message from a pixel process.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Report {
    /// The process is confined and waits for work.
    Ready(Confinement),
    /// The process has read its order, and begins the work.
    Begun,
    /// The work is planned, and needs so many bytes besides those that the process holds.
    Planned {
        /// The bytes that the work needs at its peak.
        needed: u64,
        /// The bytes of private memory that the process holds.
        held: u64,
    },
    /// The pixels are made; their encoding begins.
    Encoding,
    /// The work is done. Its result, if it has one, is in the shared memory.
    Done { done: Done, held: u64 },
    /// The work failed, and the process can go on.
    Failed {
        code: ErrorCode,
        message: String,
        held: u64,
    },
}

/// The result of a piece of work.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Done {
    Healthy,
    Info(ImageInfo),
    Transform {
        length: usize,
        content_type: String,
        /// The facts about an image that was made of pixels; an SVG has none.
        facts: Option<Box<Facts>>,
    },
}

/// Encodes a message, with its length.
///
/// # Errors
/// Fails when the message is too long.
pub(super) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)?;
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    check_length(length)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

/// Reads a message from a blocking socket, the first four bytes of which are `length`.
pub(super) fn read_rest<T: DeserializeOwned>(
    from: &mut impl Read,
    length: [u8; 4],
) -> io::Result<T> {
    let mut bytes = vec![0; check_length(u32::from_le_bytes(length))?];
    from.read_exact(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Reads a message from a blocking socket.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    read_rest(from, length)
}

/// Writes a message to a socket of the images process.
pub(super) async fn send(
    to: &mut (impl AsyncWriteExt + Unpin),
    message: &impl Serialize,
) -> io::Result<()> {
    to.write_all(&encode(message)?).await
}

/// Reads a message from a socket of the images process. The future must not be dropped before it is ready.
pub(super) async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncReadExt + Unpin),
) -> io::Result<T> {
    let length = from.read_u32_le().await?;
    let mut bytes = vec![0; check_length(length)?];
    from.read_exact(&mut bytes).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn check_length(length: u32) -> io::Result<usize> {
    match length <= MAX_BYTES {
        true => Ok(length as usize),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a message is too long",
        )),
    }
}

/// Returns the beginning of a text, without characters that control a terminal.
pub(super) fn printable(text: &str) -> String {
    let begin = text.chars().take(MAX_TEXT_CHARS);
    begin
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
