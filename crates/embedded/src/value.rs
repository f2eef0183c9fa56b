//! Values as SQLite stores them; the table of `mainstay_sql` says how.

use mainstay_expr::{Decimal, Value};
use mainstay_model::FieldType;
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
use uuid::Uuid;

/// A value, ready to be bound to a placeholder.
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let stored = match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(bool) => ValueRef::Integer(i64::from(*bool)),
            Value::Int(int) | Value::Time(int) | Value::Timestamp(int) | Value::Duration(int) => {
                ValueRef::Integer(*int)
            }
            Value::Date(days) => ValueRef::Integer(i64::from(*days)),
            Value::Decimal(decimal) => ValueRef::Integer(decimal.mantissa()),
            Value::Float(float) => ValueRef::Real(*float),
            Value::Text(text) | Value::Json(text) => ValueRef::Text(text.as_bytes()),
            Value::Uuid(id) => ValueRef::Blob(id.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::List(list) => {
                return Ok(ToSqlOutput::Owned(Owned::Text(mainstay_sql::list_to_json(list))));
            }
        };
        Ok(ToSqlOutput::Borrowed(stored))
    }
}

/// A value of a field as it was stored; `None` when the column holds something else, which only damage or another program can cause.
pub(crate) fn read(ty: &FieldType, stored: ValueRef<'_>) -> Option<Value> {
    Some(match (ty, stored) {
        (_, ValueRef::Null) => Value::Null,
        (FieldType::Bool, ValueRef::Integer(int)) => Value::Bool(int != 0),
        (FieldType::Int, ValueRef::Integer(int)) => Value::Int(int),
        (FieldType::Time, ValueRef::Integer(int)) => Value::Time(int),
        (FieldType::Timestamp, ValueRef::Integer(int)) => Value::Timestamp(int),
        (FieldType::Duration, ValueRef::Integer(int)) => Value::Duration(int),
        (FieldType::Date, ValueRef::Integer(int)) => Value::Date(i32::try_from(int).ok()?),
        (FieldType::Decimal { scale }, ValueRef::Integer(int)) => Value::Decimal(Decimal::new(int, *scale)?),
        (FieldType::Float, ValueRef::Real(float)) => Value::Float(float),
        (FieldType::Text | FieldType::Enum(_) | FieldType::Secret, ValueRef::Text(text)) => {
            Value::Text(utf8(text)?)
        }
        (FieldType::Json, ValueRef::Text(text)) => Value::Json(utf8(text)?),
        (FieldType::Uuid | FieldType::Ref { .. }, ValueRef::Blob(bytes)) => {
            Value::Uuid(Uuid::from_slice(bytes).ok()?)
        }
        (FieldType::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(bytes.to_vec()),
        (FieldType::List(element), ValueRef::Text(text)) => {
            Value::List(mainstay_sql::list_from_json(std::str::from_utf8(text).ok()?, element)?)
        }
        _ => return None,
    })
}

fn utf8(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}
