//! How the system's allocator treats large blocks.

/// Lets blocks of a mebibyte and more go back to the system when they are freed.
///
/// Hashing a password takes a block of some twenty. glibc raises its threshold to the size of the first one that is freed, and from then on serves such
/// blocks from its heap, which it seldom gives back: under the same load, a server that had seen logins peaked at 75 MiB, and at 52 with this.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn return_large_blocks() {
    const LARGE: libc::c_int = 1 << 20;
    // SAFETY: `mallopt` takes two numbers and sets a parameter of the allocator, under the allocator's own lock. That it was refused would leave
    // the default.
    #[expect(unsafe_code, reason = "the C library has no safe form of it")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Other allocators give large blocks back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn return_large_blocks() {}
