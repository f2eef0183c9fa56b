//! Whether an answer is as it was recorded, where that can be said beforehand.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What stood in the place of names so far.
#[derive(Debug, Default)]
pub(super) struct Captured(BTreeMap<String, Value>);

/// The name in `{{name}}`.
fn placeholder(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix("{{")?.strip_suffix("}}")
}

impl Captured {
    /// A text with what the names in it stand for.
    pub(super) fn filled(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.replace(&format!("{{{{{name}}}}}"), &shown)
        })
    }

    /// A body with what the names in it stand for.
    pub(super) fn filled_body(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => match placeholder(body).and_then(|name| self.0.get(name)) {
                Some(value) => value.clone(),
                None => Value::String(self.filled(text)),
            },
            Value::Array(elements) => elements.iter().map(|element| self.filled_body(element)).collect(),
            Value::Object(members) => {
                let members = members.iter();
                Value::Object(members.map(|(key, value)| (key.clone(), self.filled_body(value))).collect())
            }
            other => other.clone(),
        }
    }

    /// Where an answer is not as expected, and how.
    pub(super) fn differences(&mut self, expected: &Value, found: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        self.compare("body", expected, found, &mut differences);
        differences
    }

    fn compare(&mut self, place: &str, expected: &Value, found: &Value, out: &mut Vec<String>) {
        if let Some(name) = placeholder(expected) {
            return self.compare_named(place, name, found, out);
        }
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) => {
                for (key, expected) in expected {
                    let place = format!("{place}.{key}");
                    match found.get(key) {
                        Some(found) => self.compare(&place, expected, found, out),
                        None => out.push(format!("{place} is missing")),
                    }
                }
            }
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                    self.compare(&format!("{place}[{index}]"), expected, found, out);
                }
            }
            (expected, found) if expected == found => {}
            (expected, found) => out.push(format!("{place} is {found}, and was {expected}")),
        }
    }

    fn compare_named(&mut self, place: &str, name: &str, found: &Value, out: &mut Vec<String>) {
        if name == "*" {
            return;
        }
        let known = self.0.entry(name.to_owned()).or_insert_with(|| found.clone());
        if known != found {
            out.push(format!("{place} is {found}, and {{{{{name}}}}} was {known}"));
        }
    }

    /// An answer as it is kept: with the names that the former one had, and with `{{*}}` for what is another each time.
    pub(super) fn recorded(&mut self, former: &Value, found: &Value) -> Value {
        if let Some(name) = placeholder(former) {
            if name != "*" {
                self.0.insert(name.to_owned(), found.clone());
            }
            return former.clone();
        }
        match found {
            Value::Object(members) => {
                let member =
                    |(key, value): (&String, &Value)| (key.clone(), self.recorded(&former[key], value));
                Value::Object(members.iter().map(member).collect::<Map<_, _>>())
            }
            Value::Array(elements) => {
                let element = |(index, value): (usize, &Value)| self.recorded(&former[index], value);
                elements.iter().enumerate().map(element).collect()
            }
            Value::String(text) => self.recorded_text(text),
            other => other.clone(),
        }
    }

    fn recorded_text(&self, text: &str) -> Value {
        let named = self.0.iter().find(|(_, value)| value.as_str() == Some(text));
        match named {
            Some((name, _)) => Value::String(format!("{{{{{name}}}}}")),
            None if is_volatile(text) => Value::String("{{*}}".to_owned()),
            None => Value::String(text.to_owned()),
        }
    }
}

/// Whether it looks like something that is made anew each time: an id, an instant, a token, a position or a cursor.
fn is_volatile(text: &str) -> bool {
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text.bytes().any(|byte| byte.is_ascii_lowercase());
    // What is in base64 has letters of both kinds, which words without spaces that are as long do not have.
    let is_token = text.len() >= if is_mixed { 20 } else { 30 }
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:~=".contains(&byte));
    let is_id = text.contains(['-', '.', ':'])
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"-.:".contains(&byte))
        && text.len() > 10;
    is_token || is_id || mainstay_expr::parse_timestamp(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(expected: &Value, found: &Value, differences: &[&str]) {
        assert_eq!(Captured::default().differences(expected, found), differences);
    }

    #[test]
    fn what_is_expected_has_to_be_there_and_more_may_be() {
        check(&json!({"a": 1}), &json!({"a": 1, "b": 2}), &[]);
        check(&json!({"a": 1}), &json!({"b": 2}), &["body.a is missing"]);
        check(&json!({"a": [1, 2]}), &json!({"a": [1, 3]}), &["body.a[1] is 3, and was 2"]);
        check(&json!([1]), &json!([1, 2]), &["body is [1,2], and was [1]"]);
        check(&json!({"a": "{{*}}", "b": "{{*}}"}), &json!({"a": 1, "b": 2}), &[]);
        check(&json!(["{{x}}", "{{x}}"]), &json!([1, 1]), &[]);
        check(&json!(["{{x}}", "{{x}}"]), &json!([1, 2]), &["body[1] is 2, and {{x}} was 1"]);
    }

    #[test]
    fn what_is_another_each_time_is_not_kept() {
        let mut captured = Captured::default();
        let found = json!({"id": "0190b7c0-0000-7000-8000-000000000001", "at": "2026-11-21T08:30:00.000000Z", "name": "Buy"});
        let kept = captured.recorded(&json!({"id": "{{task}}"}), &found);
        assert_eq!(kept, json!({"id": "{{task}}", "at": "{{*}}", "name": "Buy"}));
        assert_eq!(captured.filled("/v1/todos/{{task}}"), "/v1/todos/0190b7c0-0000-7000-8000-000000000001");
        assert_eq!(captured.recorded(&Value::Null, &json!([found["id"]])), json!(["{{task}}"]));
    }
}
