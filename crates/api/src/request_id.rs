//! Request ids.

use http::{HeaderMap, HeaderName};
use mainstay_engine::Engine;

/// The header that brings a request's id, and takes it back.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over, in characters.
const MAX_LENGTH: usize = 64;

/// The client's id for the request if it is one that may go into logs and headers, else a new one.
pub(crate) fn request_id(headers: &HeaderMap, engine: &Engine) -> String {
    let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_plain(id));
    given.map_or_else(|| engine.new_id().simple().to_string(), str::to_owned)
}

fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_ids_are_taken_over() {
        let check = |id: &str, expected: bool| assert_eq!(is_plain(id), expected, "{id:?}");
        check("a", true);
        check("0190.-_Az", true);
        check(&"x".repeat(64), true);
        check(&"x".repeat(65), false);
        check("", false);
        check("a b", false);
        check("a\"b", false);
        check("ä", false);
    }
}
