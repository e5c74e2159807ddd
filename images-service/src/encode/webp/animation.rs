//! Animated WebP. The library finds what changes from frame to frame.

use std::{
    ffi::{CStr, c_int},
    mem::MaybeUninit,
};

use libwebp_sys::{
    WEBP_MUX_ABI_VERSION, WebPAnimEncoder, WebPAnimEncoderAdd, WebPAnimEncoderAssemble,
    WebPAnimEncoderDelete, WebPAnimEncoderGetError, WebPAnimEncoderNewInternal,
    WebPAnimEncoderOptions, WebPAnimEncoderOptionsInitInternal, WebPConfig, WebPData,
    WebPDataClear, WebPEncodingError,
};
use safelight_protocol::Format;

use super::{WebpPicture as Canvas, config, dimensions, failed, library_error, mismatch};
use crate::{
    deadline::Deadline,
    error::{ServiceError, out_of_memory},
    options::Size,
    picture::{LoopCount, Picture},
};

/// Encodes all frames.
pub(in crate::encode) fn animated(
    picture: &Picture,
    quality: u8,
    deadline: &Deadline,
) -> Result<Vec<u8>, ServiceError> {
    let size = picture.size();
    let (width, height, _) = dimensions(picture.first())?;
    let config = config(size, quality)?;
    let options = options(size, picture.loop_count())?;
    let encoder = Encoder::new(size, [width, height], &options)?;
    let mut at: c_int = 0;
    for frame in picture.frames() {
        deadline.check()?;
        let mut canvas = Canvas::new(size)?;
        // The library compares frames in ARGB.
        canvas.import(&frame.image, true)?;
        encoder.add(&mut canvas, at, &config)?;
        let end = c_int::try_from(frame.delay).ok();
        at = end.and_then(|delay| at.checked_add(delay)).ok_or_else(|| {
            failed(
                Format::Webp,
                size,
                "it takes longer than the format can say",
            )
        })?;
    }
    encoder.finish(at)
}

fn options(size: Size, plays: LoopCount) -> Result<WebPAnimEncoderOptions, ServiceError> {
    let mut options = MaybeUninit::<WebPAnimEncoderOptions>::zeroed();
    // SAFETY: the library writes defaults into the structure, and zeroes are good values for all of its fields.
    let mut options = unsafe {
        if WebPAnimEncoderOptionsInitInternal(options.as_mut_ptr(), VERSION) == 0 {
            return Err(mismatch(size));
        }
        options.assume_init()
    };
    // Key frames are not forced. A reader that begins at the start needs none, and each is encoded twice.
    options.kmin = c_int::MAX - 1;
    options.kmax = c_int::MAX;
    options.anim_params.loop_count = match plays {
        LoopCount::Infinite => 0,
        LoopCount::Finite(times) => c_int::try_from(times.get())
            .unwrap_or(MAX_LOOPS)
            .min(MAX_LOOPS),
    };
    Ok(options)
}

/// The largest loop count: the file has 16 bits for it.
const MAX_LOOPS: c_int = 0xFFFF;

#[expect(
    clippy::cast_possible_wrap,
    reason = "the number that the library was compiled with"
)]
const VERSION: c_int = WEBP_MUX_ABI_VERSION as c_int;

/// An encoder that frees what the library allocated for it.
struct Encoder {
    raw: *mut WebPAnimEncoder,
    size: Size,
}

impl Encoder {
    fn new(
        size: Size,
        [width, height]: [c_int; 2],
        options: &WebPAnimEncoderOptions,
    ) -> Result<Self, ServiceError> {
        // SAFETY: the options were initialised by the library, which copies them.
        let raw = unsafe { WebPAnimEncoderNewInternal(width, height, options, VERSION) };
        if raw.is_null() {
            return Err(out_of_memory());
        }
        Ok(Self { raw, size })
    }

    /// Adds a frame that is shown from `at` on, in milliseconds.
    fn add(&self, canvas: &mut Canvas, at: c_int, config: &WebPConfig) -> Result<(), ServiceError> {
        // SAFETY: the encoder is alive; picture and config were initialised by the library, which is done with the
        // picture when the call returns.
        let done = unsafe { WebPAnimEncoderAdd(self.raw, &raw mut canvas.0, at, config) };
        match (done, canvas.0.error_code) {
            (0, WebPEncodingError::VP8_ENC_OK) => Err(self.error()),
            (0, code) => Err(library_error(self.size, code)),
            _ => Ok(()),
        }
    }

    /// Returns the file, whose last frame ends at `end`, in milliseconds.
    fn finish(self, end: c_int) -> Result<Vec<u8>, ServiceError> {
        // SAFETY: the encoder is alive; a null frame marks the end of the last one.
        let ended =
            unsafe { WebPAnimEncoderAdd(self.raw, std::ptr::null_mut(), end, std::ptr::null()) };
        let mut data = WebPData {
            bytes: std::ptr::null(),
            size: 0,
        };
        // SAFETY: the encoder and the structure it fills are alive.
        let done = ended != 0 && unsafe { WebPAnimEncoderAssemble(self.raw, &raw mut data) } != 0;
        if !done || data.bytes.is_null() {
            return Err(self.error());
        }
        // SAFETY: the library has written `size` bytes from `bytes` on, and they are freed only after this copy.
        let bytes = unsafe { std::slice::from_raw_parts(data.bytes, data.size) }.to_vec();
        // SAFETY: the library allocated it, and nothing else frees it.
        unsafe { WebPDataClear(&mut data) };
        Ok(bytes)
    }

    fn error(&self) -> ServiceError {
        // SAFETY: the text belongs to the encoder, which is alive, and ends with a zero.
        let text = unsafe {
            let text = WebPAnimEncoderGetError(self.raw);
            if text.is_null() {
                String::new()
            } else {
                CStr::from_ptr(text).to_string_lossy().into_owned()
            }
        };
        failed(Format::Webp, self.size, format!("libwebp says {text}"))
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the library has made the encoder, and it is freed once.
        unsafe { WebPAnimEncoderDelete(self.raw) }
    }
}
