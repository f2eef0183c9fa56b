//! The ids of events: a position in the feed, bound to the query that it was told to.

use crate::{Code, Error};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mainstay_ports::{Keyring, Position};
use ring::digest::{SHA256, digest};
use ring::hmac::{HMAC_SHA256, Key, sign};

/// Makes the ids of events and reads them.
///
/// An id is `base64url(epoch ‖ offset ‖ tag)` of 8 bytes each. The tag is the beginning of an HMAC-SHA-256 (RFC 2104) over the class of
/// the watch and the position, so that an id that was altered, or of a query or rights that leave another residual, is recognised. It
/// is no secret and no permission: who resumes is judged by the rights of now.
pub(crate) struct EventIdSeal {
    key: Key,
}

/// The digest of what makes a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ClassDigest([u8; 32]);

/// An id as it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventId {
    pub(super) position: Position,
    tag: [u8; 8],
}

impl ClassDigest {
    pub(super) fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        ClassDigest(bytes)
    }
}

impl EventIdSeal {
    pub(crate) fn new(keyring: &dyn Keyring) -> Result<Self, Error> {
        let secret = keyring.secret("event-id", 32);
        let secret = secret.map_err(|error| Error::of_secret("event-id", &error))?;
        Ok(EventIdSeal { key: Key::new(HMAC_SHA256, &secret) })
    }

    /// The id of an event.
    pub(super) fn seal(&self, class: &ClassDigest, position: Position) -> String {
        let [epoch, offset] = [position.epoch, position.offset].map(u64::to_be_bytes);
        URL_SAFE_NO_PAD.encode([epoch, offset, self.tag(class, position)].concat())
    }

    /// Whether an id was made for this class.
    pub(super) fn belongs(&self, id: &EventId, class: &ClassDigest) -> bool {
        self.tag(class, id.position) == id.tag
    }

    fn tag(&self, class: &ClassDigest, position: Position) -> [u8; 8] {
        let [epoch, offset] = [position.epoch, position.offset].map(u64::to_be_bytes);
        let signed = sign(&self.key, &[class.0.as_slice(), &epoch, &offset].concat());
        let mut tag = [0; 8];
        tag.copy_from_slice(&signed.as_ref()[..8]);
        tag
    }
}

impl EventId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`Code::InvalidEventId`] when it cannot be one.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        const LENGTH: usize = 32;
        let bytes = Some(text).filter(|text| text.len() == LENGTH);
        let bytes = bytes.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let bytes = bytes.and_then(|bytes| <[u8; 24]>::try_from(bytes).ok());
        let invalid =
            || Error::new(Code::InvalidEventId, "the `Last-Event-ID` is not the id of an event of a watch");
        let bytes = bytes.ok_or_else(invalid)?;
        let part = |index: usize| {
            let mut part = [0; 8];
            part.copy_from_slice(&bytes[8 * index..8 * index + 8]);
            part
        };
        let [epoch, offset] = [part(0), part(1)].map(u64::from_be_bytes);
        Ok(EventId { position: Position { epoch, offset }, tag: part(2) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    struct Keys(u8);

    impl Keyring for Keys {
        fn secret(&self, _: &str, size_bytes: usize) -> std::io::Result<Vec<u8>> {
            Ok(vec![self.0; size_bytes])
        }
    }

    fn check(class: &str, key: u8, expected: bool) {
        let position = Position { epoch: 1, offset: 2 };
        let text = EventIdSeal::new(&Keys(1)).unwrap().seal(&ClassDigest::of("a"), position);
        let id = EventId::parse(&text).unwrap();
        assert_eq!(id.position, position);
        let belongs = EventIdSeal::new(&Keys(key)).unwrap().belongs(&id, &ClassDigest::of(class));
        assert_eq!(belongs, expected, "{class} {key}");
    }

    #[test]
    fn an_id_belongs_to_its_class_and_server() {
        check("a", 1, true);
        check("b", 1, false);
        check("a", 2, false);
    }

    #[test]
    fn an_altered_id_belongs_to_nobody() {
        let seal = EventIdSeal::new(&Keys(1)).unwrap();
        let class = ClassDigest::of("a");
        let text = seal.seal(&class, Position { epoch: 1, offset: 2 });
        for place in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            let id = EventId::parse(&altered);
            assert!(id.is_ok_and(|id| !seal.belongs(&id, &class)), "{altered}");
        }
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "x", "not base64, but thirty-two long!", &"A".repeat(31), &"A".repeat(33)] {
            assert_eq!(EventId::parse(text).unwrap_err().code, Code::InvalidEventId, "{text}");
        }
    }
}
