//! HEIC files, written box by box (ISO/IEC 14496-12, 23008-12).

use crate::hevc::Picture;

/// A file whose shown picture is coded as one.
pub(crate) fn single(picture: Picture, claimed: [u32; 2]) -> Vec<u8> {
    let mut file = File::default();
    let configuration = file.property(b"hvcC", &picture.configuration());
    let size = file.size(claimed);
    file.item(1, b"hvc1", picture.data(), &[configuration, size]);
    file.bytes(&[])
}

/// A file whose shown picture is coded as one, with alpha in a picture of its own.
pub(crate) fn with_alpha(picture: Picture, alpha: Picture, claimed: [u32; 2]) -> Vec<u8> {
    let mut file = File::default();
    let size = file.size(claimed);
    let configuration = file.property(b"hvcC", &picture.configuration());
    file.item(1, b"hvc1", picture.data(), &[configuration, size]);
    let configuration = file.property(b"hvcC", &alpha.configuration());
    let kind = file.property(b"auxC", b"\0\0\0\0urn:mpeg:hevc:2015:auxid:1\0");
    file.item(2, b"hvc1", alpha.data(), &[configuration, size, kind]);
    file.bytes(&reference(b"auxl", 2, &[1]))
}

/// A file whose shown picture is a grid of one tile, many times.
pub(crate) fn grid(tile: Picture, columns: u8, rows: u8, claimed: [u32; 2]) -> Vec<u8> {
    let mut file = File::default();
    let size = file.size(claimed);
    let mut grid = vec![0, 1, rows - 1, columns - 1];
    claimed
        .into_iter()
        .for_each(|side| grid.extend(side.to_be_bytes()));
    file.item(1, b"grid", grid, &[size]);
    let configuration = file.property(b"hvcC", &tile.configuration());
    let size = file.size(tile.shown);
    file.item(2, b"hvc1", tile.data(), &[configuration, size]);
    let tiles = vec![2; usize::from(columns) * usize::from(rows)];
    file.bytes(&reference(b"dimg", 1, &tiles))
}

/// A file before its boxes are put together.
#[derive(Default)]
struct File {
    properties: Vec<u8>,
    property_count: u8,
    items: Vec<Item>,
}

struct Item {
    id: u16,
    kind: [u8; 4],
    data: Vec<u8>,
    properties: Vec<u8>,
}

impl File {
    /// Adds a property. Returns its number.
    fn property(&mut self, name: &[u8; 4], content: &[u8]) -> u8 {
        self.properties.extend(boxed(name, content));
        self.property_count += 1;
        self.property_count
    }

    fn size(&mut self, [width, height]: [u32; 2]) -> u8 {
        let content = [[0; 4], width.to_be_bytes(), height.to_be_bytes()].concat();
        self.property(b"ispe", &content)
    }

    fn item(&mut self, id: u16, kind: &[u8; 4], data: Vec<u8>, properties: &[u8]) {
        self.items.push(Item {
            id,
            kind: *kind,
            data,
            properties: properties.to_vec(),
        });
    }

    fn bytes(&self, references: &[u8]) -> Vec<u8> {
        let head = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
        // The places of the data depend on the length of the box that tells them, which does not depend on them.
        let length = head.len() + self.meta(references, 0).len() + 8;
        let meta = self.meta(references, length);
        let data: Vec<u8> = self
            .items
            .iter()
            .flat_map(|item| item.data.clone())
            .collect();
        [head, meta, boxed(b"mdat", &data)].concat()
    }

    fn meta(&self, references: &[u8], data_start: usize) -> Vec<u8> {
        let handler = full(b"hdlr", b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let primary = full(b"pitm", &1_u16.to_be_bytes());
        let count = u16::try_from(self.items.len()).unwrap().to_be_bytes();
        let mut places = [&[0x44, 0][..], &count].concat();
        let mut kinds = count.to_vec();
        let mut properties = [&[0, 0][..], &count].concat();
        let mut start = data_start;
        for item in &self.items {
            places.extend(item.id.to_be_bytes());
            // In this file, one extent.
            places.extend([0, 0, 0, 1]);
            for number in [start, item.data.len()] {
                places.extend(u32::try_from(number).unwrap().to_be_bytes());
            }
            start += item.data.len();
            let mut kind = vec![2, 0, 0, 0];
            kind.extend(item.id.to_be_bytes());
            kind.extend([0, 0]);
            kind.extend(item.kind);
            kind.push(0);
            kinds.extend(boxed(b"infe", &kind));
            properties.extend(item.id.to_be_bytes());
            properties.push(u8::try_from(item.properties.len()).unwrap());
            properties.extend(&item.properties);
        }
        let properties = [boxed(b"ipco", &self.properties), full(b"ipma", &properties)].concat();
        let boxes = [
            handler,
            primary,
            full(b"iloc", &places),
            full(b"iinf", &kinds),
            full(b"iref", references),
            boxed(b"iprp", &properties),
        ];
        full(b"meta", &boxes.concat())
    }
}

fn reference(name: &[u8; 4], from: u16, to: &[u16]) -> Vec<u8> {
    let mut content = from.to_be_bytes().to_vec();
    content.extend(u16::try_from(to.len()).unwrap().to_be_bytes());
    to.iter().for_each(|to| content.extend(to.to_be_bytes()));
    boxed(name, &content)
}

fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
    [&length[..], name, content].concat()
}

/// A box with a version and flags, which are 0.
fn full(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    boxed(name, &[&[0; 4][..], content].concat())
}
