//! What is wrong with bytes, in words: the decoders' own messages name their internals.

use super::reader::Undefined;
use cbor4ii::core::error::DecodeError as CoreError;
use cbor4ii::serde::DecodeError;
use rmp_serde::decode::Error;

const CUT: &str = "it ends within a value";
const NOT_UTF8: &str = "a text is not UTF-8";
const TOO_LARGE: &str = "a length is larger than there can be";

pub(super) fn message_pack(error: &Error) -> String {
    match error {
        Error::InvalidMarkerRead(_) | Error::InvalidDataRead(_) => CUT.to_owned(),
        Error::TypeMismatch(_) => "a byte begins no value".to_owned(),
        Error::Uncategorized(text) | Error::Syntax(text) => text.clone(),
        Error::Utf8Error(_) => NOT_UTF8.to_owned(),
        Error::OutOfRange | Error::LengthMismatch(_) => TOO_LARGE.to_owned(),
        Error::DepthLimitExceeded => "it is nested too deep".to_owned(),
    }
}

pub(super) fn cbor(error: &DecodeError<Undefined>) -> String {
    let error = match error {
        DecodeError::Core(error) => error,
        DecodeError::Custom(text) => return text.to_string(),
    };
    match error {
        CoreError::Read(undefined) => undefined.to_string(),
        CoreError::Unsupported { found, .. } | CoreError::Mismatch { found, .. } => item(*found).to_owned(),
        CoreError::RequireUtf8 { .. } => NOT_UTF8.to_owned(),
        CoreError::Eof { .. } => CUT.to_owned(),
        CoreError::DepthOverflow { .. } => "it is nested too deep".to_owned(),
        _ => TOO_LARGE.to_owned(),
    }
}

/// What a byte begins that is not read (RFC 8949, 3).
fn item(byte: u8) -> &'static str {
    match byte {
        0xc0..=0xdb => "JSON has no tags",
        0xff => "a break stands where a value should be",
        0xe0..=0xf8 => "JSON has no simple values but `false`, `true` and `null`",
        _ => "a byte does not begin what should stand there",
    }
}
