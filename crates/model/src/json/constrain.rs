//! Whether a value keeps within a field's bounds.

use super::{Invalid, encode_text};
use crate::{Constraints, Field};
use mainstay_expr::Value;
use std::cmp::Ordering;

/// The longest text inside a list, in characters: lists are for tags and the like, and a list is bounded by its elements alone.
const MAX_ELEMENT_LENGTH: usize = 255;

/// Checks a value of the field's type against its constraints. Null has none.
pub(crate) fn constrain(field: &Field, value: &Value) -> Result<(), Invalid> {
    let bounds = &field.constraints;
    check_range(bounds, value)?;
    check_length(bounds, value)?;
    check_elements(value)?;
    check_pattern(bounds, value)
}

fn check_range(bounds: &Constraints, value: &Value) -> Result<(), Invalid> {
    let beyond = |bound: &Option<Value>, order| {
        bound.as_ref().filter(|bound| value.order(bound) == Some(order)).map(encode_text)
    };
    if let Some(min) = beyond(&bounds.min, Ordering::Less) {
        return Err(Invalid::new("min", format!("must be at least {min}")));
    }
    if let Some(max) = beyond(&bounds.max, Ordering::Greater) {
        return Err(Invalid::new("max", format!("must be at most {max}")));
    }
    Ok(())
}

fn check_length(bounds: &Constraints, value: &Value) -> Result<(), Invalid> {
    let Some((length, unit)) = length(value) else { return Ok(()) };
    if let Some(min) = bounds.min_length.filter(|min| length < *min) {
        return Err(Invalid::new("min_length", format!("must have at least {}", count(min, unit))));
    }
    if let Some(max) = bounds.max_length.filter(|max| length > *max) {
        return Err(Invalid::new("max_length", format!("must have at most {}", count(max, unit))));
    }
    Ok(())
}

fn length(value: &Value) -> Option<(usize, &'static str)> {
    match value {
        Value::Text(text) => Some((text.chars().count(), "character")),
        Value::Bytes(bytes) => Some((bytes.len(), "byte")),
        Value::List(elements) => Some((elements.len(), "element")),
        _ => None,
    }
}

fn count(number: usize, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

fn check_elements(value: &Value) -> Result<(), Invalid> {
    let Value::List(elements) = value else { return Ok(()) };
    let bounds = Constraints { max_length: Some(MAX_ELEMENT_LENGTH), ..Constraints::default() };
    let check =
        |(index, element)| check_length(&bounds, element).map_err(|fault: Invalid| fault.in_element(index));
    elements.iter().enumerate().try_for_each(check)
}

fn check_pattern(bounds: &Constraints, value: &Value) -> Result<(), Invalid> {
    match (&bounds.pattern, value) {
        (Some(pattern), Value::Text(text)) if !pattern.is_match(text) => {
            Err(Invalid::new("pattern", format!("must match {pattern}")))
        }
        _ => Ok(()),
    }
}
