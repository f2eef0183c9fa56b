//! The messages of a model.

use super::shared::{self, WRITE};
use super::{DURATION, Field, JSON_VALUE, Label, Message, TIMESTAMP, Type};
use crate::lock::{Numbers, Wanted};
use crate::names::{self, default_json};
use mainstay_expr::ModelId;
use mainstay_model::{Application, Field as ModelField, FieldType, Model};

/// What a field of a model is in a message: its type, and whether there may be several.
pub(crate) fn field_type(ty: &FieldType) -> (Type, bool) {
    let ty = match ty {
        FieldType::Bool => Type::Bool,
        FieldType::Int => Type::Int64,
        FieldType::Float => Type::Double,
        FieldType::Bytes => Type::Bytes,
        FieldType::Timestamp => Type::message(TIMESTAMP),
        FieldType::Duration => Type::message(DURATION),
        FieldType::Json => Type::message(JSON_VALUE),
        FieldType::List(of) => return (field_type(of).0, true),
        // Texts say exactly what is meant: decimals without a double in between, days without a time zone, and values of an enum that a
        // client of yesterday has never heard of.
        FieldType::Decimal { .. }
        | FieldType::Text
        | FieldType::Uuid
        | FieldType::Date
        | FieldType::Time
        | FieldType::Enum(_)
        | FieldType::Ref { .. }
        | FieldType::Secret => Type::String,
    };
    (ty, false)
}

/// The fields that the message of a model has to have: its own, and for each ref the record that it points to. `message_of` says what a model's
/// message is called.
pub(crate) fn wanted(
    application: &Application,
    model: &Model,
    message_of: &dyn Fn(ModelId) -> String,
) -> Vec<Wanted> {
    let base =
        model.fields.iter().filter(|field| model.soft_delete || field.id != mainstay_model::base::DELETED_AT);
    let own = base.map(|field| {
        let (ty, repeated) = field_type(&field.ty);
        let prefix = if repeated { "repeated " } else { "" };
        Wanted { name: field.name.clone(), ty: format!("{prefix}{}", ty.name()), was: field.was.clone() }
    });
    let expanded = model.refs().filter_map(|(field, target, _)| {
        let name = expansion_name(model, field)?;
        let is_public = !application.model(target).internal;
        is_public.then(|| Wanted { name, ty: message_of(target), was: None })
    });
    own.chain(expanded).collect()
}

/// The name of the field with the record that a ref points to; `None` where a field of the model is called so, or alike.
pub(crate) fn expansion_name(model: &Model, field: &ModelField) -> Option<String> {
    let name = format!("{}_record", field_name(model, field));
    let is_free = model.fields.iter().all(|other| default_json(&other.name) != default_json(&name));
    is_free.then_some(name)
}

/// What a field is called in messages: as in the model, unless others are called alike.
pub(crate) fn field_name(model: &Model, field: &ModelField) -> String {
    names::distinct(&field.name, model.fields.iter().map(|other| other.name.as_str()))
}

/// The message of a model's records.
pub(super) fn record(model: &Model, numbers: &Numbers) -> Message {
    let mut fields: Vec<Field> = numbers
        .fields
        .iter()
        .filter_map(|(name, entry)| {
            Some(match model.field_named(name) {
                Some(field) => {
                    let (ty, repeated) = field_type(&field.ty);
                    let name = field_name(model, field);
                    Field::new(entry.number, name, ty.clone(), label(&ty, repeated), field_doc(field))
                }
                None => {
                    let target = Type::message(&entry.ty);
                    let doc = format!(
                        "The record of `{}`, where `expand` asks for it.",
                        name.strip_suffix("_record")?
                    );
                    Field::new(entry.number, name, target, Label::One, doc)
                }
            })
        })
        .collect();
    fields.sort_by_key(|field| field.number);
    let doc = model.doc.clone().unwrap_or_default();
    Message { reserved: numbers.reserved(), ..Message::new(&numbers.message, doc, fields) }
}

/// A scalar that is not there is one that is null, hidden or not asked for, and not its zero.
fn label(ty: &Type, repeated: bool) -> Label {
    match ty {
        _ if repeated => Label::Repeated,
        Type::Message(_) => Label::One,
        _ => Label::Optional,
    }
}

fn field_doc(field: &ModelField) -> String {
    let mut parts: Vec<String> = field.doc.iter().cloned().collect();
    match element(&field.ty) {
        FieldType::Decimal { scale } => {
            parts.push(format!("A decimal with {scale} digits after the point, as `12.50`."));
        }
        FieldType::Uuid | FieldType::Ref { .. } => parts.push("A UUID.".to_owned()),
        FieldType::Date => parts.push("A day, as `2026-11-21`.".to_owned()),
        FieldType::Time => parts.push("A time of day, as `08:30:00`.".to_owned()),
        FieldType::Enum(values) => parts.push(format!("One of {}.", values.join(", "))),
        FieldType::Secret => parts.push("It can be written, and is in no answer.".to_owned()),
        _ => {}
    }
    if field.read_only {
        parts.push("The server sets it.".to_owned());
    }
    parts.join(" ")
}

fn element(ty: &FieldType) -> &FieldType {
    if let FieldType::List(of) = ty { of } else { ty }
}

/// The messages of requests and answers that have the model's records in them.
pub(super) fn around(name: &str, plural: &str) -> Vec<Message> {
    let record = |number| Field::one(number, "record", Type::message(name), "Its fields.");
    let [if_version, if_exists] = shared::conditions();
    let only_create =
        Field::one(WRITE.only_create, "only_create", Type::Bool, "Only if there is no such record yet.");
    let update = vec![shared::id(), record(WRITE.record), shared::mask(), if_version, if_exists];
    let put = [update.clone(), vec![only_create]].concat();
    let many = vec![record(WRITE.record), shared::mask(), shared::filter(shared::MATCHING), shared::limit()];
    vec![
        Message::new(
            format!("Create{name}Request"),
            "Asks for a new record.",
            vec![record(WRITE.record), shared::mask()],
        ),
        Message::new(format!("Update{name}Request"), "Asks for changes of a record.", update),
        Message::new(format!("Put{name}Request"), "Asks for a record with this id and these fields.", put),
        Message::new(format!("UpdateMany{name}Request"), "Asks for changes of all records that match.", many),
        Message::new(format!("List{name}Response"), format!("A page of {plural}."), page(name)),
        Message::new(format!("{name}Event"), "What a watcher is told.", event(name)),
    ]
}

/// The names of a model's messages and its service, which have to be free.
pub(crate) fn message_names(name: &str) -> Vec<String> {
    let around = around(name, "").into_iter().map(|message| message.name);
    around.chain([name.to_owned(), format!("{name}Service")]).collect()
}

fn page(name: &str) -> Vec<Field> {
    vec![
        Field::repeated(1, "items", Type::message(name), "The records."),
        Field::one(2, "next", Type::String, "The cursor of the next page; empty where there is none."),
        Field::optional(3, "count", Type::Int64, "How many match in all, where that was asked for."),
        Field::one(
            4,
            "position",
            Type::String,
            "A place in the change feed that the page is at least as new as.",
        ),
    ]
}

fn event(name: &str) -> Vec<Field> {
    let kind = |number, name: &str, ty: &str, doc: &str| {
        Field::new(number, name, Type::message(ty), Label::OneOf("event"), doc)
    };
    vec![
        Field::one(
            1,
            "id",
            Type::String,
            "Names the event, so that a watch can go on behind it; empty within a snapshot.",
        ),
        Field::one(10, "operation", Type::String, "What happened to the record that entered or changed."),
        kind(2, "snapshot", name, "A record that matches as the watch begins."),
        kind(3, "ready", "Ready", "The snapshot is complete."),
        kind(4, "enter", name, "A record came to match."),
        kind(5, "change", name, "A record that matches was changed and still does."),
        kind(6, "leave", "Leave", "A record does not match any more, or is gone."),
        kind(7, "mark", "Mark", "Nothing happened up to here; it comes now and then."),
        kind(8, "reset", "End", "The stream ends: forget what you have and watch anew."),
        kind(9, "end", "End", "The stream ends: watch again behind the last event."),
    ]
}
