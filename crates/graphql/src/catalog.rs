//! What the names of the schema stand for.

use mainstay_engine::{Operation, OperationKind};
use mainstay_expr::{FieldId, ModelId};
use std::collections::HashMap;

/// What the types and fields of the schema stand for.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    /// The object types, by name.
    pub(crate) objects: HashMap<String, ObjectType>,
    /// The names of the types of public models.
    pub(crate) records: Vec<(ModelId, String)>,
    /// The types of filters, by name.
    pub(crate) filters: HashMap<String, FilterType>,
    /// The name of each model's filter.
    pub(crate) filter_names: HashMap<ModelId, String>,
    /// The root fields that call an operation.
    pub(crate) calls: Vec<Call>,
}

/// An object type.
#[derive(Debug, Default)]
pub(crate) struct ObjectType {
    /// What its fields stand for, by name.
    pub(crate) fields: HashMap<String, Prop>,
    /// Whether it implements the interface of all records.
    pub(crate) is_record: bool,
}

/// A root field, which calls an operation.
#[derive(Debug)]
pub(crate) struct Call {
    /// The operation.
    pub(crate) operation: Operation,
}

/// What a field of an object stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prop {
    /// Calls the operation with this place among the catalogue's calls.
    Call(usize),
    /// A value of a record.
    Value(FieldId),
    /// The record that a ref points to.
    Ref(FieldId, ModelId),
    /// The records of a model whose ref points to this one.
    Children(ModelId, FieldId),
    /// Of a page: its records.
    Nodes,
    /// Of a page: its records with their cursors.
    Edges,
    /// Of a page: how to go on.
    PageInfo,
    /// Of a page: how many records match.
    TotalCount,
    /// Of an edge: the record.
    Node,
    /// Of an edge: its cursor.
    Cursor,
    /// Whether there are more behind the last.
    HasNextPage,
    /// Whether there are some before the first.
    HasPreviousPage,
    /// The cursor of the first record.
    StartCursor,
    /// The cursor of the last record.
    EndCursor,
    /// Of what was written: the record, where the caller may read it.
    Record,
    /// Of what was written: the record's id.
    Id,
    /// Whether the record was made.
    Created,
    /// Whether the record was deleted.
    Deleted,
    /// How many records were written to.
    Count,
    /// What the writes of a batch did.
    Results,
    /// The position behind a write, or that a read is as new as.
    Position,
    /// A member of an object that is not a record.
    Member(&'static str),
    /// Of an event: what it tells.
    Event(EventPart),
}

/// What there is to an event of a watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventPart {
    /// Its type.
    Type,
    /// Its id, to go on behind it.
    Id,
    /// What happened to the record.
    Operation,
    /// The record.
    Record,
    /// The record's id.
    RecordId,
    /// How many records the snapshot had.
    Count,
    /// Whether the snapshot left some out.
    More,
}

/// An input type with conditions on the fields of a model.
#[derive(Debug, Default)]
pub(crate) struct FilterType {
    /// The fields, and behind refs the filter of the other model: by name.
    pub(crate) fields: HashMap<String, FilterField>,
}

/// What is asked by a member of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FilterField {
    /// Something of a field.
    Field(String),
    /// Something of the record that a ref points to: the ref, and the type of the filter.
    Behind(String, String),
}

impl Catalog {
    /// The call of this place.
    pub(crate) fn call(&self, index: usize) -> &Call {
        &self.calls[index]
    }

    /// What a field of an object type stands for.
    pub(crate) fn prop(&self, object: &str, field: &str) -> Option<Prop> {
        self.objects.get(object)?.fields.get(field).copied()
    }

    /// Whether what is true of the one type is true of the other: they are the same, or the other is the interface of all records.
    pub(crate) fn is_a(&self, object: &str, other: &str) -> bool {
        object == other
            || (other == RECORD && self.objects.get(object).is_some_and(|object| object.is_record))
    }

    /// The filter of a model's records.
    pub(crate) fn filter_of(&self, model: ModelId) -> Option<&FilterType> {
        self.filters.get(self.filter_names.get(&model)?)
    }
}

/// The interface of all records.
pub(crate) const RECORD: &str = "Record";

/// The root type under which an operation is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Root {
    Query,
    Mutation,
    Subscription,
}

impl Root {
    pub(crate) const ALL: [Root; 3] = [Root::Query, Root::Mutation, Root::Subscription];

    /// Where an operation belongs.
    pub(crate) fn of(kind: OperationKind) -> Self {
        match kind {
            OperationKind::Watch => Root::Subscription,
            kind if kind.writes() => Root::Mutation,
            _ => Root::Query,
        }
    }

    /// The type's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Root::Query => "Query",
            Root::Mutation => "Mutation",
            Root::Subscription => "Subscription",
        }
    }
}
