//! Random names: unique, and impossible to guess.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

use super::error::{Code, R2Error};

/// 16 random bytes in lower-case hex.
pub(super) fn hex_id() -> Result<String, R2Error> {
    bytes::<16>().map(hex::encode)
}

/// 128 random bytes in URL-safe base64.
pub(super) fn upload_id() -> Result<String, R2Error> {
    bytes::<128>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

fn bytes<const LENGTH: usize>() -> Result<[u8; LENGTH], R2Error> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| R2Error::new(Code::Internal, "the system gives no random numbers"))?;
    Ok(bytes)
}
