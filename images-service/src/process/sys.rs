//! The calls of the system that need unsafe code.

#![expect(
    unsafe_code,
    reason = "mapped memory, the allocator, and calls that no safe wrapper has"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    io,
    os::fd::AsFd,
    ptr::{self, NonNull},
    slice,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use rustix::mm::{MapFlags, ProtFlags, mmap};

use super::wire::Range;

/// The exit status of a pixel process for which the system has no more memory.
pub(super) const OUT_OF_MEMORY: i32 = 86;

static EXITS_WHEN_OUT_OF_MEMORY: AtomicBool = AtomicBool::new(false);

/// The system's allocator. In a pixel process, an allocation that fails ends the process with a status that says so.
///
/// A Rust program would otherwise abort, as it does for other reasons. Libraries in C get a null pointer and return an
/// error.
#[derive(Debug)]
pub struct ExitWhenOutOfMemory;

impl ExitWhenOutOfMemory {
    /// Begins to end this process at an allocation that fails.
    pub(super) fn begin() {
        EXITS_WHEN_OUT_OF_MEMORY.store(true, Ordering::Relaxed);
    }
}

/// Ends the process if an allocation has failed.
fn checked(allocated: *mut u8) -> *mut u8 {
    if allocated.is_null() && EXITS_WHEN_OUT_OF_MEMORY.load(Ordering::Relaxed) {
        // SAFETY: the function takes a number and never returns.
        unsafe { libc::_exit(OUT_OF_MEMORY) }
    }
    allocated
}

// SAFETY: all calls go to the system's allocator as they are.
unsafe impl GlobalAlloc for ExitWhenOutOfMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the promises of this function, which are the same.
        checked(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { System.realloc(old, layout, size) })
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The input of a pixel process: a file in memory, mapped to be read.
#[derive(Clone)]
pub(super) struct Mapping(Arc<Mapped>);

struct Mapped {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory is only read, and stays mapped as long as the value lives.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Mapping {
    /// Maps a file whose size is `length` and never changes.
    ///
    /// # Errors
    /// Fails when the system refuses.
    pub(super) fn new(file: impl AsFd, length: usize) -> io::Result<Self> {
        // SAFETY: the system chooses the address, so no memory in use is replaced.
        let start = unsafe {
            mmap(
                ptr::null_mut(),
                length,
                ProtFlags::READ,
                MapFlags::SHARED,
                file,
                0,
            )
        }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::Other)?;
        Ok(Self(Arc::new(Mapped { start, length })))
    }

    /// Returns a range of the input, which the other process writes before it sends the range, and leaves alone until
    /// this process has answered.
    ///
    /// # Errors
    /// Fails when the range lies outside the mapping.
    pub(super) fn bytes(&self, range: Range) -> io::Result<Bytes> {
        let Range { start, length } = range;
        let end = start.checked_add(length);
        match end.is_some_and(|end| end <= self.0.length) {
            true => Ok(Bytes::from_owner(MappedRange {
                mapped: Arc::clone(&self.0),
                range,
            })),
            false => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

struct MappedRange {
    mapped: Arc<Mapped>,
    range: Range,
}

impl AsRef<[u8]> for MappedRange {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the range lies within the mapping, which lives as long as this value and is never written by this
        // process. The other process leaves it alone as long as a request lasts.
        unsafe {
            let start = self.mapped.start.as_ptr().add(self.range.start);
            slice::from_raw_parts(start, self.range.length)
        }
    }
}

/// Closes all descriptors but the three standard ones.
///
/// # Errors
/// Fails when the system has no such call.
pub(super) fn close_inherited() -> io::Result<()> {
    // SAFETY: this runs before anything in this process owns a descriptor above 2.
    match unsafe { libc::close_range(3, libc::c_uint::MAX, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Returns the bytes that the heap has taken from the system and not returned, or 0 where the C library does not tell.
pub(super) fn heap_bytes() -> u64 {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: the function takes nothing, and locks the heap itself.
        let heap = unsafe { libc::mallinfo2() };
        heap.arena.saturating_add(heap.hblkhd) as u64
    }
    #[cfg(not(target_env = "gnu"))]
    0
}

/// Returns the free memory of the heap to the system.
pub(super) fn trim_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the function takes a number, and locks the heap itself.
    unsafe {
        libc::malloc_trim(0);
    }
}
