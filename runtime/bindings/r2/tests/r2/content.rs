//! The objects that the writer stores, by their numbers. The tests compare what a killed writer left with them.

/// The keys that numbered puts share.
pub(crate) const PUT_KEYS: u64 = 4;

pub(crate) fn put_key(number: u64) -> String {
    format!("k{}", number % PUT_KEYS)
}

/// No two puts have the same bytes, unless they have none.
pub(crate) fn put_content(number: u64) -> Vec<u8> {
    let length = [0, 10, 300_000, 1_500_000][usize::try_from(number / PUT_KEYS % 4).unwrap()];
    let text = format!("{number} ").into_bytes();
    text.into_iter().cycle().take(length).collect()
}

pub(crate) fn upload_key(number: u64) -> &'static str {
    if number.is_multiple_of(2) {
        "even"
    } else {
        "odd"
    }
}

pub(crate) fn upload_parts(number: u64) -> [String; 3] {
    let part = |place: u64| format!("{number}.{place} ").repeat(100);
    let [first, second, third] = [1, 2, 3].map(part);
    [first, second, third[..50].to_owned()]
}
