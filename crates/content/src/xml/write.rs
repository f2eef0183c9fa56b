//! Writing XML.

use super::names::{is_char, is_name};
use super::{ITEM, JSON_ESCAPES, MEMBER};
use serde_json::Value;
use std::fmt::Write;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The root of an answer. In a request it may have any name.
const ROOT: &str = "answer";

pub(crate) fn write(value: &Value) -> String {
    let mut out = DECLARATION.to_owned();
    element(ROOT, "", value, &mut out);
    out
}

/// A problem document (RFC 9457, appendix B).
pub fn problem(value: &Value) -> String {
    let mut out = DECLARATION.to_owned();
    element("problem", " xmlns=\"urn:ietf:rfc:7807\"", value, &mut out);
    out
}

fn element(name: &str, attributes: &str, value: &Value, out: &mut String) {
    let kind = match value {
        Value::Null => " type=\"null\"",
        Value::Bool(_) => " type=\"boolean\"",
        Value::Number(_) => " type=\"number\"",
        Value::Array(_) => " type=\"array\"",
        Value::Object(members) if members.is_empty() => " type=\"object\"",
        Value::String(text) if !text.chars().all(is_char) => " encoding=\"json\"",
        Value::String(_) | Value::Object(_) => "",
    };
    debug_assert_eq!(JSON_ESCAPES, "json");
    append(out, format_args!("<{name}{attributes}{kind}>"));
    content(value, out);
    append(out, format_args!("</{name}>"));
}

fn content(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::String(text) if text.chars().all(is_char) => escaped(text, out),
        Value::String(text) => escaped(&with_json_escapes(text), out),
        Value::Array(items) => items.iter().for_each(|item| element(ITEM, "", item, out)),
        Value::Object(members) => members.iter().for_each(|(key, value)| member(key, value, out)),
    }
}

fn member(key: &str, value: &Value, out: &mut String) {
    if is_name(key) {
        return element(key, "", value, out);
    }
    let mut name = " name=\"".to_owned();
    escaped(&with_json_escapes(key), &mut name);
    name.push('"');
    element(MEMBER, &name, value, out);
}

/// What stands between the quotes of the JSON string, with an escape for the two characters besides that XML does not have.
fn with_json_escapes(text: &str) -> String {
    let json = Value::from(text).to_string();
    json[1..json.len() - 1].replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// A text in an element or an attribute. Line ends and tabs that a reader would make something else of are references.
fn escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            character => out.push(character),
        }
    }
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_key_is_an_element() {
        let check = |value: &Value, expected: &str| {
            assert_eq!(write(value), format!("{DECLARATION}<answer{expected}</answer>"));
        };
        let record = json!({"name": "A & <B>\r\n", "n": 1.5, "ok": true, "gone": null, "tags": ["a", 1], "at": {"x": {}}, "none": []});
        check(
            &record,
            "><name>A &amp; &lt;B&gt;&#13;\n</name><n type=\"number\">1.5</n><ok type=\"boolean\">true</ok><gone type=\"null\"></gone>\
             <tags type=\"array\"><i>a</i><i type=\"number\">1</i></tags><at><x type=\"object\"></x></at><none type=\"array\"></none>",
        );
        check(
            &json!({"a b": "\u{0}\\", "\"\n": 1, "xmlns": "x", "": "y"}),
            "><member name=\"a b\" encoding=\"json\">\\u0000\\\\</member><member name=\"\\&quot;\\n\" type=\"number\">1</member>\
             <member name=\"xmlns\">x</member><member name=\"\">y</member>",
        );
        check(&json!({}), " type=\"object\">");
    }

    #[test]
    fn problems_have_the_namespace_of_the_rfc() {
        let expected = "<problem xmlns=\"urn:ietf:rfc:7807\"><title>Not found</title></problem>";
        assert_eq!(problem(&json!({"title": "Not found"})), format!("{DECLARATION}{expected}"));
    }
}
