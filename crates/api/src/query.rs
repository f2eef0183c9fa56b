//! Query strings.

use crate::operations::{Pairs, known};
use mainstay_engine::{Code, Error, OperationKind};

/// Reads the query of a URI (`application/x-www-form-urlencoded`).
///
/// # Errors
/// [`Code::InvalidParameter`] for what is unknown, repeated or not UTF-8.
pub(crate) fn parse(query: Option<&str>, kind: OperationKind) -> Result<Pairs, Error> {
    let mut pairs = Pairs::new(known(kind));
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.add(&decode(name)?, decode(value)?)?;
    }
    Ok(pairs)
}

/// The names and values in the query of a URI, in their order.
///
/// # Errors
/// [`Code::InvalidParameter`] for what is not UTF-8.
pub fn decode_query(query: &str) -> Result<Vec<(String, String)>, Error> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name)?, decode(value)?))
    };
    pairs.map(pair).collect()
}

fn decode(text: &str) -> Result<String, Error> {
    decode_percent(text, true).ok_or_else(|| invalid("the query is not UTF-8 in percent-encoding".to_owned()))
}

/// Undoes percent-encoding (RFC 3986, 2.1), and in queries `+` for a space. `None` when it is broken or not UTF-8.
pub(crate) fn decode_percent(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn invalid(message: String) -> Error {
    Error::new(Code::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let answer =
            parse(Some(query), OperationKind::List).and_then(|pairs| pairs.parameters(OperationKind::List));
        let answer = match answer {
            Ok(request) => format!("{request:?}"),
            Err(error) => error.to_string(),
        };
        assert!(answer.contains(expected), "{query}: {answer}");
    }

    #[test]
    fn a_list_request_is_read() {
        check(
            "",
            "filter: None, order: [], fields: [], expand: [], limit: None, cursor: None, before: None, backward: false, count: false",
        );
        check("filter=&order=&fields=&expand=", "filter: None, order: [], fields: [], expand: []");
        check("filter=name%20%3D%3D+%22%C3%A4%22", "filter: Some(\"name == \\\"ä\\\"\")");
        check(
            "order=-created_at,name",
            "order: [OrderKey { field: \"created_at\", descending: true }, OrderKey { field: \"name\", descending: false }]",
        );
        check("fields=id,%20name&expand=author", "fields: [\"id\", \"name\"], expand: [\"author\"]");
        check(
            "limit=500&count=exact&deleted=only&cursor=x",
            "limit: Some(500), cursor: Some(\"x\"), before: None, backward: false, count: true, cursors: None, deleted: Only",
        );
    }

    #[test]
    fn what_is_unknown_repeated_or_malformed_is_refused() {
        check("colour=red", "invalid_parameter: there is no parameter `colour`; known are `filter`, `order`");
        check("limit=1&limit=2", "invalid_parameter: the parameter `limit` occurs twice");
        check("filter=%f", "invalid_parameter: the query is not UTF-8 in percent-encoding");
        check("filter=%ff", "invalid_parameter: the query is not UTF-8 in percent-encoding");
        check("count=1", "invalid_parameter: the parameter `count` is one of `exact`");
        check(
            "deleted=yes",
            "invalid_parameter: the parameter `deleted` is one of `exclude`, `include` or `only`",
        );
        for limit in ["0", "501", "-1", "x", "", "99999999999"] {
            check(&format!("limit={limit}"), "invalid_limit: `limit` is a number from 1 to 500");
        }
    }

    #[test]
    fn an_operation_without_parameters_says_so() {
        let error = parse(Some("a=1"), OperationKind::Create).unwrap_err();
        assert_eq!(error.message, "there is no parameter `a`: this operation has none");
    }
}
