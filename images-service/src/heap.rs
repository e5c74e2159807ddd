//! Settings of the C allocator for the images process.

/// Makes all threads share one heap, which keeps the memory of one picture for the next.
///
/// By default glibc makes a heap for every thread, which keeps what its largest request needed. It returns large
/// buffers to the kernel, which clears their pages for the next request.
///
/// The images process calls this once when it starts, because a thread that has a heap keeps it.
pub fn limit_malloc_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::limit_malloc_arenas();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "`mallopt` is the only way to set these at run time"
)]
mod glibc {
    use std::ffi::c_int;

    use libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, mallopt};

    /// The bytes from which a buffer is mapped by the kernel. glibc takes no larger number.
    const LARGE: c_int = 32 << 20;
    /// The free bytes that are kept at the heap's end.
    const KEPT: c_int = 64 << 20;

    pub(super) fn limit_malloc_arenas() {
        let settings = [
            (M_ARENA_MAX, 1),
            (M_MMAP_THRESHOLD, LARGE),
            (M_TRIM_THRESHOLD, KEPT),
        ];
        for (setting, value) in settings {
            // SAFETY: the function takes two numbers, and locks the heap itself.
            if unsafe { mallopt(setting, value) } == 0 {
                tracing::warn!(setting, value, "the heap stays as it is");
            }
        }
    }
}
