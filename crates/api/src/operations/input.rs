//! From JSON objects to the values of fields.

use super::Object;
use mainstay_engine::{Error, Input};
use mainstay_model::Model;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Reads the fields of a record, and its id if the object has one.
///
/// # Errors
/// [`mainstay_engine::Code::ValidationFailed`] with everything that is wrong.
pub(super) fn decode(model: &Model, object: Map<String, Value>) -> Result<(Option<Uuid>, Input), Error> {
    let mut object = Object::new(object);
    let id = object.optional_id("id");
    let input = decode_all(model, object)?;
    Ok((id, input))
}

/// Reads the fields that are left in an object, and reports their faults together with those that it already has.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_all(model: &Model, mut object: Object) -> Result<Input, Error> {
    let (input, errors) = match Input::from_json(model, object.entries()) {
        Ok(input) => (input, Vec::new()),
        Err(error) => (Input::default(), error.fields),
    };
    object.faults(errors);
    object.rest().map(|_| input)
}

/// Sees that an id in the body is the one in the path.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_for(model: &Model, id: Uuid, object: Map<String, Value>) -> Result<Input, Error> {
    let mut object = Object::new(object);
    if object.optional_id("id").is_some_and(|given| given != id) {
        object.fault("id", "read_only", "is not the id in the path");
    }
    decode_all(model, object)
}
