//! Decodes one AV1 picture to its planes.

mod coded;
mod library;

pub(super) use self::{
    coded::{ChromaSubsampling, CodedImage, Depth, Range},
    library::decode,
};
