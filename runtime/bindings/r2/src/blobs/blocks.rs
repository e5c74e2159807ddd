//! Checksums of a blob's blocks. They verify a range of a blob without reading the whole blob.

use std::ops::Range;

use bytes::Bytes;
use object_store::ObjectStoreExt as _;

use super::reader::ReadError;
use super::{Blobs, Segment};
use crate::checksum::{self, Crc32c, Part};
use crate::error::R2Error;

/// Bytes of every block but the last.
const BLOCK_BYTES: u64 = 256 * 1024;

/// The checksums of a blob's blocks, in order. A blob of a single block has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocks(Vec<u32>);

/// Computes the checksums of a blob while it is written.
#[derive(Default)]
pub(super) struct BlockHasher {
    full: Vec<u32>,
    /// The block that is not full yet, and its length.
    last: Crc32c,
    last_bytes: u64,
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
            let room = usize::try_from(BLOCK_BYTES - self.last_bytes).unwrap_or(usize::MAX);
            let (now, later) = piece.split_at(piece.len().min(room));
            self.last.update(now);
            self.last_bytes += now.len() as u64;
            if self.last_bytes == BLOCK_BYTES {
                self.full.push(std::mem::take(&mut self.last).value());
                self.last_bytes = 0;
            }
            piece = later;
        }
    }

    /// The checksum of the blob, and those of its blocks.
    pub(super) fn finish(mut self) -> (u32, Blocks) {
        let full = self.full.iter().map(|crc32c| Part {
            crc32c: *crc32c,
            length: BLOCK_BYTES,
        });
        let mut parts: Vec<Part> = full.collect();
        if self.last_bytes > 0 {
            let crc32c = self.last.value();
            parts.push(Part {
                crc32c,
                length: self.last_bytes,
            });
            self.full.push(crc32c);
        }
        let whole = checksum::combine(0, &parts);
        match self.full.len() {
            0 | 1 => (whole, Blocks::default()),
            _ => (whole, Blocks(self.full)),
        }
    }
}

impl Blobs {
    /// The checksums of the pieces of a range, in order. A block that is only partly in the range is read and verified.
    pub(crate) async fn checks(
        &self,
        segments: &[Segment],
        range: &Range<u64>,
    ) -> Result<Vec<Part>, ReadError> {
        let mut checks = Vec::new();
        let mut start = 0;
        for segment in segments {
            let wanted = overlap(range, &(start..start + segment.size));
            if wanted.end - wanted.start == segment.size {
                checks.push(Part {
                    crc32c: segment.crc32c,
                    length: segment.size,
                });
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
    ) -> Result<Vec<Part>, ReadError> {
        let blocks = self.blocks(segment).await?;
        let mut checks = Vec::new();
        for (block, crc32c) in blocks_of(segment).zip(&blocks.0) {
            let wanted = overlap(&range, &block);
            if wanted == block {
                checks.push(Part {
                    crc32c: *crc32c,
                    length: block.end - block.start,
                });
            } else if !wanted.is_empty() {
                let bytes = self.block(segment, &block).await?;
                if checksum::crc32c(&bytes) != *crc32c {
                    return Err(ReadError::Failed(R2Error::altered(&segment.blob)));
                }
                let place = |at: u64| usize::try_from(at - block.start).unwrap_or(usize::MAX);
                let part = bytes.get(place(wanted.start)..place(wanted.end));
                let part = part.unwrap_or_default();
                checks.push(Part {
                    crc32c: checksum::crc32c(part),
                    length: part.len() as u64,
                });
            }
        }
        Ok(checks)
    }

    /// The checksums of the blob's blocks. A blob of an older version has none stored: it is read and verified.
    async fn blocks(&self, segment: &Segment) -> Result<Blocks, ReadError> {
        if !segment.blocks.0.is_empty() {
            return Ok(segment.blocks.clone());
        }
        if segment.size <= BLOCK_BYTES {
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
    let blocks = 0..size.div_ceil(BLOCK_BYTES);
    blocks.map(move |number| number * BLOCK_BYTES..((number + 1) * BLOCK_BYTES).min(size))
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    let start = one.start.max(other.start);
    start..one.end.min(other.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_BYTES, BlockHasher, Blocks};
    use crate::checksum::crc32c;

    #[test]
    fn blocks_are_summed_alike_however_the_bytes_come() {
        let size = usize::try_from(BLOCK_BYTES).unwrap();
        let bytes: Vec<u8> = (0..size * 2 + 7)
            .map(|number| number.to_le_bytes()[1])
            .collect();
        for step in [1_000, size, bytes.len()] {
            for length in [0, 5, size, bytes.len()] {
                let bytes = &bytes[..length];
                let mut hasher = BlockHasher::default();
                bytes.chunks(step).for_each(|piece| hasher.update(piece));
                let (whole, blocks) = hasher.finish();
                assert_eq!(whole, crc32c(bytes), "{length} bytes by {step}");
                let of_blocks = bytes.chunks(size).map(crc32c);
                let of_blocks = of_blocks.collect::<Vec<_>>();
                match of_blocks.len() {
                    0 | 1 => assert_eq!(blocks, Blocks::default()),
                    _ => assert_eq!(blocks.0, of_blocks),
                }
                assert_eq!(Blocks::from_bytes(&blocks.to_bytes()), blocks);
            }
        }
    }
}
