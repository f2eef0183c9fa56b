//! From typed filters to the rule language.
//!
//! Names come from the schema, values become literals: nothing that a client sends can become syntax.

use super::given::Given;
use crate::catalog::{Catalog, FilterField, FilterType};
use mainstay_engine::{Code, Error, FieldError};
use mainstay_expr::{Context, ModelId, Use, compile};
use mainstay_model::Application;
use serde_json::{Map, Value};
use std::fmt::Write;

/// The condition of the arguments `filter` and `where`, if there is one.
///
/// # Errors
/// [`Code::InvalidFilter`].
pub(super) fn condition(
    catalog: &Catalog,
    application: &Application,
    model: ModelId,
    given: &mut Given,
) -> Result<Option<String>, Error> {
    let typed = match given.object("filter")? {
        Some(filter) => Writer { catalog }.all(filter_of(catalog, application, model)?, "", &filter)?,
        None => None,
    };
    let written = given.text("where").filter(|text| !text.trim().is_empty());
    match (typed, written) {
        (Some(typed), Some(written)) => {
            check_alone(application, model, &written)?;
            // The line ends, so that a comment ends.
            Ok(Some(format!("({typed}) && ({written}\n)")))
        }
        (typed, written) => Ok(typed.or(written)),
    }
}

/// What is joined to another condition has to be one by itself, or it could close brackets that it did not open.
fn check_alone(application: &Application, model: ModelId, source: &str) -> Result<(), Error> {
    let context = Context { model: Some(model), usage: Use::Filter };
    compile(source, context, application).map(|_| ()).map_err(|faults| {
        let field =
            |fault: &mainstay_expr::Fault| FieldError::new("where", fault.code, fault.message.as_str());
        Error {
            fields: faults.iter().map(field).collect(),
            ..Error::new(Code::InvalidFilter, "the filter is not valid")
        }
    })
}

/// The filter type of a model, which is found by the model's own name of its type.
fn filter_of<'a>(
    catalog: &'a Catalog,
    application: &Application,
    model: ModelId,
) -> Result<&'a FilterType, Error> {
    let filter = catalog.filter_of(model);
    filter.ok_or_else(|| Error::internal(format!("{} has no filter", application.model(model).name)))
}

struct Writer<'a> {
    catalog: &'a Catalog,
}

impl<'a> Writer<'a> {
    /// All conditions of a filter on the record that `path` leads to; `None` when there are none.
    fn all(
        &self,
        ty: &'a FilterType,
        path: &str,
        filter: &Map<String, Value>,
    ) -> Result<Option<String>, Error> {
        let mut conditions = Vec::new();
        for (name, value) in filter.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "and" => conditions.extend(self.each(ty, path, value)?),
                "or" => {
                    let any = self.each(ty, path, value)?;
                    conditions.push(if any.is_empty() { "false".to_owned() } else { any.join(" || ") });
                }
                "not" => {
                    let inner = self.all(ty, path, members(value)?)?;
                    conditions.push(format!("!({})", inner.as_deref().unwrap_or("true")));
                }
                name => conditions.extend(self.member(ty, path, name, members(value)?)?),
            }
        }
        Ok(join(&conditions))
    }

    /// The filters of a list, each in brackets.
    fn each(&self, ty: &'a FilterType, path: &str, list: &Value) -> Result<Vec<String>, Error> {
        let one = std::slice::from_ref(list);
        let filters = list.as_array().map_or(one, Vec::as_slice);
        let bracketed = |filter: &Value| {
            let inner = self.all(ty, path, members(filter)?)?;
            Ok(format!("({})", inner.as_deref().unwrap_or("true")))
        };
        filters.iter().map(bracketed).collect()
    }

    fn member(
        &self,
        ty: &'a FilterType,
        path: &str,
        name: &str,
        value: &Map<String, Value>,
    ) -> Result<Option<String>, Error> {
        let unknown = || Error::internal(format!("nothing is known of the filter `{name}`"));
        match ty.fields.get(name).ok_or_else(unknown)? {
            FilterField::Field(field) => {
                let subject = format!("{path}{field}");
                let tests = value.iter().map(|(test, value)| one_test(&subject, test, value));
                Ok(join(&tests.collect::<Result<Vec<_>, _>>()?))
            }
            FilterField::Behind(field, other) => {
                let other = self.catalog.filters.get(other).ok_or_else(unknown)?;
                self.all(other, &format!("{path}{field}."), value)
            }
        }
    }
}

fn join(conditions: &[String]) -> Option<String> {
    match conditions {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(several.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" && ")),
    }
}

fn members(value: &Value) -> Result<&Map<String, Value>, Error> {
    value.as_object().ok_or_else(|| invalid("a filter is an object"))
}

fn one_test(subject: &str, test: &str, value: &Value) -> Result<String, Error> {
    let operator = match test {
        "eq" => "==",
        "ne" => "!=",
        "lt" => "<",
        "lte" => "<=",
        "gt" => ">",
        "gte" => ">=",
        "isNull" => {
            return Ok(format!("{subject} {} null", if *value == Value::Bool(false) { "!=" } else { "==" }));
        }
        "in" if value.as_array().is_some_and(Vec::is_empty) => return Ok("false".to_owned()),
        "in" => "in",
        "has" => return Ok(format!("{} in {subject}", literal(value)?)),
        function => return Ok(format!("{subject}.{function}({})", literal(value)?)),
    };
    Ok(format!("{subject} {operator} {}", literal(value)?))
}

/// A value as a literal. Whether it fits the field is for the rule language to say.
fn literal(value: &Value) -> Result<String, Error> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::String(text) => Ok(quoted(text)),
        Value::Array(elements) => {
            let elements = elements.iter().map(literal).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("[{}]", elements.join(", ")))
        }
        Value::Object(_) => Err(invalid("a field is not compared with an object")),
    }
}

/// A text in quotes, in which everything that could mean something is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            control if control.is_control() => {
                write!(out, "\\u{:04x}", u32::from(control)).expect("memory takes what is written");
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

fn invalid(message: &str) -> Error {
    Error::new(Code::InvalidFilter, message)
}
