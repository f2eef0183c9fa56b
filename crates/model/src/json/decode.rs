//! From JSON to values.

use super::scalar;
use super::{Invalid, constrain};
use crate::{Field, FieldType};
use mainstay_expr::Value;
use serde_json::Value as Json;

/// Reads a field's value from JSON and checks its type and constraints. `null` gives [`Value::Null`] where the field is optional.
///
/// # Errors
/// The first way in which it is not a value of the field.
pub fn decode(field: &Field, json: &Json) -> Result<Value, Invalid> {
    if json.is_null() {
        return null_of(field);
    }
    let value = decode_type(&field.ty, json)?;
    constrain(field, &value)?;
    Ok(value)
}

/// As [`decode`], but without constraints: the type alone.
///
/// # Errors
/// As [`decode`], with the codes `type`, `format`, `scale`, `enum` and `invalid_character`.
pub fn decode_type(ty: &FieldType, json: &Json) -> Result<Value, Invalid> {
    match ty {
        FieldType::Bool => {
            json.as_bool().map(Value::Bool).ok_or_else(|| Invalid::new("type", "must be true or false"))
        }
        FieldType::Int => scalar::int(json),
        FieldType::Float => scalar::float(json),
        FieldType::Decimal { scale } => scalar::decimal(json, *scale),
        FieldType::Json => scalar::document(json),
        FieldType::List(of) => list(of, json),
        FieldType::Enum(variants) => scalar::variant(text_of(ty, json)?, variants),
        FieldType::Text | FieldType::Secret => scalar::text(text_of(ty, json)?),
        FieldType::Bytes => scalar::bytes(text_of(ty, json)?),
        FieldType::Uuid | FieldType::Ref { .. } => scalar::uuid(text_of(ty, json)?),
        FieldType::Date | FieldType::Time | FieldType::Timestamp | FieldType::Duration => {
            scalar::temporal(ty, text_of(ty, json)?)
        }
    }
}

fn null_of(field: &Field) -> Result<Value, Invalid> {
    if field.optional { Ok(Value::Null) } else { Err(Invalid::new("required", "must not be null")) }
}

fn list(of: &FieldType, json: &Json) -> Result<Value, Invalid> {
    let elements = json.as_array().ok_or_else(|| Invalid::new("type", "must be a list"))?;
    let decode_element = |(index, element)| decode_type(of, element).map_err(|fault| fault.in_element(index));
    elements.iter().enumerate().map(decode_element).collect::<Result<_, _>>().map(Value::List)
}

fn text_of<'a>(ty: &FieldType, json: &'a Json) -> Result<&'a str, Invalid> {
    json.as_str().ok_or_else(|| Invalid::new("type", format!("must be {}", scalar::noun(ty))))
}
