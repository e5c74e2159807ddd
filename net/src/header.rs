//! Headers of a response.

use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, Response};

/// The last second of the year 9999, after which HTTP has no form for a date.
const MAX_SECONDS: u64 = 253_402_300_799;

/// Sets a header. A value that no header can have is left out.
pub fn set<B>(response: &mut Response<B>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Formats a time as a date of HTTP.
#[must_use]
pub fn http_date(time: SystemTime) -> String {
    httpdate::fmt_http_date(representable(time))
}

/// Returns a time in whole seconds, clamped to the dates of HTTP: the years 1970 to 9999. A file may have any time.
pub(crate) fn representable(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs().min(MAX_SECONDS));
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::http_date;

    #[test]
    fn a_time_without_a_date_of_http_has_the_nearest_one() {
        let epoch = SystemTime::UNIX_EPOCH;
        let end = epoch + Duration::from_secs(super::MAX_SECONDS);
        for (time, expected) in [
            (
                epoch - Duration::from_secs(1),
                "Thu, 01 Jan 1970 00:00:00 GMT",
            ),
            (epoch, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (end, "Fri, 31 Dec 9999 23:59:59 GMT"),
            (
                end + Duration::from_secs(1),
                "Fri, 31 Dec 9999 23:59:59 GMT",
            ),
        ] {
            assert_eq!(http_date(time), expected, "{time:?}");
        }
    }
}
