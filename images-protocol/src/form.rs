//! The multipart form that carries one request: field names, boundary, part headers.
//!
//! Parts come in this order: `image` or `text_input`; every `draw_image` and `draw_text`, which share one
//! counter from 1; `transforms`; the options of the output.

/// The base picture.
pub const IMAGE: &str = "image";
/// The base as text, in JSON.
pub const TEXT_INPUT: &str = "text_input";
/// One overlay picture.
pub const DRAW_IMAGE: &str = "draw_image";
/// One overlay as text, in JSON.
pub const DRAW_TEXT: &str = "draw_text";
/// The steps, in JSON.
pub const TRANSFORMS: &str = "transforms";
/// The format of the result.
pub const OUTPUT_FORMAT: &str = "output_format";
/// The quality of the result.
pub const OUTPUT_QUALITY: &str = "output_quality";
/// The colour under the result.
pub const BACKGROUND: &str = "background";
/// `false` if only the first frame of an animation is kept.
pub const ANIM: &str = "anim";

/// A boundary in the platform's form: 26 hyphens and 24 decimal digits made from `random`.
#[must_use]
pub fn boundary(random: u128) -> String {
    format!("{}{:024}", "-".repeat(26), random % 10_u128.pow(24))
}

/// The `content-type` of a form with this boundary.
#[must_use]
pub fn content_type(boundary: &str) -> String {
    format!("multipart/form-data; boundary={boundary}")
}

/// The bytes before the content of a file part. Every part, of either kind, ends with [`PART_END`].
#[must_use]
pub fn file_head(boundary: &str, name: &str) -> String {
    format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n"
    )
}

/// One whole string part.
#[must_use]
pub fn string_part(boundary: &str, name: &str, content: &str) -> String {
    format!(
        "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{content}{PART_END}"
    )
}

/// The bytes after the content of a part.
pub const PART_END: &str = "\r\n";

/// The bytes at the end of the form.
#[must_use]
pub fn tail(boundary: &str) -> String {
    format!("--{boundary}--\r\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_boundary_always_has_fifty_characters() {
        for random in [0, 1, u128::MAX] {
            let boundary = super::boundary(random);
            assert_eq!(boundary.len(), 50, "{boundary}");
            assert!(boundary.starts_with(&"-".repeat(26)));
            assert!(boundary[26..].bytes().all(|byte| byte.is_ascii_digit()));
        }
    }

    #[test]
    fn parts_have_the_platforms_bytes() {
        assert_eq!(
            super::file_head("B", "image"),
            "--B\r\ncontent-disposition: form-data; name=\"image\"; filename=\"image\"\r\n\r\n"
        );
        assert_eq!(
            super::string_part("B", "output_format", "image/png"),
            "--B\r\ncontent-disposition: form-data; name=\"output_format\"\r\n\r\nimage/png\r\n"
        );
        assert_eq!(super::tail("B"), "--B--\r\n");
    }
}
