//! Writing YAML, in block style.

use serde_json::{Map, Value};
use std::fmt::Write;

pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(object) if !object.is_empty() => mapping(object, 0, &mut out),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut out),
        value => line(value, &mut out),
    }
    out
}

/// Writes a mapping whose first key has its indentation already.
fn mapping(object: &Map<String, Value>, indent: usize, out: &mut String) {
    for (index, (key, value)) in object.iter().enumerate() {
        if index > 0 {
            begin(indent, out);
        }
        text(key, out);
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                begin(indent + 2, out);
                mapping(inner, indent + 2, out);
            }
            // The items of a list may stand as far left as its key.
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                begin(indent, out);
                sequence(items, indent, out);
            }
            value => {
                out.push(' ');
                line(value, out);
            }
        }
    }
}

/// Writes a list whose first item has its indentation already.
fn sequence(items: &[Value], indent: usize, out: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            begin(indent, out);
        }
        out.push_str("- ");
        match item {
            Value::Object(inner) if !inner.is_empty() => mapping(inner, indent + 2, out),
            Value::Array(inner) if !inner.is_empty() => sequence(inner, indent + 2, out),
            value => line(value, out),
        }
    }
}

fn begin(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Writes what fits into the rest of a line.
fn line(value: &Value, out: &mut String) {
    match value {
        Value::String(value) => text(value, out),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
    out.push('\n');
}

fn text(value: &str, out: &mut String) {
    if is_plain(value) {
        out.push_str(value);
    } else {
        quoted(value, out);
    }
}

/// Whether any reader, be it of an older YAML, takes it for a text without quotes: words of letters, and none that means a value.
fn is_plain(value: &str) -> bool {
    const VALUES: [&str; 10] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan"];
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_ .,-/@".contains(&byte);
    value.starts_with(|first: char| first.is_ascii_alphabetic())
        && !value.ends_with(' ')
        && value.bytes().all(allowed)
        && !VALUES.iter().any(|word| word.eq_ignore_ascii_case(value))
}

/// A text in double quotes: JSON's, with an escape for each character that YAML does not print (5.1) or folds.
fn quoted(value: &str, out: &mut String) {
    let json = Value::from(value).to_string();
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                write!(out, "\\u{:04x}", u32::from(character)).expect("writing to a string does not fail");
            }
            character => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_are_easy_to_read() {
        let record = json!({
            "id": "0190b7c0-0000-7000-8000-000000000001", "name": "Ada Lovelace", "yes": "no", "count": 1.5, "gone": null,
            "tags": ["a", "b c", "- d"], "none": [], "empty": {}, "at": {"x": 1, "deep": [[1, 2], {"k": "v", "l": [3]}]},
            "text": "two\nlines: \u{85}#",
        });
        let expected = "id: \"0190b7c0-0000-7000-8000-000000000001\"\nname: Ada Lovelace\n\"yes\": \"no\"\ncount: 1.5\ngone: null\ntags:\n- a\n- b c\n- \"- d\"\nnone: []\nempty: {}\nat:\n  x: 1\n  deep:\n  - - 1\n    - 2\n  - k: v\n    l:\n    - 3\ntext: \"two\\nlines: \\u0085#\"\n";
        assert_eq!(write(&record), expected);
        assert_eq!(write(&json!([{"a": 1, "b": 2}, 3])), "- a: 1\n  b: 2\n- 3\n");
        assert_eq!(write(&json!({})), "{}\n");
    }
}
