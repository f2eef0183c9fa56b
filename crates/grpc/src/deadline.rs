//! `grpc-timeout`: how long the client waits.

use http::HeaderMap;
use mainstay_engine::{Code, Error};
use std::time::Duration;

/// Reads the header: up to eight digits and a unit (gRPC over HTTP/2, "Requests").
///
/// # Errors
/// [`Code::InvalidParameter`] for what is malformed.
pub(crate) fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Error> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let invalid = || Error::new(Code::InvalidParameter, "`grpc-timeout` is up to eight digits and a unit");
    value.to_str().ok().and_then(parse).map(Some).ok_or_else(invalid)
}

fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let digits = text.strip_suffix(unit).filter(|digits| digits.len() <= 8)?;
    let amount: u64 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    match unit {
        'H' => Some(Duration::from_secs(amount * 3_600)),
        'M' => Some(Duration::from_secs(amount * 60)),
        'S' => Some(Duration::from_secs(amount)),
        'm' => Some(Duration::from_millis(amount)),
        'u' => Some(Duration::from_micros(amount)),
        'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// The error for who waited for less time than it took.
pub(crate) fn exceeded() -> Error {
    Error::new(Code::RequestTimeout, "the request took longer than its `grpc-timeout`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_digits_and_a_unit() {
        let check = |text: &str, expected: Option<Duration>| assert_eq!(parse(text), expected, "{text}");
        check("5S", Some(Duration::from_secs(5)));
        check("99999999H", Some(Duration::from_secs(99_999_999 * 3_600)));
        check("20m", Some(Duration::from_millis(20)));
        check("1n", Some(Duration::from_nanos(1)));
        for text in ["", "S", "5", "5s", "-5S", "+5S", "999999999S", "5 S", "ä"] {
            check(text, None);
        }
    }
}
