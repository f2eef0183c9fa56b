//! What can be wrong with a body.

use std::fmt;

/// What is wrong with a body, in words for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It does not have its form, or holds what JSON has no value for.
    Invalid(String),
    /// An object has a key twice, which means different things to different readers.
    DuplicateKey(String),
    /// It is nested too deep.
    TooDeep(String),
    /// It is no text.
    NotUtf8(String),
}

impl Fault {
    pub(crate) fn too_deep(max_depth: usize, place: &str) -> Self {
        Fault::TooDeep(format!("the body is nested deeper than {max_depth}{place}"))
    }

    pub(crate) fn duplicate(key: &str, place: &str) -> Self {
        Fault::DuplicateKey(format!("the key `{key}` occurs twice{place}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Fault::Invalid(text) | Fault::DuplicateKey(text) | Fault::TooDeep(text) | Fault::NotUtf8(text)) =
            self;
        f.write_str(text)
    }
}

impl std::error::Error for Fault {}

/// The text that the bytes are.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        Fault::NotUtf8(format!("the body is not UTF-8 at line {line} column {column}"))
    })
}
