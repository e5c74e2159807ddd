//! WebP by libwebp. This is the only module of the crate that calls C.
#![expect(
    unsafe_code,
    reason = "libwebp is C; each call below says why its pointers are good"
)]

mod animation;

use std::{ffi::c_int, ptr::from_mut};

use libwebp_sys::{
    WebPConfig, WebPEncode, WebPEncodingError, WebPMemoryWrite, WebPMemoryWriter,
    WebPMemoryWriterClear, WebPMemoryWriterInit, WebPPicture, WebPPictureFree,
    WebPPictureImportRGB, WebPPictureImportRGBA,
};
use safelight_protocol::Format;

use super::{LOSSLESS, failed};
use crate::{
    error::{ServiceError, out_of_memory},
    image::{Channels, Image},
    options::Size,
};

/// The largest side that the format can express.
pub(super) const MAX_SIDE: u32 = 16_383;

pub(super) use self::animation::animated;

/// Encodes one picture. Alpha is lossless. With the highest quality everything is, the colours under full transparency
/// included.
pub(super) fn still(image: &Image, quality: u8) -> Result<Vec<u8>, ServiceError> {
    let size = image.size();
    let config = config(size, quality)?;
    let mut picture = WebpPicture::new(size)?;
    // A lossless picture is imported as ARGB; a lossy one is converted to YUV at once.
    picture.import(image, config.lossless == 1)?;

    let mut output = Memory::new();
    picture.0.writer = Some(WebPMemoryWrite);
    picture.0.custom_ptr = from_mut(&mut output.0).cast();
    // SAFETY: config and picture were initialised by the library; the writer that `custom_ptr` names lives on in
    // `output` until after the call, and nothing else touches it meanwhile.
    let done = unsafe { WebPEncode(&raw const config, &raw mut picture.0) };
    if done == 0 {
        return Err(library_error(size, picture.0.error_code));
    }
    Ok(output.to_vec())
}

/// The effort of the encoder, from 0 to 6. Against the library's own 4, the whole request for a photograph of 800
/// pixels takes 0.6 of the time, with the same score in SSIMULACRA2 and 4 % more bytes. 3 saves nothing.
const METHOD: i32 = 2;

fn config(size: Size, quality: u8) -> Result<WebPConfig, ServiceError> {
    let mut config = WebPConfig::new().map_err(|()| mismatch(size))?;
    if quality == LOSSLESS {
        config.lossless = 1;
        config.exact = 1;
    } else {
        config.quality = f32::from(quality);
        config.method = METHOD;
    }
    Ok(config)
}

fn mismatch(size: Size) -> ServiceError {
    failed(Format::Webp, size, "libwebp has another version")
}

/// A picture that frees what the library allocated for it.
struct WebpPicture(WebPPicture);

impl WebpPicture {
    fn new(size: Size) -> Result<Self, ServiceError> {
        WebPPicture::new().map(Self).map_err(|()| mismatch(size))
    }

    /// Imports the pixels as ARGB, or converts them to YUV.
    #[expect(
        clippy::fn_params_excessive_bools,
        reason = "the library has the same switch"
    )]
    fn import(&mut self, image: &Image, use_argb: bool) -> Result<(), ServiceError> {
        let (width, height, stride) = dimensions(image)?;
        self.0.use_argb = use_argb.into();
        self.0.width = width;
        self.0.height = height;
        let pixels = image.data().as_ptr();
        // SAFETY: an `Image` has exactly `stride` times `height` bytes, which is what the library reads of them.
        let done = unsafe {
            match image.channels() {
                Channels::Rgb => WebPPictureImportRGB(&raw mut self.0, pixels, stride),
                Channels::Rgba => WebPPictureImportRGBA(&raw mut self.0, pixels, stride),
            }
        };
        if done == 0 {
            return Err(library_error(image.size(), self.0.error_code));
        }
        Ok(())
    }
}

impl Drop for WebpPicture {
    fn drop(&mut self) {
        // SAFETY: the library has initialised the picture, and it is freed once.
        unsafe { WebPPictureFree(&raw mut self.0) }
    }
}

/// A growing buffer of the library.
struct Memory(WebPMemoryWriter);

impl Memory {
    fn new() -> Self {
        let mut writer = WebPMemoryWriter {
            mem: std::ptr::null_mut(),
            size: 0,
            max_size: 0,
            pad: [0],
        };
        // SAFETY: the function sets the fields of an existing writer, and nothing else.
        unsafe { WebPMemoryWriterInit(&raw mut writer) };
        Self(writer)
    }

    fn to_vec(&self) -> Vec<u8> {
        if self.0.mem.is_null() {
            return Vec::new();
        }
        // SAFETY: the library has written `size` bytes from `mem` on, and frees them in `drop` only.
        unsafe { std::slice::from_raw_parts(self.0.mem, self.0.size) }.to_vec()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the library has initialised the writer, and it is cleared once.
        unsafe { WebPMemoryWriterClear(&raw mut self.0) }
    }
}

/// Returns width, height and bytes of a row as C numbers. Every size that the format allows fits.
fn dimensions(image: &Image) -> Result<(c_int, c_int, c_int), ServiceError> {
    let Size { width, height } = image.size();
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(failed(
            Format::Webp,
            image.size(),
            format!("a side has at most {MAX_SIDE} pixels"),
        ));
    }
    let whole = |value: usize| {
        c_int::try_from(value).map_err(|error| failed(Format::Webp, image.size(), error))
    };
    Ok((
        whole(width as usize)?,
        whole(height as usize)?,
        whole(image.stride())?,
    ))
}

/// Returns the error of a call of the library that failed with this code.
fn library_error(size: Size, code: WebPEncodingError) -> ServiceError {
    match code {
        WebPEncodingError::VP8_ENC_ERROR_OUT_OF_MEMORY
        | WebPEncodingError::VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY => out_of_memory(),
        code => failed(Format::Webp, size, format!("libwebp says {code:?}")),
    }
}
