//! Lines of a log without their times, for tests that compare whole lines.

/// The text with `T` in place of each time, such as `840 µs`.
pub fn masked_times(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(masked_line).collect();
    lines.join("\n")
}

fn masked_line(line: &str) -> String {
    let mut masked: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let unit = word.trim_end_matches([',', ':', ';', ')']);
        match masked.last_mut() {
            Some(number) if is_unit(unit) && is_number(number) => {
                let sign = if number.starts_with('+') { "+" } else { "" };
                let after = word.strip_prefix(unit).unwrap_or_default();
                *number = format!("{sign}T{after}");
            }
            _ => masked.push(word.to_owned()),
        }
    }
    masked.join(" ")
}

fn is_unit(word: &str) -> bool {
    matches!(word, "µs" | "ms" | "s")
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('+').unwrap_or(word);
    digits.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::masked_times;

    #[test]
    fn times_alone_are_masked() {
        let text = "[7] GET /1 200 5 B in 840 µs\n  at 1.5 ms, read 3 +2.41 s: no 7 s-bends";
        let masked = "[7] GET /1 200 5 B in T\n  at T, read 3 +T: no 7 s-bends";
        assert_eq!(masked_times(text), masked);
    }
}
