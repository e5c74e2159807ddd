//! The errors of buckets and of their storage.

use std::fmt;

use crate::public_path::PublicPathError;

/// The error of a bucket or of its storage. The text follows the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageError {
    /// The name of a bucket has other characters or another length than the platform permits.
    BucketName,
    /// `durability` is neither `disk` nor `process`.
    Durability,
    /// A key describes a store, and there is no `endpoint`.
    NeedsEndpoint,
    /// `endpoint` is not the origin of a URL.
    Endpoint,
    /// `prefix` has a part that a store refuses or rewrites.
    Prefix,
    /// A public path is not valid.
    PublicPath(PublicPathError),
    /// A public path lies within another one, or is the same.
    PublicPathWithin,
    /// A key of `safelight.r2` is the name of no bucket's binding.
    NoSuchBinding,
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicPath(error) => return error.fmt(f),
            Self::PublicPathWithin => "and the public path of another bucket lie within each other",
            Self::NoSuchBinding => "names no binding of `r2_buckets`",
            Self::BucketName => {
                "must have 3 to 63 lowercase letters, digits and `-`, and begin and end with a letter or digit"
            }
            Self::Durability => "must be `disk` or `process`",
            Self::NeedsEndpoint => "has no effect without `safelight.storage.endpoint`",
            Self::Endpoint => "must be `http://` or `https://` and a host, and nothing behind it",
            Self::Prefix => "must be a path of plain names, such as `team/photos`",
        })
    }
}
