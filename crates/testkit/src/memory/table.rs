//! The records of a model.

use mainstay_expr::{Frame, Predicate, Records, Value, Vars, evaluate_closed};
use mainstay_model::{Index, Model};
use mainstay_ports::Record;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The records of a model, by id.
#[derive(Default)]
pub(super) struct Table {
    pub(super) records: BTreeMap<Uuid, Record>,
}

/// All tables, as the evaluation of a predicate sees them.
pub(super) struct Tables<'a>(pub(super) &'a [Table]);

impl Records for Tables<'_> {
    fn live(&self, model: mainstay_expr::ModelId) -> Vec<&[Value]> {
        let records = self.0[model.index()].records.values();
        records
            .filter(|record| record.deleted_at().is_none())
            .map(|record| record.values.as_slice())
            .collect()
    }
}

impl Tables<'_> {
    /// Whether a predicate holds of a record.
    pub(super) fn matches(&self, predicate: &Predicate, vars: Option<&Vars>, record: &Record) -> bool {
        let closed = predicate.reduce(&Frame { vars, record: Some(&record.values), ..Frame::default() });
        evaluate_closed(&closed, self)
    }
}

impl Table {
    /// The unique index that another live record fills as `record` does.
    pub(super) fn violated<'m>(&self, model: &'m Model, record: &Record) -> Option<&'m Index> {
        let fills_alike = |index: &Index, other: &Record| {
            other.id() != record.id()
                && other.deleted_at().is_none()
                && index
                    .fields
                    .iter()
                    .all(|field| !record.get(*field).is_null() && record.get(*field) == other.get(*field))
        };
        let mut unique = model.indexes.iter().filter(|index| index.unique && record.deleted_at().is_none());
        unique.find(|index| self.records.values().any(|other| fills_alike(index, other)))
    }
}
