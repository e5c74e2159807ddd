//! Dates of the wire, in milliseconds since the epoch, and of headers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch; dates before it are the epoch.
pub(super) fn to_ms(date: SystemTime) -> u64 {
    let since = date.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The date; one that a clock cannot tell is the epoch.
pub(super) fn from_ms(ms: u64) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_millis(ms))
        .unwrap_or(UNIX_EPOCH)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The date as a header has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http(date: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let seconds = to_ms(date) / 1000;
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], number: u64| {
        let number = usize::try_from(number).unwrap_or(0);
        names.get(number % names.len()).copied().unwrap_or_default()
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days % 7),
        name(&MONTHS, month - 1),
        time / 3600,
        time / 60 % 60,
        time % 60
    )
}

/// A date in that form, on or after the epoch, of a year that has four digits.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    };
    let month = text.get(8..11)?;
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    let (day, year) = (number(5, 7)?, number(12, 16)?);
    let (hour, minute, second) = (number(17, 19)?, number(20, 22)?, number(23, 25)?);
    // Days by which the year of the date begins, counted from March, and the epoch.
    let (years, months) = match month {
        1 | 2 => (year.checked_sub(1)?, month + 9),
        _ => (year, month - 3),
    };
    let of_year = (153 * months + 2) / 5 + day.checked_sub(1)?;
    let days = 365 * years + years / 4 - years / 100 + years / 400 + of_year;
    let seconds = days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second;
    let date = from_ms(seconds * 1000);
    // Written out it must be the same text: so there is no 31st of February, and nothing between the numbers but what belongs there.
    (http(date) == text).then_some(date)
}

/// Year, month and day of the so-manieth day after the epoch. Years are counted from March, so that the odd day of
/// a leap year is its last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{from_ms, http, parse, to_ms};

    #[test]
    fn a_header_has_the_date_in_its_own_form() {
        for (ms, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777_999, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_767_225_599_000, "Wed, 31 Dec 2025 23:59:59 GMT"),
        ] {
            assert_eq!(http(from_ms(ms)), expected);
            assert_eq!(to_ms(from_ms(ms)), ms);
            assert_eq!(parse(expected).map(to_ms), Some(ms - ms % 1000));
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Tue, 31 Feb 2000 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08-49-37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Thu, 01 Jan 0000 00:00:00 GMT",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
