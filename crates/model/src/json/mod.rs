//! The JSON form of values and records: in answers, requests, the feed, and imported and exported files.
//!
//! Timestamps are RFC 3339, decimals strings, bytes base64 (RFC 4648, with padding), durations ISO 8601, ints JSON numbers
//! (beyond 2^53 exact here, though not in JavaScript). A `json` field is the document itself.

mod constrain;
mod decode;
mod encode;
mod merge;
mod scalar;
mod stored;
mod text;

pub(crate) use constrain::constrain;
pub use decode::{decode, decode_type};
pub use encode::{encode, encode_record, encode_str};
pub use merge::merge;
pub use stored::decode_stored;
pub use text::{decode_text, encode_text};

/// Why a JSON value is not a field's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// A stable code: `type`, `required`, `format`, `min`, `max`, `min_length`, `max_length`, `pattern`, `enum`, `scale`, `invalid_character`.
    pub code: &'static str,
    /// What is wrong, for the client.
    pub message: String,
}

impl Invalid {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Invalid { code, message: message.into() }
    }

    /// The fault of a list's element, with its place counted from 0 as JSON Pointer does.
    fn in_element(self, index: usize) -> Self {
        Invalid { code: self.code, message: format!("[{index}]: {}", self.message) }
    }
}
