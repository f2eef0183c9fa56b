//! A place in the change feed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;

/// A place in the change feed: after the change numbered `offset` of the history `epoch`.
///
/// A store makes a new epoch when its history starts anew (a new database, a restored backup), so that a position of another
/// history is recognised and never taken for one of this. As text it is opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The history.
    pub epoch: u64,
    /// The number of the last change that was seen; 0 before the first.
    pub offset: u64,
}

/// How long the text of a position is.
const TEXT_BYTES: usize = 22;

/// A text that is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPosition;

impl Position {
    /// The form in which it is kept: the epoch and the offset, 8 bytes each, the highest first.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[8..].copy_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    /// The position that was kept as these bytes, if they are one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (epoch, offset) = bytes.split_at_checked(8)?;
        let number = |half: &[u8]| half.try_into().ok().map(u64::from_be_bytes);
        Some(Position { epoch: number(epoch)?, offset: number(offset)? })
    }

    /// Its text, in base64 (RFC 4648, section 5), as bytes: most answers have it, and it needs no memory of its own.
    pub fn text(self) -> [u8; TEXT_BYTES] {
        let mut text = [0; TEXT_BYTES];
        URL_SAFE_NO_PAD.encode_slice(self.to_bytes(), &mut text).expect("22 characters hold 16 bytes");
        text
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidPosition)?;
        Position::from_bytes(&bytes).ok_or(InvalidPosition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_its_text() {
        let position = Position { epoch: 0xdead_beef, offset: 42 };
        assert_eq!(position.to_string().parse(), Ok(position));
        assert_eq!(Position::from_bytes(&position.to_bytes()), Some(position));
        assert_eq!(Position::from_bytes(&position.to_bytes()[1..]), None);
    }

    #[test]
    fn what_is_not_a_position_is_refused() {
        for text in ["", "a", "AAAA", "not base64!", &"A".repeat(40)] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }
}
