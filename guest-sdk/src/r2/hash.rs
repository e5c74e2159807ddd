//! Digests that values must have.

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
            "md5" => (name, base64_of_hex(&hex)),
            _ => (name, hex),
        })
    }
}

/// Converts hexadecimal digits to base64, in which the wire writes MD5 alone.
fn base64_of_hex(hex: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    // Six digits are three bytes, and four characters.
    let mut text: String = digits
        .chunks(6)
        .flat_map(|group| {
            let bits = group.iter().fold(0, |bits, digit| bits << 4 | digit);
            let bits = bits << (4 * (6 - group.len()));
            let count = group.len() * 2 / 3 + usize::from(group.len() < 6);
            (0..count).map(move |place| bits >> (18 - 6 * place) & 63)
        })
        .filter_map(|six| ALPHABET.get(usize::try_from(six).ok()?))
        .map(|byte| char::from(*byte))
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64_of_hex;

    #[test]
    fn md5_goes_over_the_wire_in_base64() {
        assert_eq!(
            base64_of_hex("900150983cd24fb0d6963f7d28e17f72"),
            "kAFQmDzST7DWlj99KOF/cg=="
        );
    }
}
