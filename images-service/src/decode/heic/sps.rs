//! The sequence parameter set of a coded picture (ITU-T H.265, 7.3.2.2), as far as the size of the picture.

use crate::options::Size;

/// The type of a sequence parameter set.
const SPS: u8 = 33;

/// The bytes in which the size stands: the head, the profile and level of seven layers, and the numbers before the size.
const MAX_BYTES: usize = 160;

/// The sizes of the pictures that a parameter set describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodedPicture {
    /// The size that is decoded.
    pub(super) coded: Size,
    /// The size of the conformance window, which is shown.
    pub(super) visible: Size,
    /// The samples of two pixels. Chroma subsampling makes it 2, 3, 4 or 6.
    pub(super) samples_of_two: u64,
}

/// Returns whether a unit is the parameter set of a picture. Its list in the configuration record does not decide that.
pub(super) fn is_sps(unit: &[u8]) -> bool {
    match unit {
        // The forbidden bit, six bits of the type, and six of the layer.
        [first, second, ..] => first >> 1 == SPS && first & 1 == 0 && second >> 3 == 0,
        _ => false,
    }
}

/// Reads the sizes of a parameter set. Returns `None` if the set is broken.
pub(super) fn read(unit: &[u8]) -> Option<CodedPicture> {
    let bytes = without_emulation_prevention(unit.get(2..)?);
    let mut bits = Bits {
        bytes: &bytes,
        position: 0,
    };
    // The video parameter set.
    bits.skip(4);
    let layers = bits.take(3)?;
    // Temporal nesting.
    bits.skip(1);
    skip_profile(&mut bits, layers)?;
    // The number of the set.
    bits.number()?;
    let chroma = bits.number()?;
    let (samples_of_two, window_unit) = match chroma {
        0 => (2, [1, 1]),
        1 => (3, [2, 2]),
        2 => (4, [2, 1]),
        3 => {
            // Whether the planes are coded separately.
            bits.skip(1);
            (6, [1, 1])
        }
        _ => return None,
    };
    let coded = Size::new(bits.number()?, bits.number()?);
    let mut visible = coded;
    if bits.take(1)? == 1 {
        let [left, right] = [bits.number()?, bits.number()?];
        let [top, bottom] = [bits.number()?, bits.number()?];
        let cut = |side: u32, ends: [u32; 2], unit: u32| {
            let cut = ends[0].checked_add(ends[1])?.checked_mul(unit)?;
            side.checked_sub(cut).filter(|side| *side > 0)
        };
        visible.width = cut(coded.width, [left, right], window_unit[0])?;
        visible.height = cut(coded.height, [top, bottom], window_unit[1])?;
    }
    Some(CodedPicture {
        coded,
        visible,
        samples_of_two,
    })
}

/// Skips the profile, the tier and the level, for this number of layers beyond the first.
fn skip_profile(bits: &mut Bits<'_>, layers: u32) -> Option<()> {
    const PROFILE: usize = 88;
    const LEVEL: usize = 8;
    bits.skip(PROFILE + LEVEL);
    let mut skipped = 0;
    for _ in 0..layers {
        skipped += PROFILE * usize::from(bits.take(1)? == 1);
        skipped += LEVEL * usize::from(bits.take(1)? == 1);
    }
    if layers > 0 {
        skipped += 2 * (8 - layers as usize);
    }
    bits.skip(skipped);
    Some(())
}

/// Removes the bytes that keep start codes out of a unit: the 3 behind two zeros.
fn without_emulation_prevention(bytes: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let kept = bytes.iter().take(MAX_BYTES).filter(|byte| {
        let is_kept = !(zeros >= 2 && **byte == 3);
        zeros = match (**byte, is_kept) {
            (0, true) => zeros + 1,
            _ => 0,
        };
        is_kept
    });
    kept.copied().collect()
}

/// Reads bits, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn skip(&mut self, count: usize) {
        self.position += count;
    }

    /// Reads up to 32 bits as a number.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.position / 8)?;
            let bit = byte >> (7 - self.position % 8) & 1;
            value = value << 1 | u32::from(bit);
            self.position += 1;
        }
        Some(value)
    }

    /// Reads an Exp-Golomb code without sign (9.2).
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
        }
        match zeros {
            0..32 => Some((1 << zeros) - 1 + self.take(zeros)?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CodedPicture, is_sps, read};
    use crate::options::Size;

    /// Bits as text, behind the head of a parameter set.
    fn unit(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits
            .bytes()
            .filter(|byte| *byte != b' ')
            .map(|byte| byte - b'0')
            .collect();
        let bytes = bits.chunks(8).map(|bits| {
            let byte = bits.iter().fold(0, |byte, bit| byte << 1 | bit);
            byte << (8 - bits.len())
        });
        [0x42, 0x01].into_iter().chain(bytes).collect()
    }

    /// A set with this number of layers beyond the first, each with a profile and a level.
    fn with_layers(layers: usize, rest: &str) -> Vec<u8> {
        let present = "11".repeat(layers) + &"00".repeat(if layers > 0 { 8 - layers } else { 0 });
        let profiles = "1".repeat(96);
        unit(&format!(
            "0000 {layers:03b} 1 {profiles} {present} {} 1 {rest}",
            profiles.repeat(layers)
        ))
    }

    #[test]
    fn the_window_is_counted_in_samples_of_chroma() {
        // 4:2:0, 8 by 6, and a window without one sample on the left and two at the bottom.
        let window = "1 010 1 1 011";
        let set = with_layers(0, &format!("010 0001001 00111 {window}"));
        let expected = CodedPicture {
            coded: Size::new(8, 6),
            visible: Size::new(6, 2),
            samples_of_two: 3,
        };
        assert_eq!(read(&set), Some(expected));
    }

    #[test]
    fn layers_are_skipped() {
        for layers in [0, 1, 6] {
            let set = with_layers(layers, "1 0001001 00111 0");
            let size = Size::new(8, 6);
            let expected = CodedPicture {
                coded: size,
                visible: size,
                samples_of_two: 2,
            };
            assert_eq!(read(&set), Some(expected), "{layers} layers");
        }
    }

    #[test]
    fn a_window_that_leaves_nothing_and_an_end_are_broken() {
        let set = with_layers(0, "010 0001001 00111 1 010 00100 1 1");
        assert_eq!(
            read(&set),
            None,
            "four samples of two pixels are cut from eight"
        );
        let set = with_layers(0, "010 0001001 00111 1 1 00100 1 1");
        assert!(read(&set).is_some());
        assert_eq!(read(&set[..15]), None);
    }

    #[test]
    fn the_head_of_the_unit_decides_its_type() {
        assert!(is_sps(&[0x42, 0x01]));
        assert!(!is_sps(&[0x40, 0x01]), "a video parameter set");
        assert!(!is_sps(&[0x42, 0x09]), "of another layer");
        assert!(!is_sps(&[0x42]));
    }
}
