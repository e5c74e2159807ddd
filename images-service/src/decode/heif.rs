//! The HEIF container of AVIF and HEIC: the primary item, its alpha item, its properties and its bytes.

use std::borrow::Cow;

use heic_rs::{
    Error, Grid, Mirror, Rotation as Turn, Transform,
    boxes::BoxIter,
    grid,
    meta::{
        self, Meta,
        iref::{self, ItemReference, RefKind},
    },
    metadata,
    props::{self, ItemProps, simple::AuxKind},
    transform::transformed_size,
};
use safelight_protocol::Flip;

use super::{error::DecodeError, header::Header, header_limits::HeaderLimits, sniff::Kind};
use crate::{
    image::Channels,
    metadata::{
        Exif,
        orientation::{Orientation, then_flipped, then_rotated},
    },
    options::{Rotation, Size},
};

/// The maximum length of a list of the items of a file, in bytes.
const MAX_LIST_BYTES: usize = 256 << 10;

/// A file whose boxes are read. Nothing of its pixels is decoded.
pub(super) struct Container<'a> {
    bytes: &'a [u8],
    meta: Meta<'a>,
}

impl<'a> Container<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        check_complete(bytes)?;
        let has = |name| BoxIter::new(bytes).find(name).map(|found| found.is_some());
        if !has(b"meta").map_err(decode_error)? {
            return Err(if has(b"moov").map_err(decode_error)? {
                DecodeError::Unsupported("frames but no still picture")
            } else {
                DecodeError::broken("it has no picture")
            });
        }
        check_lists(bytes)?;
        let meta = meta::parse(bytes).map_err(decode_error)?;
        Ok(Self { bytes, meta })
    }

    /// Returns the header of a file whose primary item has one of the given types.
    pub(super) fn header(
        &self,
        kind: Kind,
        coded: &[&[u8; 4]],
        limits: HeaderLimits<'_>,
    ) -> Result<Header, DecodeError> {
        let item = self.meta.primary_item().map_err(decode_error)?;
        if !coded.contains(&&item.item_type) {
            return Err(DecodeError::Unsupported(
                "a picture that is put together of others",
            ));
        }
        let props = self.props(item.id)?;
        limits.check_size(size_of(&props)?)?;
        let stored = cropped(&props)?;
        limits.check_size(stored)?;
        self.check_essential(item.id)?;
        let premultiplied = |reference: &ItemReference| {
            reference.kind == RefKind::Other(*b"prem") && reference.from == item.id
        };
        if self.meta.refs.iter().any(premultiplied) {
            return Err(DecodeError::Unsupported("premultiplied alpha"));
        }
        let alpha = self.alpha()?;
        Ok(Header {
            kind,
            stored,
            frames: 1,
            channels: match alpha {
                Some(_) => Channels::Rgba,
                None => Channels::Rgb,
            },
            // Two sets of planes with up to 16 bits a sample, and a second picture while the colours are converted.
            memory: stored.area().saturating_mul(2 * 3 * 2 + 4),
            shrinks: false,
            icc: props.icc.map(<[u8]>::to_vec),
            exif: Exif {
                // The container's own properties count, not the orientation in EXIF.
                orientation: orientation(&props)?,
                ..self.exif(item.id)
            },
        })
    }

    /// Returns the id of the primary item.
    pub(super) const fn primary(&self) -> u32 {
        self.meta.primary
    }

    pub(super) fn props(&self, item: u32) -> Result<ItemProps<'a>, DecodeError> {
        props::gather(&self.meta.props, item).map_err(decode_error)
    }

    pub(super) fn data(&self, item: u32) -> Result<Cow<'_, [u8]>, DecodeError> {
        self.meta.item_data(self.bytes, item).map_err(decode_error)
    }

    /// Returns the grid that an item is, and its tiles row by row. Returns `None` for an item that is coded itself.
    pub(super) fn grid(&self, item: u32) -> Result<Option<(Grid, &[u32])>, DecodeError> {
        let info = self.meta.item(item).ok_or(Error::MissingItem(item));
        if !info.map_err(decode_error)?.is_grid() {
            return Ok(None);
        }
        let grid = grid::parse(&self.data(item)?).map_err(decode_error)?;
        let tiles = iref::targets(&self.meta.refs, item, RefKind::Dimg);
        grid::check_tiles(&grid, tiles).map_err(decode_error)?;
        Ok(Some((grid, tiles)))
    }

    /// Returns the id of the alpha item.
    pub(super) fn alpha(&self) -> Result<Option<u32>, DecodeError> {
        for reference in &self.meta.refs {
            let ours = reference.to.contains(&self.meta.primary);
            if reference.kind == RefKind::Auxl && ours {
                let aux = self.props(reference.from)?.auxc;
                if aux.is_some_and(|aux| aux.kind == AuxKind::Alpha) {
                    return Ok(Some(reference.from));
                }
            }
        }
        Ok(None)
    }

    /// Reads EXIF. An item that cannot be read counts as absent.
    fn exif(&self, item: u32) -> Exif {
        let describes = |from: u32| {
            let about = |item: &meta::iinf::ItemInfo<'_>| &item.item_type == b"Exif";
            self.meta.item(from).is_some_and(about)
        };
        let found = self.meta.refs.iter().find(|reference| {
            reference.kind == RefKind::Cdsc
                && reference.to.contains(&item)
                && describes(reference.from)
        });
        let tiff = found
            .and_then(|reference| self.data(reference.from).ok())
            .and_then(|item| metadata::exif_tiff(&item).ok().map(<[u8]>::to_vec));
        Exif::read(tiff)
    }

    /// Verifies that every essential property is understood. An unknown one would change the picture.
    fn check_essential(&self, item: u32) -> Result<(), DecodeError> {
        const UNDERSTOOD: [&[u8; 4]; 10] = [
            b"av1C", b"hvcC", b"ispe", b"pixi", b"colr", b"clap", b"irot", b"imir", b"auxC",
            b"pasp",
        ];
        let props = &self.meta.props;
        let unknown = props
            .associations(item)
            .iter()
            .filter(|association| association.essential)
            .filter_map(|association| props.resolve(*association))
            .any(|property| !UNDERSTOOD.contains(&&property.boxtype));
        if unknown {
            return Err(DecodeError::Unsupported(
                "a property that has to be understood",
            ));
        }
        Ok(())
    }
}

pub(super) fn size_of(props: &ItemProps<'_>) -> Result<Size, DecodeError> {
    props
        .ispe
        .map(|size| Size::new(size.width, size.height))
        .ok_or_else(|| DecodeError::broken("it does not tell its size"))
}

/// Returns the clean aperture (`clap`) of the coded picture, which applies before rotation and mirroring.
pub(super) fn crop<'a>(props: &'a ItemProps<'_>) -> &'a [Transform] {
    match props.transforms.as_slice() {
        [crop @ Transform::Crop(_), ..] => std::slice::from_ref(crop),
        _ => &[],
    }
}

fn cropped(props: &ItemProps<'_>) -> Result<Size, DecodeError> {
    let coded = size_of(props)?;
    let (width, height) =
        transformed_size(coded.width, coded.height, crop(props)).map_err(decode_error)?;
    Ok(Size::new(width, height))
}

/// Combines rotations and mirrorings in the order of the file.
fn orientation(props: &ItemProps<'_>) -> Result<Orientation, DecodeError> {
    let mut orientation = Orientation::NoTransforms;
    for transform in props.transforms.iter().skip(crop(props).len()) {
        orientation = match transform {
            // `irot` counts counterclockwise.
            Transform::Rotate(turn) => then_rotated(
                orientation,
                match turn {
                    Turn::None => Rotation::None,
                    Turn::Ccw90 => Rotation::ThreeQuarters,
                    Turn::Ccw180 => Rotation::Half,
                    Turn::Ccw270 => Rotation::Quarter,
                },
            ),
            // The library takes the stored number, 0 or 1, for an axis; every writer means 0 to exchange top and
            // bottom.
            Transform::Mirror(Mirror::LeftRight) => then_flipped(orientation, Flip::Vertical),
            Transform::Mirror(Mirror::TopBottom) => then_flipped(orientation, Flip::Horizontal),
            Transform::Crop(_) => return Err(DecodeError::Unsupported("a crop after a turn")),
        };
    }
    Ok(orientation)
}

/// Verifies that every box at the top level is complete.
/// Verifies the lengths of the lists of items, their places, references and properties. The time to read them grows with
/// the square of their lengths. The largest pictures that may be decoded have some thousand items.
fn check_lists(bytes: &[u8]) -> Result<(), DecodeError> {
    let meta = BoxIter::new(bytes).require(b"meta", "meta");
    let mut body = meta.map_err(decode_error)?.reader();
    body.full_box("meta").map_err(decode_error)?;
    for child in BoxIter::new(body.rest()) {
        let child = child.map_err(decode_error)?;
        let length = match &child.boxtype {
            b"iinf" | b"iref" | b"iloc" => child.payload.len(),
            b"iprp" => {
                let lists = child.children().filter_map(Result::ok);
                let lists = lists.filter(|list| list.is(b"ipma"));
                lists.map(|list| list.payload.len()).sum()
            }
            _ => 0,
        };
        if length > MAX_LIST_BYTES {
            return Err(DecodeError::Unsupported(
                "more than 256 KiB for a list of its items",
            ));
        }
    }
    Ok(())
}

fn check_complete(bytes: &[u8]) -> Result<(), DecodeError> {
    let cut = || DecodeError::broken("it is cut short");
    let mut rest = bytes;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = match u32::from_be_bytes(*length) {
            // A last box of length 0 extends to the end of the file.
            0 => return Ok(()),
            1 => {
                let long = after.get(4..).and_then(|rest| rest.first_chunk::<8>());
                u64::from_be_bytes(*long.ok_or_else(cut)?)
            }
            length => length.into(),
        };
        let length = usize::try_from(length).map_err(|_| cut())?;
        if length < 8 {
            return Err(DecodeError::broken("a box is shorter than its own head"));
        }
        rest = rest.get(length..).ok_or_else(cut)?;
    }
    Ok(())
}

pub(super) fn decode_error(error: Error) -> DecodeError {
    match error {
        Error::Unsupported(what) => DecodeError::Unsupported(what),
        Error::Truncated(_) => DecodeError::broken("it is cut short"),
        error => DecodeError::broken(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Container, MAX_LIST_BYTES};
    use crate::decode::sniff::Kind;

    fn boxed(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes()[..], name, content].concat()
    }

    #[test]
    fn long_lists_of_items_are_refused_before_they_are_read() {
        let list = vec![0; MAX_LIST_BYTES + 1];
        for name in [b"iinf", b"iref", b"iloc", b"ipma"] {
            let mut list = boxed(name, &list);
            if name == b"ipma" {
                list = boxed(b"iprp", &list);
            }
            let meta = boxed(b"meta", &[&[0; 4][..], &list].concat());
            let error = Container::open(&meta).err().unwrap().into_error(Kind::Heic);
            assert_eq!(
                error.message,
                "image/heic with more than 256 KiB for a list of its items is not supported"
            );
        }
    }
}
