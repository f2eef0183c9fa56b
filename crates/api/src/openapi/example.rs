//! Examples of values.

use super::field::as_json;
use mainstay_model::{Default, Field, FieldType, Model, base, json as codec};
use serde_json::{Map, Value, json};

/// Texts for fields with a pattern: one of them may match.
const TEXTS: &[&str] = &[
    "ada@example.com",
    "Ada",
    "ada",
    "ADA",
    "ada-lovelace",
    "a",
    "A",
    "AD",
    "ad",
    "1",
    "12",
    "123",
    "12345",
    "A1",
    "ABC-123",
    "#336699",
    "https://example.com/",
    "+4930123456",
    "12:30",
];

/// The id in examples.
pub(super) const ID: &str = "0197a3c2-8a40-7cc1-9d5e-2f6b1c4d8e90";

/// A value that the field takes; `None` where none could be found, as for an unusual pattern.
pub(super) fn example(field: &Field) -> Option<Value> {
    let mut candidates = match &field.ty {
        FieldType::Text | FieldType::Secret => texts(field),
        ty => of_type(ty),
    };
    candidates.extend([&field.constraints.min, &field.constraints.max].into_iter().flatten().map(as_json));
    candidates.into_iter().find(|candidate| codec::decode(field, candidate).is_ok())
}

/// A record with a value in each field that can have an example, as answers have it.
pub(super) fn record(model: &Model) -> Value {
    let fields = model.answer_order.iter().map(|id| model.field(*id));
    let shown = fields.filter(|field| !field.is_secret() && field.id != base::DELETED_AT);
    let mut record: Map<String, Value> =
        shown.filter_map(|field| Some((field.name.clone(), example(field)?))).collect();
    if model.soft_delete {
        record.insert(model.field(base::DELETED_AT).name.clone(), Value::Null);
    }
    record.into()
}

/// The fields of a record to create, without those that the server fills in; `None` when a required one has no example.
pub(super) fn creation(model: &Model) -> Option<Value> {
    let mut object = Map::new();
    let given = |field: &&Field| !matches!(field.default, Some(Default::Computed(_)));
    for field in super::model::written(model).filter(given) {
        let is_required = super::model::is_required(field);
        match example(field) {
            Some(value) if field.write.is_none() || is_required => {
                object.insert(field.name.clone(), value);
            }
            None if is_required => return None,
            _ => {}
        }
    }
    Some(object.into())
}

/// A field to change, with its new value; an empty patch where there is none.
pub(super) fn patch(model: &Model) -> Value {
    let mut changeable = super::model::changed(model).filter(|field| field.write.is_none());
    let first = changeable.find_map(|field| Some((field.name.clone(), example(field)?)));
    Value::Object(first.into_iter().collect())
}

/// A text made from the field's name, cut or filled to its length, and others that its pattern may want.
fn texts(field: &Field) -> Vec<Value> {
    let bounds = &field.constraints;
    let name = field.name.replace('_', " ");
    let named: String =
        format!("An example {name}").chars().take(bounds.max_length.unwrap_or(usize::MAX)).collect();
    let missing = bounds.min_length.unwrap_or(0).saturating_sub(named.chars().count());
    let filled = named + &".".repeat(missing.min(1_000));
    std::iter::once(filled.as_str()).chain(TEXTS.iter().copied()).map(Value::from).collect()
}

fn of_type(ty: &FieldType) -> Vec<Value> {
    match ty {
        FieldType::Bool => vec![json!(true)],
        FieldType::Int => vec![json!(1), json!(0), json!(100)],
        FieldType::Float => vec![json!(1.5), json!(0.5), json!(0.0)],
        FieldType::Decimal { scale: 0 } => vec![json!("12"), json!("1"), json!("0")],
        FieldType::Decimal { .. } => vec![json!("12.5"), json!("1.5"), json!("0.5"), json!("0")],
        FieldType::Text | FieldType::Secret => vec![json!("An example")],
        FieldType::Uuid | FieldType::Ref { .. } => vec![json!(ID)],
        FieldType::Date => vec![json!("2026-11-21")],
        FieldType::Time => vec![json!("08:30:00")],
        FieldType::Timestamp => vec![json!("2026-11-21T08:30:00.000000Z")],
        FieldType::Duration => vec![json!("PT1H30M")],
        FieldType::Json => vec![json!({"any": ["document"]})],
        FieldType::Bytes => vec![json!("aGVsbG8="), json!("")],
        FieldType::Enum(variants) => variants.first().map(|first| json!(first)).into_iter().collect(),
        FieldType::List(of) => vec![Value::Array(of_type(of).into_iter().take(1).collect()), json!([])],
    }
}
