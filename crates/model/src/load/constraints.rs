//! Bounds on fields' values.

use super::default::literal;
use super::faults::Faults;
use super::fields::{FieldSource, default_max_length};
use crate::{Constraints, FieldType, json};
use mainstay_expr::Value;
use regex::Regex;
use std::cmp::Ordering;

/// The bounds of a field, of which those at fault have been reported and left out.
pub(super) fn read(field: &FieldSource<'_>, ty: &FieldType, faults: &mut Faults) -> Constraints {
    let length = |given: Option<u32>| given.and_then(|length| usize::try_from(length).ok());
    let constraints = Constraints {
        min: bound(field, "min", field.file.min.as_ref(), ty, faults),
        max: bound(field, "max", field.file.max.as_ref(), ty, faults),
        min_length: length(field.file.min_length),
        max_length: length(field.file.max_length).or_else(|| default_max_length(field.file.r#type)),
        pattern: pattern(field, faults),
    };
    check_order(field, &constraints, faults);
    constraints
}

fn bound(
    field: &FieldSource<'_>,
    option: &str,
    given: Option<&toml::Value>,
    ty: &FieldType,
    faults: &mut Faults,
) -> Option<Value> {
    let read = json::decode_type(ty, &literal(given?));
    read.map_err(|invalid| {
        faults.error("bad_bound", field.value_place(option), format!("`{option}` {}", invalid.message));
    })
    .ok()
}

/// The whole text has to match, as in JSON Schema's authors' minds, if not in its letter.
fn pattern(field: &FieldSource<'_>, faults: &mut Faults) -> Option<Regex> {
    let source = field.file.pattern.as_deref()?;
    // Compiled bare first: brackets around a faulty pattern could mend it, as in `a)(b`.
    match Regex::new(source).and_then(|_| Regex::new(&format!("^(?:{source})$"))) {
        Ok(pattern) => Some(pattern),
        Err(fault) => {
            let reason = fault.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            faults.error(
                "bad_pattern",
                field.value_place("pattern"),
                format!("not a regular expression: {reason}"),
            );
            None
        }
    }
}

fn check_order(field: &FieldSource<'_>, constraints: &Constraints, faults: &mut Faults) {
    let Constraints { min, max, min_length, max_length, .. } = constraints;
    if let (Some(min), Some(max)) = (min, max)
        && min.order(max) == Some(Ordering::Greater)
    {
        faults.error("bad_bound", field.value_place("min"), "`min` is greater than `max`");
    }
    if min_length.unwrap_or(0) > max_length.unwrap_or(usize::MAX) {
        let place = field.value_place("min_length");
        let fault = faults.error("bad_bound", place, "`min_length` is greater than `max_length`");
        if field.file.max_length.is_none() {
            fault.help(format!("unless given, `max_length` is {}", max_length.unwrap_or_default()));
        }
    }
}
