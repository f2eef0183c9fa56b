//! Values as PostgreSQL stores them; the table of `mainstay_sql` says how.

use bytes::BytesMut;
use mainstay_expr::{Decimal, Value};
use mainstay_model::FieldType;
use std::error::Error;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// A value, ready to be bound to a placeholder of whatever type the server says that it has.
#[derive(Debug)]
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Bool(bool) => out.extend_from_slice(&[u8::from(*bool)]),
            Value::Int(int) | Value::Time(int) | Value::Timestamp(int) | Value::Duration(int) => {
                put_integer(*int, ty, out)?;
            }
            Value::Date(days) => put_integer(i64::from(*days), ty, out)?,
            Value::Decimal(decimal) => put_integer(decimal.mantissa(), ty, out)?,
            Value::Float(float) => out.extend_from_slice(&float.to_be_bytes()),
            Value::Text(text) | Value::Json(text) => out.extend_from_slice(text.as_bytes()),
            Value::Uuid(id) => out.extend_from_slice(id.as_bytes()),
            Value::Bytes(bytes) => out.extend_from_slice(bytes),
            Value::List(list) if matches!(ty.kind(), Kind::Array(_)) => {
                return list.iter().map(Bound).collect::<Vec<_>>().to_sql(ty, out);
            }
            Value::List(list) => out.extend_from_slice(mainstay_sql::list_to_json(list).as_bytes()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        // The statement was lowered from a checked tree, and says itself which types it wants.
        true
    }

    to_sql_checked!();
}

fn put_integer(int: i64, ty: &Type, out: &mut BytesMut) -> Result<(), Box<dyn Error + Sync + Send>> {
    match *ty {
        Type::INT2 => out.extend_from_slice(&i16::try_from(int)?.to_be_bytes()),
        Type::INT4 => out.extend_from_slice(&i32::try_from(int)?.to_be_bytes()),
        _ => out.extend_from_slice(&int.to_be_bytes()),
    }
    Ok(())
}

/// A column as it came, of whatever type.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The value of a field in a column; `None` when the column holds something else, which only damage or another program can cause.
pub(crate) fn read(ty: &FieldType, row: &Row, column: usize) -> Option<Value> {
    match row.try_get::<_, Raw<'_>>(column).ok()? {
        Raw(None) => Some(Value::Null),
        Raw(Some(stored)) => decode(ty, stored),
    }
}

fn decode(ty: &FieldType, stored: &[u8]) -> Option<Value> {
    let int = || stored.try_into().ok().map(i64::from_be_bytes);
    Some(match ty {
        FieldType::Bool => Value::Bool(stored != [0]),
        FieldType::Int => Value::Int(int()?),
        FieldType::Time => Value::Time(int()?),
        FieldType::Timestamp => Value::Timestamp(int()?),
        FieldType::Duration => Value::Duration(int()?),
        FieldType::Date => Value::Date(i32::from_be_bytes(stored.try_into().ok()?)),
        FieldType::Decimal { scale } => Value::Decimal(Decimal::new(int()?, *scale)?),
        FieldType::Float => Value::Float(f64::from_be_bytes(stored.try_into().ok()?)),
        FieldType::Text | FieldType::Enum(_) | FieldType::Secret => Value::Text(utf8(stored)?),
        FieldType::Json => Value::Json(utf8(stored)?),
        FieldType::Uuid | FieldType::Ref { .. } => Value::Uuid(Uuid::from_slice(stored).ok()?),
        FieldType::Bytes => Value::Bytes(stored.to_vec()),
        FieldType::List(element) => {
            Value::List(mainstay_sql::list_from_json(std::str::from_utf8(stored).ok()?, element)?)
        }
    })
}

fn utf8(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}
