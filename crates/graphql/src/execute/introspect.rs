//! The schema, as clients ask for it.

use crate::document::Document;
use crate::error::Failure;
use crate::schema::Built;
use apollo_compiler::executable::Operation;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::request::{RequestError, coerce_variable_values};
use mainstay_engine::Code;
use serde_json::{Map, Value};

/// What an operation asks of the schema, by key.
///
/// # Errors
/// [`Code::DocumentTooComplex`] when it goes round in the schema.
pub(super) fn run(
    built: &Built,
    document: &Document,
    operation: &Operation,
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let too_complex =
        |error: RequestError| Failure::new(Code::DocumentTooComplex, error.message().to_string());
    check_max_depth(&document.parsed, operation).map_err(too_complex)?;
    let given = serde_json::from_value(Value::Object(variables.clone()))
        .map_err(|error| Failure::internal(error.to_string()))?;
    let internal = |error: RequestError| Failure::internal(error.message().to_string());
    let coerced = coerce_variable_values(&built.schema, operation, &given).map_err(internal)?;
    let answer = partial_execute(&built.schema, &built.implementers, &document.parsed, operation, &coerced);
    let answer = answer.map_err(internal)?;
    let data = serde_json::to_value(answer.data).map_err(|error| Failure::internal(error.to_string()))?;
    match data {
        Value::Object(data) => Ok(data),
        _ => Ok(Map::new()),
    }
}
