//! Messages of batches.

use super::{FIELD_MASK, Field, Label, Message, Type};
use crate::lock::Numbers;
use crate::names::distinct;

/// The table of the lock file with the numbers of records in batches. No model can have the name.
pub(crate) const NUMBERS: &str = "batch";

pub(super) fn messages(numbers: &Numbers) -> Vec<Message> {
    let operations = vec![
        Field::repeated(
            1,
            "operations",
            Type::message("BatchOperation"),
            "All of them take effect, or none.",
        ),
        Field::one(
            2,
            "isolation",
            Type::String,
            "`read_committed`, when it is not given, or `serializable`.",
        ),
    ];
    let results = vec![
        Field::repeated(1, "results", Type::message("BatchResult"), "In the order of the operations."),
        Field::one(2, "position", Type::String, "The place in the change feed behind the batch."),
    ];
    vec![
        Message::new("BatchRequest", "Asks for several writes in one transaction.", operations),
        of_records("BatchOperation", "An operation of a batch.", operation(), numbers),
        Message::new("BatchResponse", "What a batch did.", results),
        of_records("BatchResult", "What an operation of a batch did.", result(), numbers),
    ]
}

fn operation() -> Vec<Field> {
    let text = |number, name, doc| Field::one(number, name, Type::String, doc);
    vec![
        Field::one(1, "op", Type::Enum("BatchVerb".to_owned()), "What it does."),
        text(2, "model", "The model; it need not be given where there is a record."),
        text(3, "id", "The record's id, or the name of an earlier operation's record as `$ref:name`."),
        text(4, "alias", "Names the record that is made, so that later operations can say `$ref:name`."),
        Field::optional(5, "if_version", Type::Int64, "Only if the record has this version."),
        Field::one(
            6,
            "mask",
            Type::message(FIELD_MASK),
            "The fields that are meant, as in a request of its own.",
        ),
        text(7, "filter", "What a check asks of records, in CEL."),
        text(8, "expect", "How many records a check expects: `any`, `none` or a number."),
    ]
}

fn result() -> Vec<Field> {
    vec![
        Field::one(1, "id", Type::String, "The record's id; not there for a check of many."),
        Field::one(2, "created", Type::Bool, "Whether it was made."),
        Field::one(3, "deleted", Type::Bool, "Whether it was deleted."),
    ]
}

/// A message with one of the models' records in it.
fn of_records(name: &str, doc: &str, mut fields: Vec<Field>, numbers: &Numbers) -> Message {
    for (model, entry) in &numbers.fields {
        let label = Label::OneOf("record");
        let name = format!("{}_record", distinct(model, numbers.fields.keys().map(String::as_str)));
        fields.push(Field::new(entry.number, name, Type::message(&entry.ty), label, ""));
    }
    let reserved = numbers.reserved();
    Message { reserved, ..Message::new(name, doc, fields) }
}
