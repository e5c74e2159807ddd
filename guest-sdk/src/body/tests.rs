//! The guarantees that a reader of a body has.

use super::{Body, MAX_CHUNK};
use crate::{Error, now::now};

fn lines(count: usize) -> Body {
    Body::stream(async move |body| {
        for line in 0..count {
            body.write(format!("{line}\n")).await;
        }
        Ok(())
    })
}

#[test]
fn known_lengths_add_up_and_one_unknown_length_hides_the_sum() {
    assert_eq!(
        Body::join(["ab".into(), Body::empty(), "cde".into()]).length(),
        Some(5)
    );
    assert_eq!(Body::join(["ab".into(), lines(1)]).length(), None);
}

#[test]
fn joined_bodies_are_read_in_order_and_empty_ones_do_not_end_them() {
    let body = Body::join([
        Body::empty(),
        "ab".into(),
        lines(2),
        Body::empty(),
        "z".into(),
    ]);
    assert_eq!(now(body.text(100)).unwrap(), "ab0\n1\nz");
}

#[test]
fn a_long_body_is_read_in_steps() {
    let mut body = Body::from(vec![7; MAX_CHUNK + 1]);
    assert_eq!(now(body.chunk()).unwrap().map(<[u8]>::len), Some(MAX_CHUNK));
    assert_eq!(now(body.chunk()).unwrap().map(<[u8]>::len), Some(1));
    assert_eq!(now(body.chunk()).unwrap(), None);
}

#[test]
fn a_body_of_exactly_the_limit_is_collected_and_one_byte_more_is_not() {
    assert_eq!(now(lines(2).collect(4)).unwrap(), b"0\n1\n");
    for body in [lines(2), Body::from("0\n1\n")] {
        assert_eq!(
            now(body.collect(3)).unwrap_err().to_string(),
            "the body has more than 3 bytes"
        );
    }
}

#[test]
fn an_empty_piece_does_not_end_a_stream() {
    let body = Body::stream(async |body| {
        body.write("a").await;
        body.write("").await;
        body.write("b").await;
        Ok(())
    });
    assert_eq!(now(body.text(9)).unwrap(), "ab");
}

#[test]
fn a_stream_that_fails_never_ends_well() {
    let mut body = Body::stream(async |body| {
        body.write("half").await;
        Err(Error::from("no more"))
    });
    assert_eq!(now(body.chunk()).unwrap(), Some(&b"half"[..]));
    assert_eq!(now(body.chunk()).unwrap_err().to_string(), "no more");
    assert!(now(body.chunk()).is_err());
}

#[test]
fn a_body_copied_into_a_stream_brings_its_failure_along() {
    let broken = Body::stream(async |_| Err(Error::from("gone")));
    let copy = Body::stream(async move |body| {
        body.copy(Body::from("start ")).await?;
        body.copy(broken).await
    });
    assert_eq!(now(copy.text(99)).unwrap_err().to_string(), "gone");
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    assert_eq!(
        now(Body::from(vec![0xFF]).text(9)).unwrap_err().to_string(),
        "the body is not text in UTF-8"
    );
}
