//! The caller's rights, as conditions of a query.

use crate::{Caller, Engine, View};
use mainstay_expr::{FieldId, Frame, ModelId, Predicate, Scope, Value, Vars};
use mainstay_model::{Model, Rule, base};
use mainstay_ports::{Deleted, Row};

/// What a caller may see of a model.
pub(crate) struct Rights {
    /// Which records.
    pub(crate) read: Predicate,
    /// The fields that have rules of their own, each with what is left of its rule. Those left undecided are the query's flags.
    guarded: Vec<(FieldId, Predicate)>,
}

impl Engine {
    /// What the rules of a model come to for a caller.
    pub(crate) fn rights(&self, model: &Model, vars: &Vars, deleted: Deleted) -> Rights {
        Rights::new(model, &Frame { vars: Some(vars), ..Frame::default() }, deleted)
    }

    /// The fields that a caller sees in no record of a model, whatever is in it: a table for them needs no such columns.
    pub fn never_shown(&self, caller: &Caller, model: ModelId) -> Vec<FieldId> {
        let model = self.application().model(model);
        let rights = self.rights(model, &self.read_vars(caller, model, "list"), Deleted::Exclude);
        rights.never().collect()
    }

    /// What a request brings to the rules of a read.
    pub(crate) fn read_vars(&self, caller: &Caller, model: &Model, verb: &str) -> Vars {
        caller.vars(&format!("{}.{verb}", model.name), self.now())
    }
}

impl Rights {
    /// What the rules of a model come to with what is known of the caller.
    pub(crate) fn new(model: &Model, caller: &dyn Scope, deleted: Deleted) -> Self {
        let reduce = |predicate: &Predicate| predicate.reduce(caller);
        let guarded = model.fields.iter().filter_map(|field| Some((field.id, reduce(field.read.as_ref()?))));
        Rights { read: reduce(&readable(model, deleted)), guarded: guarded.collect() }
    }

    /// The conditions that only the store can answer, for [`mainstay_ports::Query::flags`].
    pub(crate) fn flags(&self) -> Vec<Predicate> {
        self.undecided().map(|(_, rule)| rule.clone()).collect()
    }

    fn undecided(&self) -> impl Iterator<Item = &(FieldId, Predicate)> {
        self.guarded.iter().filter(|(_, rule)| !matches!(rule, Predicate::Const(_)))
    }

    fn never(&self) -> impl Iterator<Item = FieldId> {
        let never = self.guarded.iter().filter(|(_, rule)| *rule == Predicate::Const(false));
        never.map(|(field, _)| *field)
    }

    /// A record of the answer as the caller may see it.
    pub(crate) fn view(&self, model: &Model, row: Row) -> View {
        let not_here = self.undecided().zip(&row.flags).filter(|(_, visible)| !**visible);
        let hidden = self.never().chain(not_here.map(|(guarded, _)| guarded.0)).collect();
        View { model: model.id, record: row.record, hidden, selected: None, expanded: Vec::new() }
    }
}

/// The read rule, and for deleted records the delete rule too: who may delete and restore a record may see it deleted.
fn readable(model: &Model, deleted: Deleted) -> Predicate {
    let rule = |rule: &Option<Rule>| {
        rule.as_ref().map_or(Predicate::Const(false), |rule| rule.predicate.as_ref().clone())
    };
    let read = rule(&model.allow.read);
    match deleted {
        Deleted::Exclude => read,
        Deleted::Only => Predicate::All(vec![read, rule(&model.allow.delete)]),
        Deleted::Include => Predicate::All(vec![
            read,
            Predicate::Any(vec![Predicate::equals(base::DELETED_AT, Value::Null), rule(&model.allow.delete)]),
        ]),
    }
}
