//! The grammar from outside: a text, and its fault or its message.

use crate::faults::fault::Fault;

fn message(text: &str) -> String {
    match text.parse::<Fault>() {
        Ok(fault) => panic!("accepted as {fault:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_fault_is_shown_as_the_text_that_it_is_read_from() {
    for text in [
        "IMAGES:delay=250",
        "IMAGES:slow_reader=8192/100",
        "*:slow_writer=1/60000",
        "IMAGES:truncate=200000,nth=2,seed=7",
        "IMAGES:corrupt=0,path=/transform,rate=0.25,seed=0",
        "IMAGES:reset,rate=1",
        "IMAGES:hang,rate=0",
        "MY_IMAGES2:error=9522",
        "IMAGES:status=503,rate=0.000001",
        "IMAGES:crash,nth=1000000000",
        "IMAGES:crash=pixels",
    ] {
        assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
    }
}

#[test]
fn the_order_of_terms_and_the_space_around_them_do_not_matter() {
    let one: Fault = "IMAGES: seed=7 , nth=2,truncate=5".parse().unwrap();
    assert_eq!(one, "IMAGES:truncate=5,nth=2,seed=7".parse().unwrap());
}

#[test]
fn a_fault_applies_to_every_call_by_default() {
    let said: Fault = "IMAGES:hang,every".parse().unwrap();
    assert_eq!(said, "IMAGES:hang".parse().unwrap());
}

const KINDS: &str = "has no kind: expected one of delay, slow_reader, slow_writer, truncate, corrupt, reset, hang, error, status, crash";
const PACE: &str = "expected BYTES/MILLISECONDS, as in 8192/100, from 1/1 to 1073741824/60000";
const RATE: &str =
    "has an invalid rate: expected a number from 0 to 1 with at most six digits after the point";
const PATH: &str =
    "has an invalid path: expected / and printable characters without comma, at most 256 in all";

/// A text that is no fault, and a part of its message.
const MALFORMED: &[(&str, &str)] = &[
    ("hang", "has no target"),
    (":hang", "has an invalid target"),
    ("MY-IMAGES:hang", "has an invalid target"),
    ("IMAGES:", "has an unknown term ``"),
    ("IMAGES:nth=2", KINDS),
    ("IMAGES:explode", "has an unknown term `explode`"),
    ("IMAGES:Hang", "has an unknown term `Hang`"),
    ("IMAGES:\u{1b}[2J", "has an unknown term `\\u{1b}[2J`"),
    ("IMAGES:hang,reset", "gives more than one kind"),
    ("IMAGES:hang,seed=1,seed=1", "gives more than one seed"),
    (
        "IMAGES:hang,every,nth=1",
        "gives more than one of every, nth and rate",
    ),
    (
        "IMAGES:truncate",
        "must give truncate a value, as in `truncate=…`",
    ),
    ("IMAGES:hang=1", "must not give hang a value"),
    (
        "IMAGES:crash=all",
        "has an invalid crash: expected no value, or pixels",
    ),
    (
        "IMAGES:truncate=-1",
        "has an invalid truncate: expected a whole number from 0 to 1099511627776",
    ),
    (
        "IMAGES:truncate=1099511627777",
        "has an invalid truncate: expected a whole number",
    ),
    (
        "IMAGES:corrupt=+1",
        "has an invalid corrupt: expected a whole number",
    ),
    (
        "IMAGES:delay=0",
        "has an invalid delay: expected a whole number from 1 to 600000",
    ),
    (
        "IMAGES:delay=600001",
        "has an invalid delay: expected a whole number from 1 to 600000",
    ),
    ("IMAGES:slow_reader=100", PACE),
    ("IMAGES:slow_reader=0/100", PACE),
    ("IMAGES:slow_writer=1/60001", PACE),
    (
        "IMAGES:error=9999",
        "has an invalid error: expected a code of the Images table, such as 9522",
    ),
    (
        "IMAGES:status=101",
        "has an invalid status: expected a whole number from 200 to 599",
    ),
    (
        "IMAGES:hang,nth=0",
        "has an invalid nth: expected a whole number from 1 to 1000000000",
    ),
    ("IMAGES:hang,rate=1.1", RATE),
    ("IMAGES:hang,rate=.5", RATE),
    ("IMAGES:hang,rate=0.0000001", RATE),
    ("IMAGES:hang,rate=99999999999", RATE),
    ("IMAGES:hang,rate=NaN", RATE),
    ("IMAGES:hang,path=transform", PATH),
    (
        "IMAGES:hang,seed=9223372036854775808",
        "has an invalid seed: expected a whole number",
    ),
];

#[test]
fn a_malformed_fault_is_refused_with_the_reason() {
    for (text, expected) in MALFORMED {
        let message = message(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
    assert_eq!(message(&"x".repeat(1_025)), "is longer than 1024 bytes");
}
