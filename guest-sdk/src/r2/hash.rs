//! Digests that values must have.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Error, Result};

/// A digest that a value must have, in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum R2Hash {
    /// 32 digits.
    Md5(String),
    /// 40 digits.
    Sha1(String),
    /// 64 digits.
    Sha256(String),
    /// 96 digits.
    Sha384(String),
    /// 128 digits.
    Sha512(String),
}

impl R2Hash {
    /// The field's name and value.
    pub(super) fn into_wire(self) -> Result<(&'static str, String)> {
        let (name, digits, hex) = match self {
            Self::Md5(hex) => ("md5", 32, hex),
            Self::Sha1(hex) => ("sha1", 40, hex),
            Self::Sha256(hex) => ("sha256", 64, hex),
            Self::Sha384(hex) => ("sha384", 96, hex),
            Self::Sha512(hex) => ("sha512", 128, hex),
        };
        if hex.len() != digits || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Error::Unsendable(format!(
                "{name} must be {digits} hexadecimal digits"
            )));
        }
        Ok(match name {
            "md5" => (name, base64_from_hex(&hex)),
            _ => (name, hex),
        })
    }
}

/// Converts hexadecimal digits to base64, in which the wire writes MD5 alone.
fn base64_from_hex(hex: &str) -> String {
    let byte = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).filter_map(byte).collect();
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::base64_from_hex;

    #[test]
    fn md5_goes_over_the_wire_in_base64() {
        assert_eq!(
            base64_from_hex("900150983cd24fb0d6963f7d28e17f72"),
            "kAFQmDzST7DWlj99KOF/cg=="
        );
    }
}
