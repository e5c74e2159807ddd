//! WOFF and WOFF2 fonts with false claims.

use std::io::Write;

use safelight_images::text::TextLimits;
use safelight_protocol::ErrorCode;

use crate::{
    font::{Glyph, tables},
    fonts::Built,
    hostile_fonts::{outcome, within},
    request::Request,
    text::text,
};

/// The bytes as zlib packs them.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A WOFF file of tables that claim a length.
fn woff(tables: &[([u8; 4], Vec<u8>, u32)]) -> Vec<u8> {
    let mut file = b"wOFF\0\x01\0\0\0\0\0\0".to_vec();
    file.extend(u16::try_from(tables.len()).unwrap().to_be_bytes());
    file.resize(44, 0);
    let mut offset = 44 + 20 * tables.len();
    for (tag, content, length) in tables {
        file.extend(tag);
        for number in [offset, content.len()] {
            file.extend(u32::try_from(number).unwrap().to_be_bytes());
        }
        file.extend(length.to_be_bytes());
        file.extend([0; 4]);
        offset += content.len();
    }
    for (_, content, _) in tables {
        file.extend(content);
    }
    file
}

#[test]
fn a_wrapped_font_that_would_be_too_large_is_refused_before_it_is_inflated() {
    let claiming = |claim: u32| {
        let mut tables: Vec<_> = tables(&[Glyph('A', 50, vec![[0, 0, 50, 80]])])
            .into_iter()
            .map(|(tag, table)| {
                let length = u32::try_from(table.len()).unwrap();
                (tag, packed(&table), length)
            })
            .filter(|(_, content, length)| content.len() != *length as usize)
            .collect();
        // Its content is broken, which only inflating it could detect.
        tables.push((*b"zzzz", b"broken".to_vec(), claim));
        Request::from_text(text("A", woff(&tables), 10.0))
            .try_run()
            .unwrap_err()
    };
    let error = claiming(64_000_000);
    assert_eq!(error.code, ErrorCode::BadRequest);
    assert!(error.message.contains("maximum"), "{error}");
    let error = claiming(u32::MAX);
    assert!(error.message.contains("maximum"), "{error}");
    let error = claiming(1_000);
    assert!(error.message.contains("broken"), "{error}");

    let limits = &within(TextLimits {
        inflated_bytes: 300,
        ..TextLimits::default()
    });
    for wrapping in ["woff", "woff2"] {
        let font = Built {
            glyphs: "{'A': (65, 300, [box(0, 0, 200, 800)])}",
            wrapping,
            ..Built::PLAIN
        };
        let text = text("A", font.bytes(), 10.0);
        let error = Request::from_text(text.clone())
            .try_run_within(limits)
            .unwrap_err();
        assert!(
            error.message.contains("maximum is 300"),
            "{wrapping}: {error}"
        );
        assert_eq!(outcome(text), Ok(()), "{wrapping}");
    }
}

#[test]
fn a_table_that_inflates_to_another_length_than_it_claims_is_refused() {
    let wrapped = |change: i64| {
        let tables: Vec<_> = tables(&[Glyph('A', 50, vec![[0, 0, 50, 80]])])
            .into_iter()
            .map(|(tag, mut table)| {
                table.resize(table.len() + 500, 0);
                let change = if tag == *b"hmtx" { change } else { 0 };
                let length = u32::try_from(table.len() as i64 + change).unwrap();
                (tag, packed(&table), length)
            })
            .collect();
        outcome(text("A", woff(&tables), 10.0))
    };
    assert_eq!(wrapped(0), Ok(()));
    assert_eq!(wrapped(1), Err(ErrorCode::BadRequest));
    assert_eq!(wrapped(-1), Err(ErrorCode::BadRequest));
}
