//! HEVC pictures of one grey, written bit by bit (ITU-T H.265): as small as they can be, and as large as they claim.

/// The side of a block, which is the largest and the only one of these pictures.
const BLOCK: u32 = 64;

/// The bins of a block, as the arithmetic coder writes them at the quantiser 51: not divided, predicted as planar,
/// nothing left over, and the end of its slice. Each slice begins with the same states, so that this holds for each block.
const GREY_BLOCK: [u8; 2] = [0x0E, 0x28];

/// A picture of grey blocks.
#[derive(Clone, Copy)]
pub(crate) struct Picture {
    /// The size that is coded, in pixels: multiples of 64.
    pub(crate) coded: [u32; 2],
    /// The size of the window that is shown, in pixels.
    pub(crate) shown: [u32; 2],
    /// The chroma format: 1 for 4:2:0, 3 for 4:4:4.
    pub(crate) chroma: u32,
}

impl Picture {
    /// A picture of 4:2:0 that is shown as it is coded.
    pub(crate) const fn whole(width: u32, height: u32) -> Self {
        Self {
            coded: [width, height],
            shown: [width, height],
            chroma: 1,
        }
    }

    /// The configuration record: the video, the sequence and the picture parameter set.
    pub(crate) fn configuration(self) -> Vec<u8> {
        // The version; profile, flags and level; no segmentation, parallelism; the format, 8 bits a sample.
        let mut record = vec![1, 4];
        record.extend([0; 10]);
        record.extend([
            186,
            0xF0,
            0,
            0xFC,
            0xFC | self.chroma.to_le_bytes()[0],
            0xF8,
            0xF8,
        ]);
        // No rate, one layer, lengths of four bytes, three lists.
        record.extend([0, 0, 0x0F, 3]);
        for (kind, set) in [
            (32, video_parameters()),
            (33, self.sequence_parameters()),
            (34, picture_parameters()),
        ] {
            let unit = unit(kind, &set);
            record.extend([0x80 | kind, 0, 1]);
            record.extend(u16::try_from(unit.len()).unwrap().to_be_bytes());
            record.extend(unit);
        }
        record
    }

    /// The picture: a slice for each block, each behind its length.
    pub(crate) fn data(self) -> Vec<u8> {
        let blocks: u32 = self.coded.iter().map(|side| side.div_ceil(BLOCK)).product();
        let address_bits = u32::BITS - (blocks - 1).leading_zeros();
        let mut data = Vec::new();
        for block in 0..blocks {
            let mut bits = Bits::default();
            bits.put(u32::from(block == 0), 1);
            // Earlier pictures stay; the picture parameters 0.
            bits.put(0, 1);
            bits.number(0);
            if block > 0 {
                bits.put(block, address_bits);
            }
            // A slice of intra prediction, with the quantiser of the picture.
            bits.number(2);
            bits.number(0);
            bits.end();
            // An instantaneous decoder refresh.
            let unit = unit(20, &[&bits.bytes, &GREY_BLOCK[..]].concat());
            data.extend(u32::try_from(unit.len()).unwrap().to_be_bytes());
            data.extend(unit);
        }
        data
    }

    fn sequence_parameters(self) -> Vec<u8> {
        let mut bits = Bits::default();
        // The video parameters 0, one layer, nested.
        bits.put(0b0000_0001, 8);
        // A profile of range extensions, no flags, and the level 6.2.
        bits.put(4, 8);
        [32, 32, 16]
            .into_iter()
            .for_each(|zeros| bits.put(0, zeros));
        bits.put(186, 8);
        bits.number(0);
        bits.number(self.chroma);
        if self.chroma == 3 {
            bits.put(0, 1);
        }
        self.coded.into_iter().for_each(|side| bits.number(side));
        bits.put(1, 1);
        let unit = if self.chroma == 1 { 2 } else { 1 };
        for (coded, shown) in self.coded.into_iter().zip(self.shown) {
            bits.number(0);
            bits.number((coded - shown) / unit);
        }
        // 8 bits a sample, 4 bits of the picture's order.
        [0, 0, 0].into_iter().for_each(|number| bits.number(number));
        // The buffers of the only layer.
        bits.put(1, 1);
        [0, 0, 0].into_iter().for_each(|number| bits.number(number));
        // Blocks of 64 pixels, transforms of 4 to 32, never divided.
        [3, 0, 0, 3, 0, 0]
            .into_iter()
            .for_each(|number| bits.number(number));
        // No scaling lists, asymmetric partitions, sample adaptive offset or PCM.
        bits.put(0, 4);
        // No reference pictures, of short or long term.
        bits.number(0);
        // Nor anything else that may be switched on.
        bits.put(0, 1 + 2 + 1 + 1);
        bits.end();
        bits.bytes
    }
}

fn video_parameters() -> Vec<u8> {
    let mut bits = Bits::default();
    // The number 0, two flags, the only layer, no sub-layers, nested, and the reserved bits.
    bits.put(0b0000_1100_0000_0001, 16);
    bits.put(0xFFFF, 16);
    bits.put(4, 8);
    [32, 32, 16]
        .into_iter()
        .for_each(|zeros| bits.put(0, zeros));
    bits.put(186, 8);
    bits.put(1, 1);
    [0, 0, 0].into_iter().for_each(|number| bits.number(number));
    bits.put(0, 6);
    bits.number(0);
    bits.put(0, 2);
    bits.end();
    bits.bytes
}

fn picture_parameters() -> Vec<u8> {
    let mut bits = Bits::default();
    // The picture parameters 0 of the sequence parameters 0.
    bits.number(0);
    bits.number(0);
    // No dependent slices, output flag, extra bits, hidden signs or initial states.
    bits.put(0, 1 + 1 + 3 + 1 + 1);
    bits.number(0);
    bits.number(0);
    // The quantiser 51, which is 26 and 25.
    bits.number(2 * 25 - 1);
    // No constrained prediction, skipped transforms or changes of the quantiser.
    bits.put(0, 3);
    // No offsets of chroma.
    bits.number(0);
    bits.number(0);
    // No offsets of slices, weights, lossless blocks, tiles, wavefronts or filters across slices.
    bits.put(0, 1 + 2 + 1 + 1 + 1 + 1);
    // The deblocking filter is off.
    bits.put(0b101, 3);
    // No scaling lists, and no lists that are modified.
    bits.put(0, 2);
    bits.number(0);
    bits.put(0, 2);
    bits.end();
    bits.bytes
}

/// A unit of the network abstraction layer: a head, and bytes in which nothing looks like a start code.
fn unit(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut unit = vec![kind << 1, 1];
    let mut zeros = 0;
    for byte in bytes {
        if zeros == 2 && *byte <= 3 {
            unit.push(3);
            zeros = 0;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        unit.push(*byte);
    }
    unit
}

/// Writes bits, the highest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> bit & 1 == 1) << (7 - self.used % 8);
            }
            self.used += 1;
        }
    }

    /// Writes an Exp-Golomb code.
    fn number(&mut self, value: u32) {
        let length = u32::BITS - (value + 1).leading_zeros();
        self.put(0, length - 1);
        self.put(value + 1, length);
    }

    /// Writes a one, and zeros to the end of the byte.
    fn end(&mut self) {
        self.put(1, 1);
        self.put(0, (8 - self.used % 8) % 8);
    }
}
