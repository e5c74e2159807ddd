//! SVG is never rendered. It is passed on without scripts, handlers and references.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use safelight_net::error_chain;
use safelight_protocol::{ErrorCode, extension::Choose};
use serde_json::json;
use svg_hush::{Filter, data_url_filter::allow_standard_images};

use crate::{
    catch_panic::catch_panic,
    deadline::{Deadline, Work},
    decode::{self, SVG},
    encode::EncodedImage,
    error::ServiceError,
    options::ImageSource,
    pipeline::Checkpoints,
    request::TransformRequest,
};

/// The maximum size of an SVG in bytes.
const MAX_BYTES: usize = 5_000_000;
/// The maximum size of the filtered SVG in bytes. It has each element on a line of its own, which begins with two spaces
/// for each element around it.
const MAX_OUTPUT: usize = 10_000_000;
/// The bytes that the parser takes for each byte of an SVG, measured with the deepest nesting.
const MEMORY: u64 = 430;
/// The work of the parser. Some of it grows with the square of the nesting depth.
const PARSING: Work = Work {
    name: SVG,
    limit: Duration::from_secs(5),
    clause: ", which is the most its parser may take",
};
/// The number of bytes that the parser gets at once. The deadline is checked before each piece.
const PIECE: usize = 512;

/// Returns the result for a source that is SVG, if the request leaves the format open; `None` if it asks for pixels.
pub(crate) fn pass_through(
    request: &TransformRequest,
    deadline: &Deadline,
    checkpoints: &mut dyn Checkpoints,
) -> Result<Option<EncodedImage>, ServiceError> {
    let source = match request.images.first() {
        Some(ImageSource::Encoded(bytes)) => &bytes[..],
        Some(ImageSource::Text(_)) | None => &[],
    };
    let is_svg = decode::is_svg(source);
    let (bytes, content_type) = match request.extension.choose {
        Some(Choose::Svg) if !is_svg => {
            let text = "only an SVG can become image/svg+xml";
            return Err(ServiceError::new(ErrorCode::NotAnImage, text));
        }
        Some(Choose::Source | Choose::Auto | Choose::Fast | Choose::Svg) if is_svg => {
            check_length(source)?;
            deadline.extend(checkpoints.planned(memory(source.len() as u64))?);
            (sanitize(source, deadline)?, SVG)
        }
        Some(Choose::Json) if is_svg => {
            let json = json!({"original": {"format": SVG}});
            deadline.extend(checkpoints.planned(0)?);
            (json.to_string().into_bytes(), "application/json")
        }
        None
        | Some(
            Choose::Png | Choose::Svg | Choose::Source | Choose::Auto | Choose::Fast | Choose::Json,
        ) => return Ok(None),
    };
    Ok(Some(EncodedImage {
        bytes,
        content_type,
    }))
}

/// The bytes that are needed for an SVG of so many bytes.
fn memory(length: u64) -> u64 {
    // The deepest nesting has a level for each three bytes, and the buffer of the output doubles.
    let output = (length.saturating_mul(length) / 9).min(MAX_OUTPUT as u64);
    let parser = MEMORY.saturating_mul(length);
    parser.saturating_add(length).saturating_add(2 * output)
}

fn check_length(source: &[u8]) -> Result<(), ServiceError> {
    if source.len() > MAX_BYTES {
        return Err(ServiceError::new(
            ErrorCode::InputTooLarge,
            format!("{SVG} has more than {MAX_BYTES} bytes"),
        ));
    }
    Ok(())
}

/// Returns a copy without scripts, handlers, foreign content, entities and references to other hosts.
pub(crate) fn sanitize(source: &[u8], deadline: &Deadline) -> Result<Vec<u8>, ServiceError> {
    check_length(source)?;
    let deadline = deadline.within(PARSING, Duration::ZERO);
    let filtered = catch_panic(ErrorCode::DecodingFailed, SVG, || {
        let mut filter = Filter::new();
        filter.set_data_url_filter(allow_standard_images);
        let mut output = BoundedOutput::default();
        let read = filter.filter(
            TimedReader {
                source,
                deadline: &deadline,
            },
            &mut output,
        );
        match output.is_full {
            true => Err(ServiceError::new(
                ErrorCode::InputTooLarge,
                format!(
                    "{SVG} has more than {MAX_OUTPUT} bytes with the indentation of its elements"
                ),
            )),
            false => Ok(read.map(|()| output.bytes)),
        }
    })?;
    // A parser that was stopped may report any error, so the deadline is checked before it.
    deadline.check()?;
    filtered.map_err(|error| {
        ServiceError::new(
            ErrorCode::DecodingFailed,
            format!("could not read {SVG}: {}", error_chain(&error)),
        )
    })
}

/// The filtered bytes, up to [`MAX_OUTPUT`].
#[derive(Default)]
struct BoundedOutput {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for BoundedOutput {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if piece.len() > MAX_OUTPUT - self.bytes.len() {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes in small pieces, as long as there is time.
struct TimedReader<'a> {
    source: &'a [u8],
    deadline: &'a Deadline,
}

impl Read for TimedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.deadline.check().map_err(io::Error::other)?;
        let most = buffer.len().min(PIECE);
        self.source.read(&mut buffer[..most])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use safelight_protocol::ErrorCode;

    use super::{MAX_BYTES, PARSING, sanitize};
    use crate::deadline::Deadline;

    fn unhurried() -> Deadline {
        Deadline::new(Duration::MAX)
    }

    fn filtered(inside: &str) -> String {
        let xlink = "xmlns:xlink='http://www.w3.org/1999/xlink'";
        let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' {xlink}>{inside}</svg>");
        String::from_utf8(sanitize(svg.as_bytes(), &unhurried()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_only_a_picture_stays() {
        for kept in [
            "width=\"3\"",
            "href=\"#id\"",
            "data:image/png;base64,AAAA",
            "fill: red",
        ] {
            let svg = filtered(
                "<defs><linearGradient id='id'/></defs><use xlink:href='#id'/><rect width='3' style='fill: red'/>\
                 <image href='data:image/png;base64,AAAA'/>",
            );
            assert!(svg.contains(kept), "{kept}: {svg}");
        }
    }

    #[test]
    fn what_could_do_harm_is_gone() {
        for harm in [
            "<script>evil()</script>",
            "<rect onload='evil()'/>",
            "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>evil</body></foreignObject>",
            "<a href='javascript:evil()'>x</a>",
            "<a xlink:href='https://evil.test/'>x</a>",
            "<image href='https://evil.test/a.png'/>",
            "<image href='data:text/html,evil'/>",
            "<style>@import 'https://evil.test/';</style>",
            "<rect style='fill: url(https://evil.test/#a)'/>",
            "<?evil go?><!-- evil -->",
            "<evil:script xmlns:evil='http://www.w3.org/1999/xhtml'>evil</evil:script>",
        ] {
            let svg = filtered(harm);
            assert!(!svg.contains("evil"), "{harm}: {svg}");
        }
        // The animation is removed, so its values have no effect.
        let animated = filtered("<animate attributeName='href' values='javascript:evil()'/>");
        assert!(!animated.contains("href"), "{animated}");
    }

    #[test]
    fn entities_do_not_multiply() {
        let lol = "<!DOCTYPE svg [<!ENTITY a 'evil'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>\
                   <!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>\
                   <!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'>]>";
        let svg = format!("{lol}<svg xmlns='http://www.w3.org/2000/svg'><text>&e;</text></svg>");
        let error = sanitize(svg.as_bytes(), &unhurried()).unwrap_err();
        assert_eq!(error.code, ErrorCode::DecodingFailed);
    }

    #[test]
    fn what_is_broken_too_large_or_takes_too_long_is_an_error() {
        let code = |svg: &[u8], deadline: &Deadline| sanitize(svg, deadline).unwrap_err().code;
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><g>";
        assert_eq!(code(svg, &unhurried()), ErrorCode::DecodingFailed);
        assert_eq!(code(b"<svg>", &unhurried()), ErrorCode::DecodingFailed);
        let large = vec![b' '; MAX_BYTES + 1];
        assert_eq!(code(&large, &unhurried()), ErrorCode::InputTooLarge);
        // The indentation of 3,000 levels has 18 MB.
        let deep = format!(
            "<svg xmlns='http://www.w3.org/2000/svg'>{}{}</svg>",
            "<g>".repeat(3_000),
            "</g>".repeat(3_000)
        );
        assert_eq!(
            code(deep.as_bytes(), &unhurried()),
            ErrorCode::InputTooLarge
        );
        let hurried = Deadline::new(Duration::ZERO);
        assert_eq!(code(svg, &hurried), ErrorCode::DeadlinePassed);
        let over = unhurried().within(PARSING, PARSING.limit);
        assert_eq!(
            over.check().unwrap_err().message,
            "image/svg+xml took longer than 5000 ms, which is the most its parser may take"
        );
    }
}
