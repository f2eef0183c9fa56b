//! Names for records of a batch: `"as": "r1"` gives one, `{"$ref": "r1"}` stands for the id.

use crate::operations::{Object, parse_id};
use mainstay_model::{FieldType, Model};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// The names that operations so far have given.
#[derive(Default)]
pub(super) struct Names {
    ids: HashMap<String, Uuid>,
}

impl Names {
    /// Takes the name that an operation gives to its record, if it gives one.
    pub(super) fn take(&mut self, object: &mut Object, id: Uuid) {
        let Some(name) = object.optional_text("as") else { return };
        if self.ids.insert(name, id).is_some() {
            object.fault("as", "duplicate", "names another record of this batch already");
        }
    }

    /// Reads the id of an operation's record, or the name of an earlier one.
    pub(super) fn id(&self, object: &mut Object, mut value: Value) -> Uuid {
        if let Err(message) = self.replace(&mut value) {
            object.fault("id", "unknown_name", message);
            return Uuid::nil();
        }
        let id = value.as_str().and_then(parse_id);
        if id.is_none() {
            object.fault("id", "format", "is not a UUID");
        }
        id.unwrap_or_default()
    }

    /// Puts ids in the place of names, in the fields that can hold ids.
    pub(super) fn resolve(&self, model: &Model, data: &mut Object) {
        for field in model.declared().iter().filter(|field| holds_ids(&field.ty)) {
            let Some(value) = data.entry(&field.name) else { continue };
            if let Err(message) = self.replace_within(value) {
                data.take(&field.name);
                data.fault(&field.name, "unknown_name", message);
            }
        }
    }

    fn replace_within(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Array(elements) => elements.iter_mut().try_for_each(|element| self.replace(element)),
            value => self.replace(value),
        }
    }

    fn replace(&self, value: &mut Value) -> Result<(), String> {
        let Some(name) = reference(value) else { return Ok(()) };
        let id = self.ids.get(name);
        let id = id.ok_or_else(|| format!("no earlier operation names its record `{name}`"))?;
        *value = Value::String(id.to_string());
        Ok(())
    }
}

/// The name in `{"$ref": "name"}`.
fn reference(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get("$ref")?.as_str()
}

fn holds_ids(ty: &FieldType) -> bool {
    match ty {
        FieldType::Ref { .. } | FieldType::Uuid => true,
        FieldType::List(of) => holds_ids(of),
        _ => false,
    }
}
