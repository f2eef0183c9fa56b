//! Keys that are the same in every test.

use mainstay_ports::Keyring;
use std::io;

/// A keyring whose every secret is the same byte over and over, so that tests are repeatable.
#[derive(Debug, Clone, Copy)]
pub struct FixedKeyring(pub u8);

impl Keyring for FixedKeyring {
    fn secret(&self, _name: &str, size_bytes: usize) -> io::Result<Vec<u8>> {
        Ok(vec![self.0; size_bytes])
    }
}
