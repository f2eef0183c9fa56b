//! From records to bytes.

use super::{Messages, document, scalar};
use crate::wire;
use mainstay_engine::{ListAnswer, View};
use mainstay_expr::{ModelId, Value, format_date, format_time};
use mainstay_model::base;
use uuid::Uuid;

impl Messages {
    /// Appends the message of a record: what the caller may see of it and asked for. What is null is not there.
    pub fn encode_record(&self, view: &View, out: &mut Vec<u8>) {
        let model = self.application.model(view.model);
        let plan = self.plan(view.model);
        for field in view.fields(model) {
            value(plan.numbers[field.index()], view.record.get(field), out);
        }
        for (field, expanded) in &view.expanded {
            let number = plan.expanded.iter().find(|(of, _)| of == field).map(|(_, number)| *number);
            if let (Some(number), Some(expanded)) = (number, expanded) {
                wire::nested(number, out, |out| self.encode_record(expanded, out));
            }
        }
    }

    /// Appends the message of a record of which the caller may know the id alone.
    pub fn encode_id(&self, model: ModelId, id: Uuid, out: &mut Vec<u8>) {
        let number = self.plan(model).numbers.get(base::ID.index()).copied().unwrap_or_default();
        value(number, &Value::Uuid(id), out);
    }

    /// Appends the answer of a list.
    pub fn encode_page(&self, page: &ListAnswer, out: &mut Vec<u8>) {
        for view in &page.items {
            wire::nested(1, out, |out| self.encode_record(view, out));
        }
        wire::some_text(2, page.next.as_deref().unwrap_or_default(), out);
        if let Some(count) = page.count {
            wire::int(3, i64::try_from(count).unwrap_or(i64::MAX), out);
        }
        wire::text(4, &page.position.to_string(), out);
    }
}

/// Appends a value, with the number of its field.
pub fn value(number: u32, value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Bool(bool) => wire::bool(number, *bool, out),
        Value::Int(int) => wire::int(number, *int, out),
        Value::Float(float) => wire::double(number, *float, out),
        Value::Decimal(decimal) => wire::text(number, &decimal.to_string(), out),
        Value::Text(text) => wire::text(number, text, out),
        Value::Uuid(id) => {
            wire::text(number, id.hyphenated().encode_lower(&mut Uuid::encode_buffer()), out);
        }
        Value::Date(days) => wire::text(number, &format_date(*days), out),
        Value::Time(micros) => wire::text(number, &format_time(*micros), out),
        Value::Timestamp(micros) => scalar::timestamp(number, *micros, out),
        Value::Duration(micros) => scalar::duration(number, *micros, out),
        Value::Json(document) => document::encode(number, document, out),
        Value::Bytes(bytes) => wire::bytes(number, bytes, out),
        Value::List(elements) => list(number, elements, out),
    }
}

/// Numbers stand in one piece, everything else one by one.
fn list(number: u32, elements: &[Value], out: &mut Vec<u8>) {
    match elements.first() {
        None => {}
        Some(Value::Bool(_) | Value::Int(_) | Value::Float(_)) => {
            wire::nested(number, out, |out| elements.iter().for_each(|element| packed(element, out)));
        }
        Some(_) => elements.iter().for_each(|element| value(number, element, out)),
    }
}

fn packed(element: &Value, out: &mut Vec<u8>) {
    match element {
        Value::Bool(bool) => wire::varint(u64::from(*bool), out),
        Value::Int(int) => wire::varint(int.cast_unsigned(), out),
        Value::Float(float) => out.extend_from_slice(&float.to_le_bytes()),
        _ => {}
    }
}
