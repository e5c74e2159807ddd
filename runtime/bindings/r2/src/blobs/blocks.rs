//! Checksums of a blob's blocks, so that a part of a blob can be proved without reading all of it.

use std::ops::Range;

use bytes::Bytes;
use object_store::ObjectStoreExt as _;

use super::reader::ReadError;
use super::{Blobs, Segment};
use crate::error::R2Error;

/// Bytes of every block but the last.
const SIZE: usize = 256 * 1024;
/// The same.
const BLOCK: u64 = SIZE as u64;

/// A checksum, and how many bytes it is of.
pub(crate) type Check = (u32, u64);

/// The checksums of a blob's blocks, in order; of none that is a single block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocks(Vec<u32>);

/// Checksums of a blob as it is written.
#[derive(Default)]
pub(super) struct BlockHasher {
    full: Vec<u32>,
    /// Of the block that is not full yet.
    last: u32,
    filled: usize,
}

impl Blocks {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0
            .iter()
            .flat_map(|crc32c| crc32c.to_le_bytes())
            .collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let (checksums, _) = bytes.as_chunks::<4>();
        Self(
            checksums
                .iter()
                .map(|bytes| u32::from_le_bytes(*bytes))
                .collect(),
        )
    }
}

impl BlockHasher {
    pub(super) fn update(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let (now, later) = piece.split_at(piece.len().min(SIZE - self.filled));
            self.last = crc32c::crc32c_append(self.last, now);
            self.filled += now.len();
            if self.filled == SIZE {
                self.full.push(std::mem::take(&mut self.last));
                self.filled = 0;
            }
            piece = later;
        }
    }

    /// The checksum of all, and those of the blocks.
    pub(super) fn finish(mut self) -> (u32, Blocks) {
        if self.filled > 0 {
            self.full.push(self.last);
        }
        let checks = self.full.iter().map(|crc32c| (*crc32c, BLOCK));
        let mut checks: Vec<Check> = checks.collect();
        if let Some((_, length)) = checks.last_mut().filter(|_| self.filled > 0) {
            *length = self.filled as u64;
        }
        let whole = combine(0, &checks);
        match self.full.len() {
            0 | 1 => (whole, Blocks::default()),
            _ => (whole, Blocks(self.full)),
        }
    }
}

/// The checksum of `front`, given as its own, and of what the others are of.
pub(crate) fn combine(front: u32, checks: &[Check]) -> u32 {
    checks.iter().fold(front, |whole, (crc32c, length)| {
        let length = usize::try_from(*length).unwrap_or(usize::MAX);
        crc32c::crc32c_combine(whole, *crc32c, length)
    })
}

impl Blobs {
    /// The checksums of a range of an object, of its pieces in order. Of blocks that it has only a part of, all is read and compared.
    pub(crate) async fn checks(
        &self,
        segments: &[Segment],
        range: &Range<u64>,
    ) -> Result<Vec<Check>, ReadError> {
        let mut checks = Vec::new();
        let mut start = 0;
        for segment in segments {
            let wanted = overlap(range, &(start..start + segment.size));
            if wanted.end - wanted.start == segment.size {
                checks.push((segment.crc32c, segment.size));
            } else if !wanted.is_empty() {
                let within = wanted.start - start..wanted.end - start;
                checks.extend(self.checks_within(segment, within).await?);
            }
            start += segment.size;
        }
        Ok(checks)
    }

    async fn checks_within(
        &self,
        segment: &Segment,
        range: Range<u64>,
    ) -> Result<Vec<Check>, ReadError> {
        let blocks = self.blocks(segment).await?;
        let mut checks = Vec::new();
        for (block, crc32c) in blocks_of(segment).zip(&blocks.0) {
            let wanted = overlap(&range, &block);
            if wanted == block {
                checks.push((*crc32c, block.end - block.start));
            } else if !wanted.is_empty() {
                let bytes = self.block(segment, &block).await?;
                if crc32c::crc32c(&bytes) != *crc32c {
                    return Err(ReadError::Failed(R2Error::altered(&segment.blob)));
                }
                let place = |at: u64| usize::try_from(at - block.start).unwrap_or(usize::MAX);
                let part = bytes.get(place(wanted.start)..place(wanted.end));
                let part = part.unwrap_or_default();
                checks.push((crc32c::crc32c(part), part.len() as u64));
            }
        }
        Ok(checks)
    }

    /// The checksums of the blob's blocks. Of one that was stored when they were not kept, all is read and compared.
    async fn blocks(&self, segment: &Segment) -> Result<Blocks, ReadError> {
        if !segment.blocks.0.is_empty() {
            return Ok(segment.blocks.clone());
        }
        if segment.size <= BLOCK {
            return Ok(Blocks(vec![segment.crc32c]));
        }
        let mut hasher = BlockHasher::default();
        for block in blocks_of(segment) {
            hasher.update(&self.block(segment, &block).await?);
        }
        match hasher.finish() {
            (whole, blocks) if whole == segment.crc32c => Ok(blocks),
            _ => Err(ReadError::Failed(R2Error::altered(&segment.blob))),
        }
    }

    async fn block(&self, segment: &Segment, block: &Range<u64>) -> Result<Bytes, ReadError> {
        let path = self.path(&segment.blob);
        match self.store.get_range(&path, block.clone()).await {
            Ok(bytes) => Ok(bytes),
            Err(object_store::Error::NotFound { .. }) => {
                Err(ReadError::Missing(segment.blob.clone()))
            }
            Err(error) => Err(ReadError::Failed(error.into())),
        }
    }
}

fn blocks_of(segment: &Segment) -> impl Iterator<Item = Range<u64>> + use<> {
    let size = segment.size;
    let blocks = 0..size.div_ceil(BLOCK);
    blocks.map(move |number| number * BLOCK..((number + 1) * BLOCK).min(size))
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    let start = one.start.max(other.start);
    start..one.end.min(other.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::{BlockHasher, Blocks, SIZE, combine};

    #[test]
    fn blocks_are_summed_alike_however_the_bytes_come() {
        let bytes: Vec<u8> = (0..SIZE * 2 + 7)
            .map(|number| number.to_le_bytes()[1])
            .collect();
        for step in [1_000, SIZE, bytes.len()] {
            for length in [0, 5, SIZE, bytes.len()] {
                let bytes = &bytes[..length];
                let mut hasher = BlockHasher::default();
                bytes.chunks(step).for_each(|piece| hasher.update(piece));
                let (whole, blocks) = hasher.finish();
                assert_eq!(whole, crc32c::crc32c(bytes), "{length} bytes by {step}");
                let of_blocks = bytes.chunks(SIZE).map(crc32c::crc32c);
                let of_blocks = of_blocks.collect::<Vec<_>>();
                match of_blocks.len() {
                    0 | 1 => assert_eq!(blocks, Blocks::default()),
                    _ => assert_eq!(blocks.0, of_blocks),
                }
                assert_eq!(Blocks::from_bytes(&blocks.to_bytes()), blocks);
            }
        }
    }

    #[test]
    fn checksums_of_pieces_are_that_of_the_whole() {
        let checks =
            ["ab", "", "cde"].map(|text| (crc32c::crc32c(text.as_bytes()), text.len() as u64));
        assert_eq!(
            combine(crc32c::crc32c(b"x"), &checks),
            crc32c::crc32c(b"xabcde")
        );
    }
}
