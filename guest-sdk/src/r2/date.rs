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

/// The date as a header has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn http(date: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
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
    use super::{from_ms, http, to_ms};

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
        }
    }
}
