//! The names of locks, and what a write sends to show that it comes from the holder.

use crate::{Code, Error};
use ring::digest::{SHA256, digest};
use std::fmt;
use uuid::Uuid;

/// The name of a lock: 1 to 200 of `A-Z a-z 0-9 - . _ ~ :`, which need no escaping in a path or a header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LockName(String);

/// A lock by its name and the number of one holder: `report:1795278600123`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FencingToken {
    /// The lock.
    pub name: LockName,
    /// The holder's number.
    pub fencing: i64,
}

const MAX_LENGTH: usize = 200;

impl LockName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for what is none.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(LockName(text.to_owned()));
        }
        let message = format!("the name of a lock is 1 to {MAX_LENGTH} of A-Z, a-z, 0-9 and `-._~:`");
        Err(Error::new(Code::InvalidParameter, message))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of its row, so that a lock is found by its name without a search.
    pub(super) fn id(&self) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest(&SHA256, self.0.as_bytes()).as_ref()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl FencingToken {
    /// Reads `name:number`.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let malformed =
            || Error::new(Code::InvalidParameter, "a fencing token is `name:number`, as `report:42`");
        let (name, number) = text.rsplit_once(':').ok_or_else(malformed)?;
        let fencing: i64 = number.parse().map_err(|_| malformed())?;
        // To the letter, so that one token has one form.
        let token = FencingToken { name: LockName::parse(name)?, fencing };
        if token.to_string() == text { Ok(token) } else { Err(malformed()) }
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.fencing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_name_and_a_number() {
        let check = |text: &str, expected: Option<(&str, i64)>| {
            let token = FencingToken::parse(text).ok();
            let found = token.as_ref().map(|token| (token.name.as_str(), token.fencing));
            assert_eq!(found, expected, "{text}");
        };
        check("report:42", Some(("report", 42)));
        check("order:17:1795278600123", Some(("order:17", 1_795_278_600_123)));
        for text in ["", "report", "report:", ":42", "report:x", "report:042", "report:+4", "a b:1", "ä:1"] {
            check(text, None);
        }
        check(&format!("{}:1", "x".repeat(201)), None);
    }

    #[test]
    fn names_have_ids_of_their_own() {
        let id = |name: &str| LockName::parse(name).map(|name| name.id()).ok();
        assert_eq!(id("a"), id("a"));
        assert_ne!(id("a"), id("b"));
        assert_eq!(id("a").map(|id| id.get_version_num()), Some(8));
    }
}
