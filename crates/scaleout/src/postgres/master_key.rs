//! The key that seals the keys in the database.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
use std::io::{self, ErrorKind};

/// The key that seals the keys in the database, so that who has a copy of it cannot sign as the program. It is given to each node and kept by none.
pub struct MasterKey {
    key: LessSafeKey,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// Reads 32 bytes in base64, as `openssl rand -base64 32` writes them; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        Some(MasterKey { key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?) })
    }

    /// Seals a secret as `nonce ‖ sealed` with AES-256-GCM (NIST SP 800-38D). It opens under its own name alone.
    pub(crate) fn seal(&self, name: &str, secret: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        let random = SystemRandom::new().fill(&mut nonce);
        random.map_err(|_| io::Error::other("the system gives no random numbers"))?;
        let mut content = secret.to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        let sealed = self.key.seal_in_place_append_tag(sealing, Aad::from(name.as_bytes()), &mut content);
        sealed.map_err(|_| io::Error::other("it could not be sealed"))?;
        Ok([nonce.as_slice(), &content].concat())
    }

    /// Opens what was sealed.
    pub(crate) fn open(&self, name: &str, mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
        let opened = sealed.split_at_mut_checked(NONCE_LEN).and_then(|(nonce, content)| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            Some(self.key.open_in_place(nonce, Aad::from(name.as_bytes()), content).ok()?.to_vec())
        });
        let detail = "the keys in the database were sealed with another master key";
        opened.ok_or_else(|| io::Error::new(ErrorKind::PermissionDenied, detail))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const OTHER: &str = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[test]
    fn what_is_sealed_opens_by_its_name_and_key_alone() {
        let master = MasterKey::parse(&format!("{KEY}\n")).unwrap();
        let sealed = master.seal("cursor", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_eq!(master.open("cursor", sealed.clone()).unwrap(), b"secret");
        assert!(master.open("event-id", sealed.clone()).is_err());
        assert!(MasterKey::parse(OTHER).unwrap().open("cursor", sealed).is_err());
        assert!(master.open("cursor", vec![1, 2, 3]).is_err());
    }

    #[test]
    fn a_master_key_has_32_bytes() {
        for text in ["", "secret", &KEY[4..], &format!("AAAA{KEY}")] {
            assert!(MasterKey::parse(text).is_none(), "{text}");
        }
    }
}
