//! What a client wrote: field values, checked against their fields.

use crate::accounts::normalize_email;
use crate::{Error, FieldError};
use mainstay_expr::{FieldId, Value};
use mainstay_model::{Field, Model, base, json};

/// The values of some fields, as a client gave them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// The values; each field at most once.
    pub values: Vec<(FieldId, Value)>,
}

impl Input {
    /// Reads a JSON object of fields. The fields that every model has are passed over: what was read can
    /// be sent back.
    ///
    /// # Errors
    /// [`crate::Code::ValidationFailed`] with every field that is unknown, read-only or wrong.
    pub fn from_json(
        model: &Model,
        object: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, Error> {
        Self::collect(model, object.iter().map(|(name, value)| (name.as_str(), value)), json::decode)
    }

    /// Reads fields from plain texts, as a CSV file has them. An empty text is null.
    ///
    /// # Errors
    /// As [`Input::from_json`].
    pub fn from_text<'a>(
        model: &Model,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Error> {
        Self::collect(model, fields, |field, text| match text {
            "" if field.optional => Ok(Value::Null),
            text => json::decode_text(field, text),
        })
    }

    fn collect<'a, T>(
        model: &Model,
        given: impl Iterator<Item = (&'a str, T)>,
        decode: impl Fn(&Field, T) -> Result<Value, json::Invalid>,
    ) -> Result<Self, Error> {
        let mut values = Vec::new();
        let mut errors = Vec::new();
        for (name, value) in given.filter(|(name, _)| !is_base(model, name)) {
            match writable(model, name).and_then(|field| decode_one(field, value, &decode)) {
                Ok(pair) => values.push(pair),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(Error::validation(errors));
        }
        Ok(Input::of(model, values))
    }

    /// These values of fields, each of its field's type.
    pub fn of(model: &Model, mut values: Vec<(FieldId, Value)>) -> Self {
        values.iter_mut().for_each(|(field, value)| normalize(model, *field, value));
        Input { values }
    }

    /// The value given for a field.
    pub fn get(&self, field: FieldId) -> Option<&Value> {
        self.values.iter().find(|(id, _)| *id == field).map(|(_, value)| value)
    }

    /// Takes the value given for a field out of the input.
    pub fn take(&mut self, field: FieldId) -> Option<Value> {
        let place = self.values.iter().position(|(id, _)| *id == field)?;
        Some(self.values.swap_remove(place).1)
    }
}

/// An account's address has one form, whatever operation writes it: else one could change an account so that nobody can log in to it.
fn normalize(model: &Model, field: FieldId, value: &mut Value) {
    if let Value::Text(text) = value
        && model.name == "user"
        && model.field(field).name == "email"
    {
        *text = normalize_email(text);
    }
}

/// Whether the server alone sets the field, in every model.
fn is_base(model: &Model, name: &str) -> bool {
    model.field_named(name).is_some_and(|field| field.id.index() < base::COUNT)
}

fn writable<'a>(model: &'a Model, name: &str) -> Result<&'a Field, FieldError> {
    match model.field_named(name) {
        Some(field) if field.read_only => Err(FieldError::new(name, "read_only", "is set by the server")),
        Some(field) => Ok(field),
        None => Err(FieldError::new(name, "unknown_field", format!("{} has no such field", model.name))),
    }
}

fn decode_one<T>(
    field: &Field,
    value: T,
    decode: impl Fn(&Field, T) -> Result<Value, json::Invalid>,
) -> Result<(FieldId, Value), FieldError> {
    match decode(field, value) {
        Ok(value) => Ok((field.id, value)),
        Err(invalid) => Err(FieldError::new(&field.name, invalid.code, invalid.message)),
    }
}
