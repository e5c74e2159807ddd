//! Content credentials (C2PA). They are never kept, since they do not vouch for a changed picture. Their loss is
//! logged.

/// The beginning of a manifest store in any format: a JUMBF description box with the type of C2PA.
const STORE: &[u8] = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xAA\x00\x38\x9B\x71";

/// Whether a file contains a manifest store.
pub(super) fn contains_c2pa(file: &[u8]) -> bool {
    memchr::memmem::find(file, STORE).is_some()
}

#[cfg(test)]
mod tests {
    use super::contains_c2pa;

    #[test]
    fn a_store_is_found_in_its_segment_or_chunk() {
        let kind = b"c2pa\0\x11\0\x10\x80\0\0\xAA\08\x9Bq";
        let store = |kind: &[u8]| [b"\0\0\0\x40jumb\0\0\0\x1Ejumd", kind, b"\x03c2pa\0"].concat();
        for (before, after) in [
            (
                &b"\xFF\xD8\xFF\xEB\0\x4AJP\0\x01\0\0\0\x01"[..],
                &b"\xFF\xD9"[..],
            ),
            (b"\x89PNG\r\n\x1A\n\0\0\0\x40caBX", b"\0\0\0\0IEND"),
            (b"RIFF\x54\0\0\0WEBPC2PA\x40\0\0\0", b""),
        ] {
            assert!(contains_c2pa(&[before, &store(kind), after].concat()));
            // Another kind of box in the same place.
            assert!(!contains_c2pa(
                &[
                    before,
                    &store(b"json\0\x11\0\x10\x80\0\0\xAA\08\x9Bq"),
                    after
                ]
                .concat()
            ));
        }
        assert!(!contains_c2pa(b"a text about jumd and c2pa"));
    }
}
