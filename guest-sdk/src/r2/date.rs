//! Dates on the wire, in milliseconds since the epoch, and dates in headers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the epoch. A date before the epoch becomes the epoch.
pub(super) fn to_ms(date: SystemTime) -> u64 {
    let since = date.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The date. A date that a clock cannot represent becomes the epoch.
pub(super) fn from_ms(ms: u64) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_millis(ms))
        .unwrap_or(UNIX_EPOCH)
}

/// The first second of the year 10000. A header's date has four digits for the year.
const YEAR_10000: u64 = 253_402_300_800;

/// The date in a header's form, such as `Sun, 06 Nov 1994 08:49:37 GMT`; `None` after the year 9999.
pub(super) fn http(date: SystemTime) -> Option<String> {
    let ms = to_ms(date);
    let is_representable = ms / 1000 < YEAR_10000;
    is_representable.then(|| httpdate::fmt_http_date(from_ms(ms)))
}

/// Parses a date on or after the epoch, in one of the three forms of HTTP.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{from_ms, http, parse, to_ms};

    #[test]
    fn a_header_has_the_date_in_its_own_form() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(http(from_ms(784_111_777_999)).as_deref(), Some(text));
        assert_eq!(parse(text).map(to_ms), Some(784_111_777_000));
    }

    #[test]
    fn dates_that_a_header_cannot_tell_are_the_epoch_or_nothing() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        let epoch = "Thu, 01 Jan 1970 00:00:00 GMT";
        assert_eq!(http(before).as_deref(), Some(epoch));
        let last = "Fri, 31 Dec 9999 23:59:59 GMT";
        assert_eq!(http(from_ms(253_402_300_799_999)).as_deref(), Some(last));
        for ms in [253_402_300_800_000, u64::MAX] {
            assert_eq!(http(from_ms(ms)), None, "{ms}");
        }
    }

    #[test]
    fn the_older_forms_of_a_date_are_read_as_well() {
        for text in ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(text).map(to_ms), Some(784_111_777_000), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Tue, 31 Feb 2000 00:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Thu, 01 Jan 0000 00:00:00 GMT",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
