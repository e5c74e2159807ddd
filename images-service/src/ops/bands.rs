//! Runs work on bands of rows on all processors.

use std::{
    num::NonZero,
    sync::{Mutex, OnceLock, PoisonError},
    thread,
};

use crate::options::Size;

/// The minimum number of pixels of a band. With fewer, the start of a thread costs more than it saves.
const MIN_PIXELS: usize = 1 << 18;

/// Returns the number of rows of each band of a picture but the last, at least 1.
pub(super) fn rows_each(size: Size) -> usize {
    let count = (size.pixels() / MIN_PIXELS).clamp(1, processors());
    (size.height as usize).div_ceil(count).max(1)
}

/// Works on all bands of `each` rows of `stride` bytes. `work` gets the index of a band's first row.
pub(super) fn for_each(
    data: &mut [u8],
    stride: usize,
    each: usize,
    work: impl Fn(usize, &mut [u8]) + Sync,
) {
    let length = stride.saturating_mul(each).max(1);
    let count = data.len().div_ceil(length);
    let bands = Mutex::new(data.chunks_mut(length).enumerate());
    let next = || bands.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work_off = || {
        while let Some((band, rows)) = next() {
            work(band * each, rows);
        }
    };
    thread::scope(|scope| {
        for _ in 1..count {
            // If no other thread starts, this one works on more bands.
            let _thread = thread::Builder::new().spawn_scoped(scope, work_off);
        }
        work_off();
    });
}

static PROCESSORS: OnceLock<usize> = OnceLock::new();

/// Returns the number of processors. It is read once, because the system keeps it in files.
fn processors() -> usize {
    *PROCESSORS.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}

/// Sets the number of processors, for a process that cannot read files.
pub(crate) fn set_processors(count: usize) {
    // A number that was read before is as good.
    let _kept = PROCESSORS.set(count.max(1));
}

#[cfg(test)]
mod tests {
    use super::{for_each, rows_each};
    use crate::options::Size;

    #[test]
    fn every_row_is_worked_on_once_and_knows_its_number() {
        for each in 1..9 {
            let mut data = vec![0; 7 * 3];
            for_each(&mut data, 3, each, |first, rows| {
                for (row, bytes) in rows.chunks_mut(3).enumerate() {
                    for byte in bytes {
                        *byte += u8::try_from(first + row + 1).unwrap();
                    }
                }
            });
            let rows: Vec<u8> = data.chunks(3).map(|row| row[0]).collect();
            assert_eq!(rows, [1, 2, 3, 4, 5, 6, 7], "{each} rows each");
            assert!(data.chunks(3).all(|row| row == [row[0]; 3]));
        }
    }

    #[test]
    fn a_small_picture_is_one_band_and_none_is_without_rows() {
        assert_eq!(rows_each(Size::new(100, 100)), 100);
        assert_eq!(rows_each(Size::new(0, 0)), 1);
        assert!(rows_each(Size::new(12_000, 8_000)) <= 8_000);
    }
}
