//! Digests of a value, computed while it is stored: MD5, and the digest that the caller expects.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use ring::digest::{self, Context};

use super::error::{Code, R2Error};

/// The algorithms of a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    pub(super) const ALL: [Self; 5] = [
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The name of a checksum in an object's JSON.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Md5 => "0",
            Self::Sha1 => "1",
            Self::Sha256 => "2",
            Self::Sha384 => "3",
            Self::Sha512 => "4",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The length of a digest in bytes.
    fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn context(self) -> Option<Context> {
        let algorithm = match self {
            Self::Md5 => return None,
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        Some(Context::new(algorithm))
    }
}

/// The digest that the caller expects the value to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpectedDigest {
    pub(super) algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl ExpectedDigest {
    /// Parses a digest of the wire: MD5 in base64, the others in hex.
    pub(super) fn parse(algorithm: Algorithm, text: &str) -> Result<Self, R2Error> {
        let bytes = match algorithm {
            Algorithm::Md5 => STANDARD.decode(text).ok(),
            Algorithm::Sha1 | Algorithm::Sha256 | Algorithm::Sha384 | Algorithm::Sha512 => {
                hex::decode(text).ok()
            }
        };
        match bytes {
            Some(bytes) if bytes.len() == algorithm.length() => Ok(Self { algorithm, bytes }),
            _ => Err(R2Error::new(
                Code::DigestMalformed,
                format!("the {} digest is malformed", algorithm.name()),
            )),
        }
    }
}

/// Digests a value, piece by piece.
pub(super) struct Hasher {
    md5: Md5,
    expected: Option<(ExpectedDigest, Option<Context>)>,
}

/// The digests of a whole value, in hex.
pub(super) struct Digests {
    pub(super) md5: String,
    /// The digests that the object keeps.
    pub(super) checksums: Vec<(Algorithm, String)>,
}

impl Hasher {
    pub(super) fn new(expected: Option<ExpectedDigest>) -> Self {
        Self {
            md5: Md5::new(),
            expected: expected.map(|expected| {
                let context = expected.algorithm.context();
                (expected, context)
            }),
        }
    }

    pub(super) fn update(&mut self, piece: &[u8]) {
        self.md5.update(piece);
        if let Some((_, Some(context))) = &mut self.expected {
            context.update(piece);
        }
    }

    /// # Errors
    /// Fails when the value does not have the expected digest.
    pub(super) fn finish(self) -> Result<Digests, R2Error> {
        let md5 = self.md5.finalize();
        let mut checksums = vec![(Algorithm::Md5, hex::encode(md5))];
        if let Some((expected, context)) = self.expected {
            let computed = match context {
                Some(context) => context.finish().as_ref().to_vec(),
                None => md5.to_vec(),
            };
            if computed != expected.bytes {
                return Err(mismatch(&expected, &computed));
            }
            if expected.algorithm != Algorithm::Md5 {
                checksums.push((expected.algorithm, hex::encode(&computed)));
            }
        }
        Ok(Digests {
            md5: hex::encode(md5),
            checksums,
        })
    }
}

fn mismatch(expected: &ExpectedDigest, computed: &[u8]) -> R2Error {
    let name = expected.algorithm.name();
    R2Error::new(
        Code::DigestMismatch,
        format!(
            "The {name} checksum you specified did not match what we received. You provided a {name} \
             checksum with value: {}. Actual {name} was: {}",
            hex::encode(&expected.bytes),
            hex::encode(computed)
        ),
    )
}

/// The entity tag of an object of parts with these MD5 sums, in hex.
pub(super) fn etag_of_parts<'a>(parts: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = parts.len();
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(hex::decode(part).unwrap_or_default());
    }
    format!("{}-{count}", hex::encode(md5.finalize()))
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, ExpectedDigest, Hasher, etag_of_parts};

    #[test]
    fn a_value_has_the_platforms_tag() {
        let mut hasher = Hasher::new(None);
        hasher.update(b"val");
        hasher.update(b"ue");
        assert_eq!(
            hasher.finish().unwrap().md5,
            "2063c1608d6e0baf80249c42e2be5804"
        );
    }

    #[test]
    fn parts_have_the_platforms_tag() {
        let part = |text: &str| {
            let mut hasher = Hasher::new(None);
            hasher.update(text.as_bytes());
            hasher.finish().unwrap().md5
        };
        let parts = ["1".repeat(50), "2".repeat(50), "3".into()].map(|text| part(&text));
        let etag = |parts: &[String]| etag_of_parts(parts.iter().map(String::as_str));
        assert_eq!(etag(&[]), "d41d8cd98f00b204e9800998ecf8427e-0");
        assert_eq!(etag(&[part("1")]), "46d1741e8075da4ac72c71d8130fcb71-1");
        assert_eq!(etag(&parts), "3b676245e58d988dc75f80c0c27a9645-3");
    }

    #[test]
    fn every_algorithm_is_compared_and_kept() {
        for (algorithm, digest_of_abc) in [
            (Algorithm::Md5, "kAFQmDzST7DWlj99KOF/cg=="),
            (Algorithm::Sha1, "A9993E364706816ABA3E25717850C26C9CD0D89D"),
            (
                Algorithm::Sha256,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                Algorithm::Sha384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                Algorithm::Sha512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let digested = |text: &str| {
                let mut hasher = Hasher::new(Some(
                    ExpectedDigest::parse(algorithm, digest_of_abc).unwrap(),
                ));
                hasher.update(text.as_bytes());
                hasher.finish()
            };
            let kept = digested("abc").unwrap().checksums;
            assert_eq!(kept.last().unwrap().0, algorithm);
            let Err(error) = digested("abd") else {
                panic!("{algorithm:?} of another text is taken")
            };
            assert_eq!(error.code.number(), 10037);
        }
    }

    #[test]
    fn a_text_that_is_no_digest_is_refused() {
        for (algorithm, text) in [
            (Algorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
            (Algorithm::Md5, "!"),
            (Algorithm::Sha1, "a9993e"),
            (Algorithm::Sha1, "zz993e364706816aba3e25717850c26c9cd0d89d"),
            (Algorithm::Sha256, "é"),
        ] {
            let error = ExpectedDigest::parse(algorithm, text).unwrap_err();
            assert_eq!(error.code.number(), 10014, "{text}");
        }
    }
}
