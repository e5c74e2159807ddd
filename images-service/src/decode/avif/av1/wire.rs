//! The messages between the images process and its AV1 child: one request and one answer, in native byte order.
//!
//! Both ends are the same program, so the messages have no version. The parent trusts no answer, because the child that
//! wrote it has read a hostile file.

use std::io::{self, Read, Write};

use super::{
    super::super::error::DecodeError,
    ChromaSubsampling, CodedImage, UNKNOWN_CODING,
    coded::{CodedFormat, Depth, Range},
};
use crate::options::Size;

/// The maximum length of a text in bytes.
const MAX_TEXT_BYTES: usize = 1_000;

/// A picture to decode.
pub(super) struct Request<D> {
    /// The bytes that decoding may allocate.
    pub(super) memory: u64,
    /// The size that the container claims.
    pub(super) size: Size,
    pub(super) data: D,
}

impl Request<&[u8]> {
    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let Size { width, height } = self.size;
        let length = self.data.len() as u64;
        let sides = [width.to_ne_bytes(), height.to_ne_bytes()].concat();
        let head = [
            &self.memory.to_ne_bytes()[..],
            &sides,
            &length.to_ne_bytes(),
        ];
        output.write_all(&head.concat())?;
        output.write_all(self.data)
    }
}

impl Request<Vec<u8>> {
    pub(super) fn read(input: &mut impl Read) -> io::Result<Self> {
        let memory = u64::from_ne_bytes(array(input)?);
        let size = Size::new(
            u32::from_ne_bytes(array(input)?),
            u32::from_ne_bytes(array(input)?),
        );
        let length = u64::from_ne_bytes(array(input)?);
        let mut data = Vec::new();
        input.by_ref().take(length).read_to_end(&mut data)?;
        match data.len() as u64 == length {
            true => Ok(Self { memory, size, data }),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// The result of a request.
pub(super) enum Answer {
    Picture(CodedImage),
    Broken(String),
    Unsupported,
    /// The library panicked, or the process could not begin. The text says how.
    Failed(String),
}

/// The first byte of each answer.
const PICTURE: u8 = 0;
const BROKEN: u8 = 1;
const UNSUPPORTED: u8 = 2;
const FAILED: u8 = 3;

const SUBSAMPLINGS: [ChromaSubsampling; 4] = [
    ChromaSubsampling::Monochrome,
    ChromaSubsampling::Yuv420,
    ChromaSubsampling::Yuv422,
    ChromaSubsampling::Yuv444,
];
const RANGES: [Range; 2] = [Range::Full, Range::Limited];

impl Answer {
    pub(super) fn from_result(decoded: Result<CodedImage, DecodeError>) -> Self {
        match decoded {
            Ok(coded) => Self::Picture(coded),
            Err(DecodeError::Broken(reason)) => Self::Broken(reason),
            Err(DecodeError::Unsupported(_)) => Self::Unsupported,
            Err(DecodeError::Limit(error) | DecodeError::Process(error)) => {
                Self::Broken(error.message)
            }
        }
    }

    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Picture(coded) => {
                let format = coded.format();
                let subsampling = number(&SUBSAMPLINGS, &format.subsampling);
                let range = number(&RANGES, &format.range);
                let depth = format.depth.bits();
                output.write_all(&[PICTURE, depth, subsampling, format.matrix, range])?;
                coded.write(output)
            }
            Self::Broken(reason) => write_text(BROKEN, reason, output),
            Self::Unsupported => output.write_all(&[UNSUPPORTED]),
            Self::Failed(words) => write_text(FAILED, words, output),
        }
    }

    /// Reads an answer about a picture of this size, up to the end of the input.
    ///
    /// # Errors
    /// When the input is not exactly one answer.
    pub(super) fn read(size: Size, input: &mut impl Read) -> io::Result<Self> {
        let [kind] = array(input)?;
        let answer = match kind {
            PICTURE => {
                let [depth, subsampling, matrix, range] = array(input)?;
                let depth = Depth::ALL.into_iter().find(|known| known.bits() == depth);
                let format = CodedFormat {
                    size,
                    depth: depth.ok_or_else(nonsense)?,
                    subsampling: named(&SUBSAMPLINGS, subsampling)?,
                    matrix,
                    range: named(&RANGES, range)?,
                };
                Self::Picture(format.read(input)?)
            }
            BROKEN => Self::Broken(read_text(input)?),
            UNSUPPORTED => Self::Unsupported,
            FAILED => Self::Failed(read_text(input)?),
            _ => return Err(nonsense()),
        };
        match input.read(&mut [0])? {
            0 => Ok(answer),
            _ => Err(nonsense()),
        }
    }

    /// Returns the result of decoding, or the text of a failure of the process.
    pub(super) fn into_picture(self) -> Result<Result<CodedImage, DecodeError>, String> {
        match self {
            Self::Picture(coded) => Ok(Ok(coded)),
            Self::Broken(reason) => Ok(Err(DecodeError::Broken(reason))),
            Self::Unsupported => Ok(Err(DecodeError::Unsupported(UNKNOWN_CODING))),
            Self::Failed(words) => Err(words),
        }
    }
}

fn write_text(kind: u8, text: &str, output: &mut impl Write) -> io::Result<()> {
    let text = &text.as_bytes()[..text.len().min(MAX_TEXT_BYTES)];
    let length = u16::try_from(text.len()).unwrap_or(0);
    let head = [&[kind][..], &length.to_ne_bytes()].concat();
    output.write_all(&[&head[..], text].concat())
}

fn read_text(input: &mut impl Read) -> io::Result<String> {
    let length = usize::from(u16::from_ne_bytes(array(input)?));
    if length > MAX_TEXT_BYTES {
        return Err(nonsense());
    }
    let mut text = vec![0; length];
    input.read_exact(&mut text)?;
    // The text becomes part of a line of the log.
    let plain = |character: char| match character.is_control() {
        true => ' ',
        false => character,
    };
    Ok(String::from_utf8_lossy(&text).chars().map(plain).collect())
}

fn number<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let index = all.iter().position(|other| other == one);
    index
        .and_then(|index| u8::try_from(index).ok())
        .unwrap_or(u8::MAX)
}

fn named<T: Copy>(all: &[T], number: u8) -> io::Result<T> {
    all.get(usize::from(number)).copied().ok_or_else(nonsense)
}

fn array<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn nonsense() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an answer that makes no sense")
}
