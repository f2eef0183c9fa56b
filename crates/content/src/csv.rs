//! CSV (RFC 4180).

use serde_json::{Map, Value};

/// A table with a line for the names of its columns. A cell that has no value is empty, and an empty text is `""`; lists and documents are the text of
/// their JSON.
pub fn table(columns: &[&str], rows: &[Map<String, Value>]) -> String {
    let mut out = String::new();
    line(columns.iter().map(|name| quoted(name)), &mut out);
    for row in rows {
        line(columns.iter().map(|name| cell(row.get(*name))), &mut out);
    }
    out
}

fn line(cells: impl Iterator<Item = String>, out: &mut String) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&cell);
    }
    out.push_str("\r\n");
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => quoted(text),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
        Some(value) => quoted(&value.to_string()),
    }
}

/// The text, in quotes where it could be taken for something else.
fn quoted(text: &str) -> String {
    let is_plain = !text.is_empty() && text.trim() == text && !text.contains([',', '"', '\r', '\n']);
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_has_a_line_for_each_record() {
        let row = |value: Value| value.as_object().unwrap().clone();
        let rows = [
            row(json!({"a": "x,\"y\"\r\n", "b": 1, "c": null, "d": [1, "z"]})),
            row(json!({"b": -2.5, "a": "", "c": true, "other": 1})),
            row(json!({"a": " spaced", "d": {"k": "v"}})),
        ];
        let expected = "a,b,c,d\r\n\"x,\"\"y\"\"\r\n\",1,,\"[1,\"\"z\"\"]\"\r\n\"\",-2.5,true,\r\n\" spaced\",,,\"{\"\"k\"\":\"\"v\"\"}\"\r\n";
        assert_eq!(table(&["a", "b", "c", "d"], &rows), expected);
        assert_eq!(table(&["a", "b"], &[]), "a,b\r\n");
    }
}
