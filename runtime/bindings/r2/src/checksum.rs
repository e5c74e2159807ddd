//! CRC-32C (CRC-32/ISCSI), the checksum of stored bytes and of answers.

use crc_fast::{CrcAlgorithm, Digest};

pub(super) use crc_fast::crc32_iscsi as crc32c;

/// Computes a checksum piece by piece.
pub(super) struct Crc32c(Digest);

impl Default for Crc32c {
    fn default() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc32Iscsi))
    }
}

impl Crc32c {
    pub(super) fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The checksum of all pieces up to now.
    pub(super) fn value(&self) -> u32 {
        low_32_bits(self.0.finalize())
    }
}

/// A part of a byte sequence: its checksum, and its length in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) crc32c: u32,
    pub(super) length: u64,
}

/// The checksum of a part with the checksum `front`, followed by `parts`.
pub(super) fn combine(front: u32, parts: &[Part]) -> u32 {
    let algorithm = CrcAlgorithm::Crc32Iscsi;
    let whole = parts.iter().fold(u64::from(front), |whole, part| {
        crc_fast::checksum_combine(algorithm, whole, part.crc32c.into(), part.length)
    });
    low_32_bits(whole)
}

/// Returns the lower half of a checksum. The library returns every checksum as 64 bits; the upper half of this one is zero.
fn low_32_bits(checksum: u64) -> u32 {
    u32::try_from(checksum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Crc32c, Part, combine, crc32c};

    #[test]
    fn the_checksum_is_that_of_another_implementation() {
        let bytes: Vec<u8> = (0..100_000_u32)
            .map(|number| number.to_le_bytes()[1])
            .collect();
        for length in [0, 1, 63, 4_096, 100_000] {
            let bytes = &bytes[..length];
            let mut pieces = Crc32c::default();
            bytes.chunks(1_000).for_each(|piece| pieces.update(piece));
            let expected = ::crc32c::crc32c(bytes);
            assert_eq!((crc32c(bytes), pieces.value()), (expected, expected));
        }
    }

    #[test]
    fn checksums_of_parts_are_that_of_the_whole() {
        let parts = ["ab", "", "cde"].map(|text| Part {
            crc32c: crc32c(text.as_bytes()),
            length: text.len() as u64,
        });
        assert_eq!(combine(crc32c(b"x"), &parts), crc32c(b"xabcde"));
    }
}
