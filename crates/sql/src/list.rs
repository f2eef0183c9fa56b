//! Lists as stored: a JSON array of the stored scalars.

use mainstay_expr::{Decimal, Value};
use mainstay_model::FieldType;
use serde_json::value::RawValue;

/// The JSON array of a list's elements as they are stored: booleans as 0 and 1, decimals as mantissas, UUIDs as lower-case text,
/// days and microseconds as integers. It is canonical: equal lists have equal texts.
pub fn list_to_json(elements: &[Value]) -> String {
    let elements: Vec<String> = elements.iter().map(element_to_json).collect();
    format!("[{}]", elements.join(","))
}

fn element_to_json(element: &Value) -> String {
    match element {
        Value::Bool(value) => u8::from(*value).to_string(),
        Value::Int(number) | Value::Time(number) | Value::Timestamp(number) | Value::Duration(number) => {
            number.to_string()
        }
        // The two zeros are equal, so that one of them stands for both.
        Value::Float(number) if *number == 0.0 => "0.0".to_owned(),
        Value::Float(number) => format!("{number:?}"),
        Value::Decimal(decimal) => decimal.mantissa().to_string(),
        Value::Text(text) => serde_json::Value::String(text.clone()).to_string(),
        Value::Uuid(id) => format!("\"{id}\""),
        Value::Date(days) => days.to_string(),
        // Lists hold scalars alone, and a list of documents, bytes or lists does not pass the model's check.
        Value::Null | Value::Json(_) | Value::Bytes(_) | Value::List(_) => "null".to_owned(),
    }
}

/// Reads what [`list_to_json`] wrote of a list of `element`; `None` for any other text.
pub fn list_from_json(json: &str, element: &FieldType) -> Option<Vec<Value>> {
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    elements.into_iter().map(|json| element_from_json(json.get(), element)).collect()
}

/// Numbers are read from their text, because a detour over a JSON number can cost a float its last bit.
fn element_from_json(json: &str, ty: &FieldType) -> Option<Value> {
    if json == "null" {
        return Some(Value::Null);
    }
    let integer = || json.parse::<i64>().ok();
    let text = || serde_json::from_str::<String>(json).ok();
    match ty {
        FieldType::Bool => integer().map(|value| Value::Bool(value != 0)),
        FieldType::Int => integer().map(Value::Int),
        FieldType::Float => json.parse().ok().map(Value::Float),
        FieldType::Decimal { scale } => Decimal::new(integer()?, *scale).map(Value::Decimal),
        FieldType::Text | FieldType::Enum(_) => text().map(Value::Text),
        FieldType::Uuid => text()?.parse().ok().map(Value::Uuid),
        FieldType::Date => json.parse().ok().map(Value::Date),
        FieldType::Time => integer().map(Value::Time),
        FieldType::Timestamp => integer().map(Value::Timestamp),
        FieldType::Duration => integer().map(Value::Duration),
        FieldType::Json
        | FieldType::Bytes
        | FieldType::List(_)
        | FieldType::Ref { .. }
        | FieldType::Secret => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_list_survives_its_text() {
        let check = |values: Vec<Value>, element: FieldType, json: &str| {
            assert_eq!(list_to_json(&values), json);
            assert_eq!(list_from_json(json, &element), Some(values));
        };
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        check(vec![], FieldType::Text, "[]");
        check(vec![Value::Bool(true), Value::Null], FieldType::Bool, "[1,null]");
        check(
            vec![Value::Int(i64::MIN), Value::Int(i64::MAX)],
            FieldType::Int,
            "[-9223372036854775808,9223372036854775807]",
        );
        check(vec![Value::Float(1.0), Value::Float(5e-324)], FieldType::Float, "[1.0,5e-324]");
        check(
            vec![Value::Decimal(Decimal::new(-125, 2).unwrap())],
            FieldType::Decimal { scale: 2 },
            "[-125]",
        );
        check(vec![Value::Text("a\"\n\u{1F600}".into())], FieldType::Text, "[\"a\\\"\\n\u{1F600}\"]");
        check(vec![Value::Uuid(id.parse().unwrap())], FieldType::Uuid, &format!("[\"{id}\"]"));
        check(vec![Value::Date(-1)], FieldType::Date, "[-1]");
    }

    #[test]
    fn what_is_no_such_list_is_refused() {
        for (json, element) in [
            ("", FieldType::Int),
            ("1", FieldType::Int),
            ("[1.5]", FieldType::Int),
            ("[\"x\"]", FieldType::Uuid),
            ("[1]", FieldType::Text),
            ("[1", FieldType::Int),
            ("[{}]", FieldType::Json),
        ] {
            assert_eq!(list_from_json(json, &element), None, "{json}");
        }
    }
}
