//! Times as messages: seconds and nanoseconds.

use crate::wire::{self, Malformed, Reader};
use mainstay_expr::{format_duration, format_timestamp, parse_duration, parse_timestamp};

const MICROS: i64 = 1_000_000;
const NANOS_PER_MICRO: i64 = 1_000;

/// Appends a `google.protobuf.Timestamp`.
pub fn timestamp(number: u32, micros: i64, out: &mut Vec<u8>) {
    moments(number, micros.div_euclid(MICROS), micros.rem_euclid(MICROS), out);
}

/// Appends a `google.protobuf.Duration`, both parts of which have one sign.
pub(super) fn duration(number: u32, micros: i64, out: &mut Vec<u8>) {
    moments(number, micros / MICROS, micros % MICROS, out);
}

fn moments(number: u32, seconds: i64, micros: i64, out: &mut Vec<u8>) {
    wire::nested(number, out, |out| {
        if seconds != 0 {
            wire::int(1, seconds, out);
        }
        if micros != 0 {
            wire::int(2, micros * NANOS_PER_MICRO, out);
        }
    });
}

/// Reads a `google.protobuf.Timestamp` as the text that it is in JSON; one finer than a microsecond keeps its digits, so that it is refused
/// as such a text is.
///
/// # Errors
/// For what is no such message, or no time.
pub fn timestamp_text(message: &[u8]) -> Result<String, Malformed> {
    let (seconds, nanos) = parts(message)?;
    let in_range = (0..1_000_000_000).contains(&nanos);
    let micros = seconds.checked_mul(MICROS).filter(|_| in_range).ok_or(Malformed)?;
    let text = format_timestamp(micros.checked_add(nanos / NANOS_PER_MICRO).ok_or(Malformed)?);
    parse_timestamp(&text).ok_or(Malformed)?;
    Ok(with_rest(text, nanos))
}

/// Reads a `google.protobuf.Duration` as the text that it is in JSON.
///
/// # Errors
/// For what is no such message, or no span of time.
pub(super) fn duration_text(message: &[u8]) -> Result<String, Malformed> {
    let (seconds, nanos) = parts(message)?;
    let one_sign = seconds == 0 || nanos == 0 || (seconds > 0) == (nanos > 0);
    let in_range = (-999_999_999..=999_999_999).contains(&nanos) && nanos % NANOS_PER_MICRO == 0;
    let micros = seconds.checked_mul(MICROS).filter(|_| one_sign && in_range).ok_or(Malformed)?;
    let text = format_duration(micros.checked_add(nanos / NANOS_PER_MICRO).ok_or(Malformed)?);
    parse_duration(&text).ok_or(Malformed)?;
    Ok(text)
}

/// Puts the digits behind the microseconds into the text.
fn with_rest(text: String, nanos: i64) -> String {
    match nanos % NANOS_PER_MICRO {
        0 => text,
        rest => text.replace('Z', &format!("{rest:03}Z")),
    }
}

fn parts(message: &[u8]) -> Result<(i64, i64), Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in Reader::new(message) {
        match field? {
            (1, value) => seconds = value.int()?,
            (2, value) => nanos = value.int()?,
            _ => return Err(Malformed),
        }
    }
    Ok((seconds, nanos))
}
