//! The `Repr-Digest` field (RFC 9530) by which a receiver verifies that a body is whole and unchanged.
//!
//! The algorithm is `crc32c`: the peer is trusted, and hardware computes it at the speed of memory.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The name of the field.
pub const REPR_DIGEST: &str = "repr-digest";

const ALGORITHM: &str = "crc32c";

/// The field's value for a checksum: the four bytes in network order, in base64, as a byte sequence.
#[must_use]
pub fn value(crc32c: u32) -> String {
    format!("{ALGORITHM}=:{}:", STANDARD.encode(crc32c.to_be_bytes()))
}

/// The reason for which a `Repr-Digest` field cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestError {
    /// The field names no algorithm that this crate knows.
    NoKnownAlgorithm,
    /// The checksum is not four bytes in base64 between colons.
    Malformed,
}

impl std::fmt::Display for DigestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoKnownAlgorithm => "no known algorithm in repr-digest",
            Self::Malformed => "malformed crc32c in repr-digest",
        })
    }
}

impl std::error::Error for DigestError {}

/// Reads the `crc32c` member of a field's value.
///
/// # Errors
/// Fails when there is none, or its value is not exactly four bytes.
pub fn parse(value: &str) -> Result<u32, DigestError> {
    let member = value
        .split(',')
        .find_map(|member| member.trim().strip_prefix(ALGORITHM)?.strip_prefix('='))
        .ok_or(DigestError::NoKnownAlgorithm)?;
    let encoded = member
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
        .ok_or(DigestError::Malformed)?;
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|_| DigestError::Malformed)?;
    bytes
        .try_into()
        .map(u32::from_be_bytes)
        .map_err(|_| DigestError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::{DigestError, parse, value};

    #[test]
    fn a_written_digest_is_read_back() {
        for crc in [0, 1, 0xDEAD_BEEF, u32::MAX] {
            assert_eq!(parse(&value(crc)), Ok(crc));
        }
    }

    #[test]
    fn the_member_is_found_among_others() {
        assert_eq!(parse("sha-256=:AA==:, crc32c=:AAAAAQ==:"), Ok(1));
    }

    #[test]
    fn a_digest_that_cannot_be_checked_is_an_error() {
        assert_eq!(parse("sha-256=:AA==:"), Err(DigestError::NoKnownAlgorithm));
        assert_eq!(parse("crc32c=AAAAAQ=="), Err(DigestError::Malformed));
        assert_eq!(parse("crc32c=:AAAA:"), Err(DigestError::Malformed));
    }
}
