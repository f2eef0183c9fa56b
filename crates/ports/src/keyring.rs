//! Where the program's own keys are kept.

use std::io;

/// Keeps secret bytes by name: the key that signs tokens, the key that seals cursors.
pub trait Keyring: Send + Sync + 'static {
    /// The secret called `name`; when there is none yet, `size_bytes` random bytes are made and kept first.
    ///
    /// # Errors
    /// When it cannot be read or kept, or has another size. [`io::ErrorKind::NotConnected`] says nothing of the secret itself: where it is kept could
    /// not be asked.
    fn secret(&self, name: &str, size_bytes: usize) -> io::Result<Vec<u8>>;
}
