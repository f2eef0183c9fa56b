//! Strict reading of JSON bodies.
//!
//! `serde_json` keeps the last of two equal keys and knows one fixed depth. A body in which a key occurs twice means different
//! things to different readers, so it is refused here, with the place; so is what is nested too deep.

use mainstay_engine::{Code, Error};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::fmt::{self, Write};

/// The deepest nesting that can be allowed: the parser has a bound of its own, at which it would say less.
const MAX_DEPTH: usize = 120;

/// Reads an object. `max_depth` counts the object itself.
///
/// # Errors
/// [`Code::NotUtf8`], [`Code::InvalidJson`], [`Code::DuplicateKey`] or [`Code::JsonTooDeep`], with line and column.
pub fn parse_object(bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, Error> {
    if bytes.is_empty() {
        return Err(Error::new(Code::InvalidJson, "the body is empty, a JSON object was expected"));
    }
    match parse(bytes, max_depth)? {
        Value::Object(object) => Ok(object),
        other => {
            let found = kind(&other);
            Err(Error::new(Code::InvalidJson, format!("a JSON object was expected, this is {found}")))
        }
    }
}

/// What a JSON value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn parse(bytes: &[u8], max_depth: usize) -> Result<Value, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    let fault = RefCell::new(None);
    let strict = Strict { depth_left: max_depth.min(MAX_DEPTH), fault: &fault };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let parsed = strict.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| explain(&error, fault.take(), max_depth))
}

fn not_utf8(bytes: &[u8], offset: usize) -> Error {
    let before = &bytes[..offset];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    Error::new(Code::NotUtf8, format!("the body is not UTF-8 at line {line} column {column}"))
}

fn explain(error: &serde_json::Error, fault: Option<Fault>, max_depth: usize) -> Error {
    let place = format!("line {} column {}", error.line(), error.column());
    match fault {
        Some(Fault::Duplicate { path }) => {
            let path = path_text(&path);
            Error::new(Code::DuplicateKey, format!("the key `{path}` occurs twice, again at {place}"))
        }
        Some(Fault::TooDeep) => {
            let message = format!("the body is nested deeper than {max_depth} at {place}");
            Error::new(Code::JsonTooDeep, message)
        }
        None => Error::new(Code::InvalidJson, format!("the body is not JSON: {error}")),
    }
}

/// What JSON itself does not object to.
enum Fault {
    /// A key that its object already has. The path is found on the way out, from the innermost step to the outermost.
    Duplicate {
        path: Vec<PathStep>,
    },
    TooDeep,
}

enum PathStep {
    Key(String),
    Index(usize),
}

fn path_text(steps: &[PathStep]) -> String {
    let mut text = String::new();
    for step in steps.iter().rev() {
        let written = match step {
            PathStep::Key(key) if text.is_empty() => write!(text, "{key}"),
            PathStep::Key(key) => write!(text, ".{key}"),
            PathStep::Index(index) => write!(text, "[{index}]"),
        };
        written.expect("writing to a string does not fail");
    }
    text
}

/// Reads one value. What is wrong beyond JSON goes into `fault`, since an error of the parser can carry only text.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    fault: &'a RefCell<Option<Fault>>,
}

impl Strict<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Strict { depth_left, ..self }),
            None => Err(self.fail(Fault::TooDeep)),
        }
    }

    fn fail<E: de::Error>(self, fault: Fault) -> E {
        *self.fault.borrow_mut() = Some(fault);
        E::custom("refused")
    }

    /// Adds to the path of a duplicate key, on the way out of the value that holds it.
    fn within(self, step: impl FnOnce() -> PathStep) {
        if let Some(Fault::Duplicate { path }) = &mut *self.fault.borrow_mut() {
            path.push(step());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        loop {
            match seq.next_element_seed(inner) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::Array(items)),
                Err(error) => {
                    self.within(|| PathStep::Index(items.len()));
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(self.fail(Fault::Duplicate { path: vec![PathStep::Key(key)] }));
            }
            match entries.next_value_seed(inner) {
                Ok(value) => object.insert(key, value),
                Err(error) => {
                    self.within(|| PathStep::Key(key));
                    return Err(error);
                }
            };
        }
        Ok(Value::Object(object))
    }
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
