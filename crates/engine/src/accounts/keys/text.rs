//! How a key is written: `msk_`, eight digits that tell it from others, and 256 random bits.
//!
//! The form is for secret scanners (`msk_[0-9a-f]{8}_[0-9a-f]{64}` is hardly anything else), and for people: what is in front of the last
//! `_` may be shown. What is not of this form is refused without asking the store.

use crate::Error;
use crate::accounts::password::{fill_random, hex, random_hex};

const MARK: &str = "msk_";
const LABEL_BYTES: usize = 4;
const SECRET_DIGITS: usize = 64;

/// Whether a bearer token is meant to be a key.
pub(in crate::accounts) fn is_key(token: &str) -> bool {
    token.starts_with(MARK)
}

/// A new key.
pub(super) fn new_key() -> Result<String, Error> {
    let mut label = [0; LABEL_BYTES];
    fill_random(&mut label)?;
    Ok(format!("{MARK}{}_{}", hex(&label), random_hex()?))
}

/// What of a key may be shown; `None` for what is no key.
pub(super) fn prefix(key: &str) -> Option<&str> {
    let (prefix, secret) = key.rsplit_once('_')?;
    let label = prefix.strip_prefix(MARK)?;
    (is_hex(label, 2 * LABEL_BYTES) && is_hex(secret, SECRET_DIGITS)).then_some(prefix)
}

/// What is kept of a key. It is random, so a plain hash keeps it as safe as a slow one would.
pub(super) fn hash(key: &str) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, key.as_bytes()).as_ref())
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_new_key_is_of_its_form_and_of_no_other() {
        let key = new_key().unwrap();
        assert!(is_key(&key));
        assert_eq!(prefix(&key).map(str::len), Some(12));
        assert_ne!(new_key().unwrap(), key);
        assert_eq!(hash(&key).len(), 64);
    }

    #[test]
    fn what_is_no_key_is_told_by_its_form() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(prefix(text), expected, "{text}");
        let secret = "0".repeat(64);
        check(&format!("msk_0123abcd_{secret}"), Some("msk_0123abcd"));
        check(&format!("msk_0123ABCD_{secret}"), None);
        check(&format!("msk_0123abcd_{secret}0"), None);
        check(&format!("msk_0123abcd{secret}"), None);
        check(&format!("msk_{secret}"), None);
        check(&format!("sk_0123abcd_{secret}"), None);
        check("msk_", None);
        check("", None);
    }
}
