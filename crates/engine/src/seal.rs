//! Sealing: what only the engine itself may read or make.

use crate::Error;
use mainstay_ports::Keyring;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

/// Seals bytes with AES-256-GCM (NIST SP 800-38D) as `nonce ‖ sealed`, and opens them again.
pub(crate) struct Seal {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Seal {
    /// A seal with the key of this name.
    ///
    /// # Errors
    /// When the key cannot be read or made.
    pub(crate) fn new(keyring: &dyn Keyring, name: &str) -> Result<Self, Error> {
        let secret = keyring.secret(name, AES_256_GCM.key_len());
        let secret = secret.map_err(|error| Error::of_secret(name, &error))?;
        let key = UnboundKey::new(&AES_256_GCM, &secret)
            .map_err(|_| Error::internal(format!("the key `{name}`")))?;
        Ok(Seal { key: LessSafeKey::new(key), random: SystemRandom::new() })
    }

    /// Seals `content` for a `context`: where it belongs, without which it does not open.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn seal(&self, mut content: Vec<u8>, context: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| Error::internal("the system has no random numbers"))?;
        let sealing = Nonce::assume_unique_for_key(nonce);
        let sealed = self.key.seal_in_place_append_tag(sealing, Aad::from(context), &mut content);
        sealed.map_err(|_| Error::internal("something could not be sealed"))?;
        Ok([nonce.as_slice(), &content].concat())
    }

    /// What was sealed for this context; `None` when it was altered, or sealed for another or with another key.
    pub(crate) fn open(&self, mut sealed: Vec<u8>, context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, content) = sealed.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        Some(self.key.open_in_place(nonce, Aad::from(context), content).ok()?.to_vec())
    }
}
