//! How the system's allocator treats large blocks.

/// Lets blocks of a mebibyte and more go back to the system when they are freed.
///
/// Hashing a password takes a block of some twenty. glibc learns from the first one that is freed that such blocks are common, and from
/// then on keeps as much memory twice over in each of its arenas: a server that had seen logins stayed three times as large as before them.
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
