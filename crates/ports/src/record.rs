//! Records.

use mainstay_expr::{FieldId, Value};
use mainstay_model::base;
use uuid::Uuid;

/// A record: the values of a model's fields, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// One value for each field of the model.
    pub values: Vec<Value>,
}

impl Record {
    /// The value of a field.
    pub fn get(&self, field: FieldId) -> &Value {
        &self.values[field.index()]
    }

    /// Sets the value of a field.
    pub fn set(&mut self, field: FieldId, value: Value) {
        self.values[field.index()] = value;
    }

    /// `id`
    pub fn id(&self) -> Uuid {
        self.get(base::ID).as_uuid().expect("every record has an id")
    }

    /// `version`
    pub fn version(&self) -> i64 {
        self.get(base::VERSION).as_int().expect("every record has a version")
    }

    /// `updated_at`, in microseconds since 1970.
    pub fn updated_at(&self) -> i64 {
        self.get(base::UPDATED_AT).as_timestamp().expect("every record has an updated_at")
    }

    /// `deleted_at`, in microseconds since 1970; `None` while the record lives.
    pub fn deleted_at(&self) -> Option<i64> {
        self.get(base::DELETED_AT).as_timestamp()
    }
}
