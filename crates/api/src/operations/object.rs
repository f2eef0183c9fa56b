//! Reading a JSON object key by key, with every fault of it reported at once.

use crate::json::kind;
use mainstay_engine::{Error, FieldError};
use serde_json::{Map, Value};
use uuid::Uuid;

/// An object of which known keys are taken one after the other.
pub struct Object {
    entries: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Object {
    /// An object of which nothing is taken yet.
    pub fn new(entries: Map<String, Value>) -> Self {
        Object { entries, errors: Vec::new() }
    }

    /// What has not been taken yet.
    pub fn entries(&self) -> &Map<String, Value> {
        &self.entries
    }

    /// A value that stays, to be changed in its place.
    pub fn entry(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.get_mut(key)
    }

    /// Takes everything but the known keys, and notes that there is no such key here.
    pub fn retain(&mut self, known: &[&str]) {
        let unknown: Vec<String> =
            self.entries.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            self.entries.shift_remove(&key);
            self.fault(&key, "unknown_field", "there is no such key here");
        }
    }

    /// Takes a value, if it is there.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.entries.shift_remove(key)
    }

    /// Takes a text that has to be there; the empty text, and a fault, when it is not.
    pub fn text(&mut self, key: &str) -> String {
        let text = self.optional_text(key);
        if text.is_none() && !self.has_fault(key) {
            self.fault(key, "required", "must have a value");
        }
        text.unwrap_or_default()
    }

    /// Takes a text that may be missing.
    pub fn optional_text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => {
                self.fault(key, "type", format!("is {}, a string was expected", kind(&other)));
                None
            }
        }
    }

    /// Takes a whole number that may be missing.
    pub fn optional_int(&mut self, key: &str) -> Option<i64> {
        let value = self.take(key)?;
        if value.as_i64().is_none() {
            self.fault(key, "type", "is not a whole number");
        }
        value.as_i64()
    }

    /// Takes an object; an empty one, and a fault, when it is not there or not one.
    pub fn object(&mut self, key: &str) -> Map<String, Value> {
        match self.take(key) {
            Some(Value::Object(object)) => return object,
            Some(other) => self.fault(key, "type", format!("is {}, an object was expected", kind(&other))),
            None => self.fault(key, "required", "must have a value"),
        }
        Map::new()
    }

    /// Takes the id of a record that may be missing.
    pub fn optional_id(&mut self, key: &str) -> Option<Uuid> {
        let text = self.optional_text(key)?;
        let id = parse_id(&text);
        if id.is_none() {
            self.fault(key, "format", "is not a UUID");
        }
        id
    }

    /// Notes what is wrong with a key.
    pub fn fault(&mut self, key: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError::new(key, code, message));
    }

    /// Notes what is wrong with several keys.
    pub fn faults(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.errors.extend(errors);
    }

    /// Answers what is left.
    ///
    /// # Errors
    /// The faults so far.
    pub fn rest(self) -> Result<Map<String, Value>, Error> {
        if self.errors.is_empty() { Ok(self.entries) } else { Err(Error::validation(self.errors)) }
    }

    /// Ends the reading of what has a fault.
    pub fn faulty(self) -> Error {
        Error::validation(self.errors)
    }

    /// Ends the reading: nothing may be left.
    ///
    /// # Errors
    /// The faults so far, and each key that is left.
    pub fn end(mut self) -> Result<(), Error> {
        let left = std::mem::take(&mut self.entries);
        self.faults(
            left.iter().map(|(key, _)| FieldError::new(key, "unknown_field", "there is no such key here")),
        );
        self.rest().map(|_| ())
    }

    fn has_fault(&self, key: &str) -> bool {
        self.errors.iter().any(|error| error.field == key)
    }
}

/// Reads a UUID in its canonical form (RFC 9562, 4), in any case.
pub fn parse_id(text: &str) -> Option<Uuid> {
    const CANONICAL_LENGTH: usize = 36;
    (text.len() == CANONICAL_LENGTH).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// Names in words: `a`, `b` or `c`.
pub fn names_text<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(body: &Value, expected: &str) {
        let mut object = Object::new(body.as_object().unwrap().clone());
        let read = (object.text("a"), object.optional_int("n"), object.optional_id("id"));
        let answer = match object.end() {
            Ok(()) => format!("{read:?}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(answer, expected);
    }

    #[test]
    fn every_fault_is_reported() {
        let id = "0190b7c0-0000-7000-8000-000000000001";
        check(&json!({"a": "x"}), r#"("x", None, None)"#);
        check(&json!({"a": "x", "n": 3, "id": id}), &format!("(\"x\", Some(3), Some({id}))"));
        check(
            &json!({"n": 1.5, "id": "x", "other": null}),
            "validation_failed: some fields are not valid; a: must have a value; n: is not a whole number; \
             id: is not a UUID; other: there is no such key here",
        );
        check(
            &json!({"a": 1}),
            "validation_failed: some fields are not valid; a: is a number, a string was expected",
        );
    }

    #[test]
    fn ids_are_in_the_canonical_form() {
        assert!(parse_id("0190B7C0-0000-7000-8000-000000000001").is_some());
        for text in ["", "x", "0190b7c0000070008000000000000001", "{0190b7c0-0000-7000-8000-000000000001}"] {
            assert_eq!(parse_id(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_joined_as_in_a_sentence() {
        assert_eq!(names_text(["a"].into_iter()), "`a`");
        assert_eq!(names_text(["a", "b", "c"].into_iter()), "`a`, `b` or `c`");
    }
}
