//! The segments before a scan: frame header, quantisation and Huffman tables, restart interval.

use super::{
    super::markers::Segments,
    huffman::{CoefficientKind, HuffmanTable},
};
use crate::options::Size;

/// The headers of a file that can be decoded at n/8 of its size.
pub(super) struct Headers<'a> {
    pub(super) size: Size,
    /// One component, or three of which only the first may have several blocks in an MCU.
    pub(super) components: Vec<Component>,
    tables: Tables,
    /// The restart interval in MCUs; 0 if there is none.
    pub(super) restart: u16,
    /// The bytes after the scan header.
    pub(super) scan: &'a [u8],
}

pub(super) struct Component {
    id: u8,
    /// The blocks of one MCU from left to right, and from top to bottom.
    pub(super) across: usize,
    pub(super) down: usize,
    quantisation: u8,
    dc: u8,
    ac: u8,
}

#[derive(Default)]
struct Tables {
    quantisation: [Option<[u16; 64]>; 4],
    dc: [Option<HuffmanTable>; 4],
    ac: [Option<HuffmanTable>; 4],
}

impl<'a> Headers<'a> {
    /// Reads the headers. Returns `None` for a file that is coded in another way or broken; the other decoder reports
    /// which.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut segments = Segments::new(bytes);
        let mut tables = Tables::default();
        let mut frame: Option<(Size, Vec<Component>)> = None;
        let (mut restart, mut declared) = (0, false);
        loop {
            let segment = segments.next().ok()?;
            match (segment.marker, segment.content) {
                (0xC0 | 0xC1, content) if frame.is_none() => frame = Some(components(content)?),
                (0xC0..=0xCF, content) if segment.marker == 0xC4 => tables.read_huffman(content)?,
                (0xC0..=0xCF | 0xD9, _) => return None,
                (0xDB, content) => tables.read_quantisation(content)?,
                (0xDD, content) => restart = u16::from_be_bytes(*content.first_chunk()?),
                (0xE0, [b'J', b'F', b'I', b'F', 0, ..]) => declared = true,
                (0xEE, [b'A', b'd', b'o', b'b', b'e', rest @ ..]) => {
                    // Any transform but YCbCr.
                    if *rest.get(6)? != 1 {
                        return None;
                    }
                    declared = true;
                }
                (0xDA, content) => {
                    let (size, mut components) = frame?;
                    assign_tables(&mut components, content)?;
                    let usual = components.iter().map(|component| component.id).eq(1..=3);
                    if components.len() == 3 && !declared && !usual {
                        return None;
                    }
                    return Some(Self {
                        size,
                        components,
                        tables,
                        restart,
                        scan: segments.rest,
                    });
                }
                _ => {}
            }
        }
    }

    /// Returns the quantisation table in zig-zag order, and the Huffman tables of DC and AC coefficients.
    pub(super) fn tables(
        &self,
        component: &Component,
    ) -> Option<(&[u16; 64], &HuffmanTable, &HuffmanTable)> {
        let [quantisation, dc, ac] =
            [component.quantisation, component.dc, component.ac].map(usize::from);
        Some((
            self.tables.quantisation.get(quantisation)?.as_ref()?,
            self.tables.dc.get(dc)?.as_ref()?,
            self.tables.ac.get(ac)?.as_ref()?,
        ))
    }
}

/// Reads the size and the components from a frame header.
fn components(content: &[u8]) -> Option<(Size, Vec<Component>)> {
    let [8, h1, h0, w1, w0, count @ (1 | 3), rest @ ..] = content else {
        return None;
    };
    let [height, width] = [[*h1, *h0], [*w1, *w0]].map(|side| u32::from(u16::from_be_bytes(side)));
    let (specifications, []) = rest.as_chunks::<3>() else {
        return None;
    };
    let mut components: Vec<Component> = specifications
        .iter()
        .map(|[id, sampling, quantisation]| Component {
            id: *id,
            across: usize::from(sampling >> 4),
            down: usize::from(sampling & 15),
            quantisation: *quantisation,
            dc: 0,
            ac: 0,
        })
        .collect();
    if components.len() != usize::from(*count) {
        return None;
    }
    match &mut components[..] {
        // The blocks of a single component are not interleaved, whatever its sampling factors are (Annex A.2.2).
        [only] => (only.across, only.down) = (1, 1),
        [first, others @ ..] => {
            let known = matches!((first.across, first.down), (1, 1) | (2, 1) | (2, 2));
            if !known
                || others
                    .iter()
                    .any(|other| (other.across, other.down) != (1, 1))
            {
                return None;
            }
        }
        [] => return None,
    }
    Some((Size::new(width, height), components))
}

/// Gives each component its Huffman tables, if the scan has all components in the order of the frame header.
fn assign_tables(components: &mut [Component], scan: &[u8]) -> Option<()> {
    let (count, rest) = scan.split_first()?;
    let (selectors, spectrum) = rest.split_at_checked(components.len() * 2)?;
    if usize::from(*count) != components.len() || spectrum != [0, 63, 0] {
        return None;
    }
    for (component, [id, tables]) in components.iter_mut().zip(selectors.as_chunks::<2>().0) {
        if *id != component.id {
            return None;
        }
        (component.dc, component.ac) = (tables >> 4, tables & 15);
    }
    Some(())
}

impl Tables {
    fn read_quantisation(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((head, rest)) = content.split_first() {
            let table = self.quantisation.get_mut(usize::from(head & 15))?;
            let mut steps = [0; 64];
            content = match head >> 4 {
                0 => {
                    let (bytes, rest) = rest.split_first_chunk::<64>()?;
                    steps = bytes.map(u16::from);
                    rest
                }
                1 => {
                    let (bytes, rest) = rest.split_first_chunk::<128>()?;
                    for (step, pair) in steps.iter_mut().zip(bytes.as_chunks::<2>().0) {
                        *step = u16::from_be_bytes(*pair);
                    }
                    rest
                }
                _ => return None,
            };
            *table = Some(steps);
        }
        Some(())
    }

    fn read_huffman(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((head, rest)) = content.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let count = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(count)?;
            let (kind, tables) = match head >> 4 {
                0 => (CoefficientKind::Dc, &mut self.dc),
                1 => (CoefficientKind::Ac, &mut self.ac),
                _ => return None,
            };
            let table = tables.get_mut(usize::from(head & 15))?;
            *table = Some(HuffmanTable::new(kind, counts, symbols)?);
            content = rest;
        }
        Some(())
    }
}
