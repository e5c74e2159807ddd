//! Decodes one AV1 picture to its planes, in this process or in a child process.

mod child;
mod coded;
mod library;
mod process;
mod wire;

pub(in crate::decode) use self::child::serve;
pub(super) use self::coded::{ChromaSubsampling, CodedImage, Depth, Range};
use super::super::{Options, error::DecodeError};
use crate::{decode::Av1Decoder, options::Size};

/// The reason in the error of a valid stream that rav1d does not support.
const UNKNOWN_CODING: &str = "a coding that no decoder here knows";

/// Decodes the first picture, which must have the size that the container claims.
pub(super) fn decode(
    data: &[u8],
    size: Size,
    options: Options<'_>,
) -> Result<CodedImage, DecodeError> {
    match options.av1 {
        Av1Decoder::InProcess => library::decode(data, size),
        Av1Decoder::Process { program, arguments } => {
            process::decode(program, arguments, data, size, options)
        }
    }
}
