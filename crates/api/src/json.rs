//! Reading bodies.

use mainstay_content::{Fault, Format, read_object};
use mainstay_engine::{Code, Error};
use serde_json::{Map, Value};

pub(crate) use mainstay_content::kind;

/// Reads a JSON object. `max_depth` counts the object itself.
///
/// # Errors
/// [`Code::NotUtf8`], [`Code::InvalidJson`], [`Code::DuplicateKey`] or [`Code::JsonTooDeep`], with line and column.
pub fn parse_object(bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, Error> {
    parse(Format::Json, bytes, max_depth)
}

/// Reads an object in MessagePack, as strictly.
///
/// # Errors
/// As [`parse_object`], with [`Code::InvalidBody`] for what has another form or a value that JSON does not have.
pub fn parse_message_pack(bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, Error> {
    parse(Format::MessagePack, bytes, max_depth)
}

/// Reads an object in any form.
///
/// # Errors
/// As [`parse_object`], with [`Code::InvalidBody`] where the form is another than JSON.
pub(crate) fn parse(format: Format, bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, Error> {
    read_object(format, bytes, max_depth).map_err(|fault| {
        let code = match fault {
            Fault::Invalid(_) if format == Format::Json => Code::InvalidJson,
            Fault::Invalid(_) => Code::InvalidBody,
            Fault::DuplicateKey(_) => Code::DuplicateKey,
            Fault::TooDeep(_) => Code::JsonTooDeep,
            Fault::NotUtf8(_) => Code::NotUtf8,
        };
        Error::new(code, fault.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: impl AsRef<[u8]>, expected: &str) {
        let answer = match parse_object(input.as_ref(), 4) {
            Ok(object) => Value::Object(object).to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(answer, expected);
    }

    #[test]
    fn objects_are_read() {
        check("{}", "{}");
        check(" {\"b\": [1, -2.5, null], \"a\": {\"x\": true}}\n", r#"{"b":[1,-2.5,null],"a":{"x":true}}"#);
        check(r#"{"a": "\u00e4\n\ud83d\ude00"}"#, "{\"a\":\"ä\\n😀\"}");
    }

    #[test]
    fn integers_stay_exact() {
        check(r#"{"a": 9007199254740993}"#, r#"{"a":9007199254740993}"#);
        check(r#"{"a": -9223372036854775808}"#, r#"{"a":-9223372036854775808}"#);
        check(r#"{"a": 18446744073709551615}"#, r#"{"a":18446744073709551615}"#);
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        check("", "invalid_json: the body is empty, a JSON object was expected");
        check("[]", "invalid_json: a JSON object was expected, this is an array");
        check("null", "invalid_json: a JSON object was expected, this is null");
        check("3", "invalid_json: a JSON object was expected, this is a number");
    }

    #[test]
    fn broken_json_is_refused_with_its_place() {
        check("{", "invalid_json: the body is not JSON: EOF while parsing an object at line 1 column 1");
        check("{\n\"a\": ,}", "invalid_json: the body is not JSON: expected value at line 2 column 6");
        check("{} {}", "invalid_json: the body is not JSON: trailing characters at line 1 column 4");
        check("{\"a\": 1,}", "invalid_json: the body is not JSON: trailing comma at line 1 column 9");
        check("{\"a\": NaN}", "invalid_json: the body is not JSON: expected value at line 1 column 7");
        check(
            "{\"a\": 1e999}",
            "invalid_json: the body is not JSON: number out of range at line 1 column 11",
        );
        check(
            r#"{"a": "\ud800"}"#,
            "invalid_json: the body is not JSON: unexpected end of hex escape at line 1 column 14",
        );
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused_with_its_path() {
        check(r#"{"a": 1, "a": 2}"#, "duplicate_key: the key `a` occurs twice, again at line 1 column 12");
        check(
            "{\"a\": [0,\n {\"b\": 1, \"b\": 2}]}",
            "duplicate_key: the key `a[1].b` occurs twice, again at line 2 column 13",
        );
        check(
            r#"{"a": 1, "\u0061": 2}"#,
            "duplicate_key: the key `a` occurs twice, again at line 1 column 17",
        );
    }

    #[test]
    fn what_is_nested_too_deep_is_refused() {
        check(r#"{"a": [[[1]]]}"#, r#"{"a":[[[1]]]}"#);
        check(r#"{"a": [[[[1]]]]}"#, "json_too_deep: the body is nested deeper than 4 at line 1 column 10");
        check(
            format!("{{\"a\": {}", "[".repeat(100_000)),
            "json_too_deep: the body is nested deeper than 4 at line 1 column 10",
        );
    }

    #[test]
    fn what_is_not_utf8_is_refused_with_its_place() {
        check(b"{\n\"a\": \"\xff\"}", "not_utf8: the body is not UTF-8 at line 2 column 7");
    }
}
