//! The schema, as clients ask for it.

use crate::document::Document;
use crate::error::Failure;
use crate::schema::Built;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::request::{RequestError, coerce_variable_values};
use mainstay_engine::Code;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// What root fields show of the schema, in JSON, by key.
pub(super) type Introspected = HashMap<String, Vec<u8>>;

/// What an operation asks of the schema. Of a large schema it takes longer than a thread that answers others may be held, and much memory: so it
/// is made elsewhere, and one after the other, also where nobody waits for it any more.
///
/// # Errors
/// [`Code::DocumentTooComplex`] when it goes round in the schema.
pub(super) async fn run(
    built: &Arc<Built>,
    document: &Arc<Document>,
    name: Option<&str>,
    variables: &Map<String, Value>,
) -> Result<Introspected, Failure> {
    let turn = built.introspecting.clone().acquire_owned().await.map_err(|error| internal(&error))?;
    let (built, document) = (built.clone(), document.clone());
    let (name, variables) = (name.map(str::to_owned), variables.clone());
    let made = spawn_blocking(move || {
        let _turn = turn;
        execute(&built, &document, name.as_deref(), variables)
    });
    made.await.map_err(|error| internal(&error))?
}

fn execute(
    built: &Built,
    document: &Document,
    name: Option<&str>,
    variables: Map<String, Value>,
) -> Result<Introspected, Failure> {
    let operation = document.operation(name)?;
    let too_complex =
        |error: RequestError| Failure::new(Code::DocumentTooComplex, error.message().to_string());
    check_max_depth(&document.parsed, operation).map_err(too_complex)?;
    let given = serde_json::from_value(Value::Object(variables)).map_err(|error| internal(&error))?;
    let refused = |error: RequestError| Failure::internal(error.message().to_string());
    let coerced = coerce_variable_values(&built.schema, operation, &given).map_err(refused)?;
    let answer = partial_execute(&built.schema, &built.implementers, &document.parsed, operation, &coerced);
    let data = answer.map_err(refused)?.data.unwrap_or_default();
    let mut shown = Introspected::new();
    for (key, value) in data {
        shown.insert(key.as_str().to_owned(), serde_json::to_vec(&value).map_err(|error| internal(&error))?);
    }
    Ok(shown)
}

fn internal(error: &dyn Display) -> Failure {
    Failure::internal(error.to_string())
}
