//! Files whose errors would flood or control the terminal.

use super::errors;

#[test]
fn past_a_hundred_mistakes_the_rest_is_counted() {
    let mut text = String::from("main = 'w.wasm'\n");
    for index in 0..1000 {
        text.push_str(&format!("unknown{index} = 1\n"));
    }
    let message = errors(&text);
    assert_eq!(message.lines().count(), 101);
    assert!(message.ends_with("\nand 900 more"), "{message}");
}

#[test]
fn a_mistake_without_a_position_is_shown_however_many_others_there_are() {
    let unknown: String = (0..1000)
        .map(|index| format!("unknown{index} = 1\n"))
        .collect();
    let message = errors(&unknown);
    assert!(
        message.starts_with("wrangler.toml: `main` is missing\n"),
        "{message}"
    );
    assert_eq!(message.lines().count(), 101);
    assert!(message.ends_with("\nand 901 more"), "{message}");
}

#[test]
fn a_key_cannot_steer_the_terminal_or_fill_it() {
    let long = "x".repeat(10_000);
    let text = format!("main = 'w.wasm'\n\"\\u001b[2J\" = 1\n{long} = 1");
    let message = errors(&text);
    assert!(
        message.contains(r#"wrangler.toml:2:1: `"\u{1b}[2J"` is not"#),
        "{message}"
    );
    assert!(message.len() < 250, "{message}");
}

#[test]
fn a_list_of_tables_has_an_end() {
    for (key, of) in [
        ("r2_buckets", "buckets"),
        ("services", "services"),
        ("safelight.faults", "faults"),
    ] {
        let text = format!("main = 'w.wasm'\n{}", format!("[[{key}]]\n").repeat(101));
        let message = errors(&text);
        let expected = format!("`{key}` has more than 100 {of}");
        assert!(message.contains(&expected), "{message}");
        // None of them is looked at.
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}
