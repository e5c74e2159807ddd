//! Texts that cannot be read at all: the first mistake is named with its place.

use super::{errors, load};

fn json_errors(text: &str) -> String {
    load("wrangler.jsonc", text, None).unwrap_err().to_string()
}

#[test]
fn a_syntax_error_has_a_place() {
    assert_eq!(
        errors("main = 'w.wasm'\nname = \n"),
        "wrangler.toml:2:8: string values must be quoted, expected literal string"
    );
    assert_eq!(
        errors("main = 'a'\nmain = 'b'"),
        "wrangler.toml:2:1: duplicate key"
    );
    for (text, message) in [
        (
            "{\n  \"main\" \"w\"\n}",
            "2:10: expected colon after the string or word in object property",
        ),
        ("{\"main\": \"w\" \"name\": \"n\"}", "1:13: expected comma"),
        (
            "{'main': 'w'}",
            "1:2: single-quoted strings are not allowed",
        ),
        ("{main: \"w\"}", "1:2: expected string for object property"),
        (
            "{\"vars\": {\"A\": 0x10}}",
            "1:16: hexadecimal numbers are not allowed",
        ),
        ("{\"main\": \"w\"", "1:1: unterminated object"),
        ("", "1:1: the config is not a table of keys"),
        ("[]", "1:1: the config is not a table of keys"),
    ] {
        assert_eq!(
            json_errors(text),
            format!("wrangler.jsonc:{message}"),
            "{text}"
        );
    }
}

#[test]
fn a_key_given_twice_is_never_one_of_the_two() {
    assert_eq!(
        json_errors("{\n\"main\": \"a\",\n\"main\": \"b\",\n\"vars\": {\"A\": 1, \"A\": 2}}"),
        "\
wrangler.jsonc:3:1: `main` is given twice
wrangler.jsonc:4:18: `A` is given twice"
    );
}

#[test]
fn repeated_keys_past_a_hundred_are_counted() {
    let message = json_errors(&format!("{{{}\"A\": 1}}", "\"A\": 1, ".repeat(1000)));
    assert_eq!(message.lines().count(), 101);
    assert!(message.ends_with("\nand 900 more"), "{message}");
}

#[test]
fn a_number_without_a_value_is_refused() {
    assert_eq!(
        json_errors("{\"vars\": {\"A\": 1e999}}"),
        "wrangler.jsonc:1:16: this number does not fit"
    );
    assert_eq!(
        errors("vars.A = nan"),
        "wrangler.toml:1:10: this number does not fit"
    );
}

#[test]
fn depth_is_bounded_before_it_costs_a_stack() {
    let ours = "nested more than 64 deep";
    let of_json = "maximum nesting depth exceeded";
    let of_toml = "cannot recurse further; max recursion depth met";
    // The parsers have limits of their own, which are met while they read.
    for (depth, json, toml) in [
        (65, ours, ours),
        (400, ours, of_toml),
        (100_000, of_json, of_toml),
    ] {
        let nested = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let error = json_errors(&format!("{{\"vars\": {{\"A\": {nested}}}}}"));
        assert!(error.ends_with(&format!(": {json}")), "{depth}: {error}");
        let error = errors(&format!("vars.A = {nested}"));
        assert!(error.ends_with(&format!(": {toml}")), "{depth}: {error}");
    }
    let fits = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    assert!(
        load(
            "wrangler.toml",
            &format!("main = 'w.wasm'\nvars.A = {fits}"),
            None
        )
        .is_ok()
    );
}
