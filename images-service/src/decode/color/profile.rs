//! Reads an ICC profile without the tags that no conversion needs.
//!
//! The parser reads every tag that a profile lists, as often as it is listed, and every translation of every text, even
//! if they share their bytes. A few kilobytes could therefore take any amount of memory.

use std::borrow::Cow;

use moxcms::ColorProfile;

/// The maximum size of a profile in bytes. Those of printing presses have a few million.
const MAX_BYTES: usize = 10_000_000;
/// The bytes before the tag table, which begins with the number of tags, and the bytes of one entry.
const HEAD: usize = 128;
const ENTRY: usize = 12;

/// The tags that a conversion uses.
const USED: [&[u8; 4]; 14] = [
    b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"wtpt", b"bkpt", b"chad",
    b"cicp", b"A2B0", b"A2B1", b"A2B2",
];

/// Parses the part of a profile that a conversion uses.
pub(super) fn read(icc: &[u8]) -> Result<ColorProfile, String> {
    let essential = essential(icc)?;
    ColorProfile::new_from_slice(&essential).map_err(|error| error.to_string())
}

/// Returns the same profile with a tag table that lists each used tag once, at its first entry, and no other.
fn essential(icc: &[u8]) -> Result<Vec<u8>, Cow<'static, str>> {
    if icc.len() > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes").into());
    }
    let cut = || Cow::from("it is cut short");
    let (head, rest) = icc.split_at_checked(HEAD).ok_or_else(cut)?;
    let (count, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = (u32::from_be_bytes(*count) as usize).saturating_mul(ENTRY);
    let (list, _) = rest.split_at_checked(length).ok_or_else(cut)?;
    let mut kept: Vec<&[u8; ENTRY]> = Vec::with_capacity(USED.len());
    for entry in list.as_chunks::<ENTRY>().0 {
        let is_used = USED.iter().any(|tag| entry.starts_with(*tag));
        if is_used && !kept.iter().any(|other| other[..4] == entry[..4]) {
            kept.push(entry);
        }
    }
    // The data keeps its offset, because the entries refer to it.
    let mut essential = Vec::with_capacity(icc.len());
    essential.extend_from_slice(head);
    essential.extend_from_slice(&u32::try_from(kept.len()).unwrap_or(0).to_be_bytes());
    essential.extend(kept.into_iter().flatten());
    essential.extend_from_slice(icc.get(essential.len()..).unwrap_or_default());
    Ok(essential)
}

#[cfg(test)]
mod tests {
    use super::{ENTRY, HEAD, essential};

    fn profile(tags: &[[u8; ENTRY]], data: &[u8]) -> Vec<u8> {
        let count = u32::try_from(tags.len()).unwrap().to_be_bytes();
        [&[7; HEAD][..], &count, &tags.concat(), data].concat()
    }

    fn tag(name: &[u8; 4], place: u8) -> [u8; ENTRY] {
        let mut tag = [place; ENTRY];
        tag[..4].copy_from_slice(name);
        tag
    }

    #[test]
    fn each_used_tag_is_listed_once_and_its_content_stays_in_its_place() {
        let tags = [
            tag(b"desc", 1),
            tag(b"rXYZ", 2),
            tag(b"rXYZ", 3),
            tag(b"A2B0", 4),
            tag(b"B2A0", 5),
        ];
        let whole = profile(&tags, b"content");
        let essential = essential(&whole).unwrap();
        let listed = profile(&[tags[1], tags[3]], b"");
        assert_eq!(essential[..listed.len()], listed);
        assert_eq!(essential.len(), whole.len());
        assert!(essential.ends_with(b"content"));
    }

    #[test]
    fn a_list_that_is_cut_short_is_none() {
        let whole = profile(&[tag(b"rXYZ", 0)], b"");
        assert!(essential(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(essential(&whole[..length]).is_err(), "{length}");
        }
        let mut endless = whole;
        endless[HEAD..HEAD + 4].fill(0xFF);
        assert!(essential(&endless).is_err());
    }
}
