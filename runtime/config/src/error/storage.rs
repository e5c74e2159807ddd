//! The errors of buckets and of their storage.

use std::fmt;

use crate::public_path::PublicPathError;

/// The error of a bucket or of its storage. The text follows the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageError {
    BucketName,
    Durability,
    NeedsEndpoint,
    Endpoint,
    Prefix,
    PublicPath(PublicPathError),
    /// One path lies within another one.
    PublicPathWithin,
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
