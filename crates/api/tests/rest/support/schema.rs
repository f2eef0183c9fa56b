//! As much of JSON Schema 2020-12 as the API's document uses.

use serde_json::Value;

/// The first way in which a value does not fit a schema of the document. A keyword that this does not know is a fault too, so that
/// nothing passes unchecked.
pub(crate) fn fault(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    let schema = schema.as_object()?;
    schema.iter().find_map(|(keyword, rule)| check(document, keyword, rule, value).err())
}

fn check(document: &Value, keyword: &str, rule: &Value, value: &Value) -> Result<(), String> {
    let all = |fault: Option<String>| fault.map_or(Ok(()), Err);
    match keyword {
        "$ref" => all(fault(document, resolve(document, rule.as_str().unwrap()), value)),
        "type" => require(is_of_type(rule, value), || format!("{value} is not of type {rule}")),
        "enum" => require(rule.as_array().unwrap().contains(value), || format!("{value} is not in {rule}")),
        "anyOf" => {
            let any = rule.as_array().unwrap().iter().any(|schema| fault(document, schema, value).is_none());
            require(any, || format!("{value} fits none of {rule}"))
        }
        "allOf" => all(rule.as_array().unwrap().iter().find_map(|schema| fault(document, schema, value))),
        "required" => {
            let missing =
                rule.as_array().unwrap().iter().find(|key| value.get(key.as_str().unwrap()).is_none());
            require(missing.is_none(), || format!("{value} lacks {missing:?}"))
        }
        "properties" => all(members(value).find_map(|(key, value)| fault(document, rule.get(key)?, value))),
        // Looked at beside `properties`, by `closed`.
        "additionalProperties" => Ok(()),
        "items" => {
            let items = value.as_array().into_iter().flatten();
            all(items.into_iter().find_map(|item| fault(document, rule, item)))
        }
        "minLength" => bound(length(value), |length| length >= rule.as_f64().unwrap(), keyword, value),
        "maxLength" => bound(length(value), |length| length <= rule.as_f64().unwrap(), keyword, value),
        "minItems" => bound(count(value), |count| count >= rule.as_f64().unwrap(), keyword, value),
        "maxItems" => bound(count(value), |count| count <= rule.as_f64().unwrap(), keyword, value),
        "minimum" => bound(value.as_f64(), |number| number >= rule.as_f64().unwrap(), keyword, value),
        "maximum" => bound(value.as_f64(), |number| number <= rule.as_f64().unwrap(), keyword, value),
        "format" => require(has_format(rule.as_str().unwrap(), value), || format!("{value} is no {rule}")),
        "description" | "examples" | "default" | "readOnly" | "writeOnly" | "pattern" | "contentEncoding" => {
            Ok(())
        }
        other => Err(format!("the keyword {other} is not known")),
    }
}

/// Every object schema in the document that is closed lists the keys that its examples use.
pub(crate) fn unknown_keys<'a>(schema: &'a Value, value: &'a Value) -> Vec<&'a str> {
    if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
        return Vec::new();
    }
    members(value).map(|(key, _)| key).filter(|key| schema["properties"].get(key).is_none()).collect()
}

/// What a reference in the document points to.
pub(crate) fn resolve<'a>(document: &'a Value, reference: &str) -> &'a Value {
    let pointer = reference.strip_prefix('#').unwrap();
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} points nowhere"))
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}

fn bound(
    number: Option<f64>,
    holds: impl Fn(f64) -> bool,
    keyword: &str,
    value: &Value,
) -> Result<(), String> {
    require(number.is_none_or(holds), || format!("{value} is beyond {keyword}"))
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let names: Vec<&str> = match rule {
        Value::String(name) => vec![name],
        rule => rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect(),
    };
    names.iter().any(|name| match *name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    })
}

fn has_format(format: &str, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return true };
    match format {
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "date" => text.len() == 10 && text.as_bytes()[4] == b'-',
        "date-time" => text.len() >= 20 && text.as_bytes()[10] == b'T',
        "duration" => text.starts_with('P') || text.starts_with("-P"),
        "decimal" => text.parse::<f64>().is_ok(),
        "int64" | "double" | "password" | "uri-reference" => true,
        other => panic!("{other} is no format"),
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn length(value: &Value) -> Option<f64> {
    value.as_str().map(|text| text.chars().count() as f64)
}

fn count(value: &Value) -> Option<f64> {
    value.as_array().map(|items| items.len() as f64)
}
