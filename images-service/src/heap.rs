//! Settings of the C allocator for the images process.

/// Lets all threads share one heap, which keeps what a picture leaves for the next one.
///
/// By itself glibc makes a heap for every thread, each of which keeps what its largest request needed, and gives
/// large buffers back to the kernel, which clears their pages for the next request one by one.
///
/// To be called once, when a process that is there for pictures starts: threads that have a heap keep it.
pub fn limit_malloc_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::limit_malloc_arenas();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "the C library has no other way to be told at run time"
)]
mod glibc {
    use std::ffi::c_int;

    use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, mallopt};

    /// Buffers from this size on are the kernel's own business; glibc takes no larger number.
    const LARGE: c_int = 32 << 20;
    /// Bytes that are kept at the heap's end when they are free.
    const KEPT: c_int = 64 << 20;

    pub(super) fn limit_malloc_arenas() {
        let settings = [
            (M_ARENA_MAX, 1),
            (M_MMAP_THRESHOLD, LARGE),
            (M_TRIM_THRESHOLD, KEPT),
        ];
        for (setting, value) in settings {
            // SAFETY: it takes two numbers and locks the heap itself.
            if unsafe { mallopt(setting, value) } == 0 {
                tracing::warn!(setting, value, "the heap stays as it is");
            }
        }
    }
}
