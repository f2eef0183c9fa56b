//! Messages that are the same for all models.

use super::{DURATION, Enum, FIELD_MASK, Field, JSON_VALUE, Message, TIMESTAMP, Type};

/// Numbers that requests to write records have in common.
pub const WRITE: WriteNumbers = WriteNumbers {
    id: 1,
    record: 2,
    mask: 3,
    if_version: 4,
    if_exists: 5,
    only_create: 6,
    filter: 7,
    limit: 8,
};

/// See [`WRITE`].
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "each is the number of the field of its name")]
pub struct WriteNumbers {
    pub id: u32,
    pub record: u32,
    pub mask: u32,
    pub if_version: u32,
    pub if_exists: u32,
    pub only_create: u32,
    pub filter: u32,
    pub limit: u32,
}

/// The fields of a lock, by their numbers from 1 on.
const LOCK_NAMES: [&str; 7] = ["name", "fencing", "token", "account", "holder", "expires_at", "lease_ms"];

pub(super) const ENUMS: [Enum; 2] = [
    Enum {
        name: "Deleted",
        doc: "Which of the soft-deleted records are meant. Who may delete records may see deleted ones.",
        values: &[
            ("EXCLUDE", "None; so is DELETED_UNSPECIFIED."),
            ("INCLUDE", "All."),
            ("ONLY", "Only those."),
        ],
    },
    Enum {
        name: "BatchVerb",
        doc: "What an operation of a batch does.",
        values: &[
            ("CREATE", "Makes a record."),
            ("UPDATE", "Changes fields of a record."),
            ("PUT", "Makes a record with a given id, or replaces it."),
            ("DELETE", "Deletes a record."),
            ("RESTORE", "Brings a deleted record back."),
            ("CHECK", "Writes nothing: says what the batch was decided by."),
        ],
    },
];

pub(super) fn id() -> Field {
    Field::one(WRITE.id, "id", Type::String, "The record's id, a UUID.")
}

pub(super) fn mask() -> Field {
    Field::one(
        WRITE.mask,
        "mask",
        Type::message(FIELD_MASK),
        "The fields that are meant: those among them that `record` lacks become null. Without it, the fields that `record` has.",
    )
}

pub(super) fn conditions() -> [Field; 2] {
    [
        Field::repeated(
            WRITE.if_version,
            "if_version",
            Type::Int64,
            "Only if the record has this version, or one of these.",
        ),
        Field::one(WRITE.if_exists, "if_exists", Type::Bool, "Only if there is such a record, else ABORTED."),
    ]
}

pub(super) fn filter(doc: &str) -> Field {
    Field::one(WRITE.filter, "filter", Type::String, doc)
}

pub(super) const MATCHING: &str = "A condition in CEL. It has to be there; `true` means all records.";

pub(super) fn limit() -> Field {
    Field::optional(
        WRITE.limit,
        "limit",
        Type::Int32,
        "The most records that may match; where more do, nothing is done.",
    )
}

/// The messages about records of whatever model.
pub(super) fn messages() -> Vec<Message> {
    let [if_version, if_exists] = conditions();
    let conditional = vec![id(), if_version, if_exists];
    vec![
        get(),
        list(),
        Message::new("DeleteRequest", "Asks for the deletion of a record.", conditional.clone()),
        Message::new("RestoreRequest", "Asks for a deleted record back.", conditional),
        Message::new(
            "DeleteManyRequest",
            "Asks for the deletion of all records that match.",
            vec![filter(MATCHING), limit()],
        ),
        Message::new(
            "CountResponse",
            "How many records matched.",
            vec![Field::one(1, "count", Type::Int64, "How many.")],
        ),
        watch(),
        ready(),
        Message::new(
            "Leave",
            "A record does not match any more, or is gone.",
            vec![Field::one(1, "id", Type::String, "Its id.")],
        ),
        Message::new("Mark", "Nothing happened up to here.", Vec::new()),
        Message::new(
            "End",
            "The stream ends.",
            vec![Field::one(1, "reason", Type::String, "Why, as a stable code.")],
        ),
        lock(),
        problem(),
        field_problem(),
        part_problem(),
    ]
}

fn get() -> Message {
    let fields = vec![
        id(),
        Field::repeated(2, "fields", Type::String, "The fields to answer; all when there are none."),
        Field::repeated(3, "expand", Type::String, "Refs to follow, as `author` and `room.owner`."),
        Field::one(4, "deleted", Type::Enum("Deleted".to_owned()), "INCLUDE finds a deleted record too."),
    ];
    Message::new("GetRequest", "Asks for a record.", fields)
}

fn list() -> Message {
    let fields = vec![
        Field::one(1, "filter", Type::String, "A condition in CEL."),
        Field::one(2, "order", Type::String, "As `-created_at,name`: by time, latest first, then by name."),
        Field::repeated(3, "fields", Type::String, "The fields to answer; all when there are none."),
        Field::repeated(4, "expand", Type::String, "Refs to follow, as `author` and `room.owner`."),
        Field::optional(
            5,
            "limit",
            Type::Int32,
            "The most records in the page: 1 to 500; 30 when it is not given.",
        ),
        Field::one(6, "cursor", Type::String, "The `next` of the page before."),
        Field::one(7, "count", Type::Bool, "Count all that match."),
        Field::one(8, "deleted", Type::Enum("Deleted".to_owned()), "Whether deleted records are meant."),
    ];
    Message::new("ListRequest", "Asks for a page of records.", fields)
}

fn watch() -> Message {
    let fields = vec![
        Field::one(1, "filter", Type::String, "A condition in CEL."),
        Field::one(2, "order", Type::String, "The order of the snapshot."),
        Field::repeated(3, "fields", Type::String, "The fields to answer; all when there are none."),
        Field::optional(
            5,
            "limit",
            Type::Int32,
            "The most records in the snapshot; all when it is not given.",
        ),
        Field::optional(6, "snapshot", Type::Bool, "False: begin with changes alone."),
        Field::one(7, "after", Type::String, "The id of the last event that was seen, to go on behind it."),
    ];
    Message::new("WatchRequest", "Asks for records and each change of them.", fields)
}

fn ready() -> Message {
    let fields = vec![
        Field::one(1, "count", Type::Int64, "How many records the snapshot had."),
        Field::one(2, "more", Type::Bool, "Whether `limit` left some out."),
    ];
    Message::new("Ready", "The snapshot is complete; changes follow.", fields)
}

fn lock() -> Message {
    let types = [
        Type::String,
        Type::Int64,
        Type::String,
        Type::String,
        Type::String,
        Type::message(TIMESTAMP),
        Type::Int64,
    ];
    let docs = [
        "What it is called.",
        "Greater than that of each holder before.",
        "What its holder sends as the metadata `fencing-token`.",
        "The holder's account; empty of one without.",
        "What the holder calls itself.",
        "When the lease ends.",
        "How much of it was left, in milliseconds.",
    ];
    let fields = (1..).zip(LOCK_NAMES).zip(types).zip(docs);
    let fields = fields.map(|(((number, name), ty), doc)| Field::one(number, name, ty, doc)).collect();
    Message::new("Lock", "A lock that is held.", fields)
}

fn problem() -> Message {
    let fields = vec![
        Field::one(1, "code", Type::String, "The stable code."),
        Field::one(2, "message", Type::String, "For people."),
        Field::repeated(3, "errors", Type::message("FieldProblem"), "What is wrong with which field."),
        Field::repeated(
            4,
            "results",
            Type::message("PartProblem"),
            "What is wrong with which operation or record.",
        ),
    ];
    let doc =
        "An error in full, as a detail of `google.rpc.Status`: what the standard details have no room for.";
    Message::new("Problem", doc, fields)
}

fn field_problem() -> Message {
    let fields = vec![
        Field::one(1, "field", Type::String, "The field."),
        Field::one(2, "code", Type::String, "The stable code."),
        Field::one(3, "message", Type::String, "For people."),
    ];
    Message::new("FieldProblem", "What is wrong with a field.", fields)
}

fn part_problem() -> Message {
    let fields = vec![
        Field::optional(
            1,
            "operation",
            Type::Int32,
            "The place of the operation in its batch, counted from 0.",
        ),
        Field::optional(2, "id", Type::String, "The record's id."),
        Field::one(3, "problem", Type::message("Problem"), "What is wrong."),
    ];
    Message::new(
        "PartProblem",
        "What is wrong with an operation of a batch, or with a record of many.",
        fields,
    )
}

/// The names of well-known messages that fields of models have.
pub(super) const WELL_KNOWN: [(&str, &str); 5] = [
    (FIELD_MASK, "google/protobuf/field_mask.proto"),
    (TIMESTAMP, "google/protobuf/timestamp.proto"),
    (DURATION, "google/protobuf/duration.proto"),
    (JSON_VALUE, "google/protobuf/struct.proto"),
    (super::EMPTY, "google/protobuf/empty.proto"),
];
