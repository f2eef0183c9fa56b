//! Conditions on, and values of, other records.

use super::{Lowering, NULL, alias, constant};
use crate::names::quote;
use mainstay_expr::{Link, ModelId, Operand, Predicate, Source, Var};
use mainstay_model::{Model, base};

impl Lowering<'_> {
    pub(super) fn exists(
        &mut self,
        model: ModelId,
        link: &Link,
        level: u8,
        filter: &Predicate,
        wanted: bool,
    ) -> String {
        let (field, id) = match link {
            Link::To(id) => (base::ID, id),
            Link::From { field, id } => (*field, id),
        };
        let bound = self.app.models.get(model.index());
        let Some((bound, field)) = bound.and_then(|bound| Some((bound, bound.fields.get(field.index())?)))
        else {
            return constant(!wanted);
        };
        let rows = self.bound_rows(bound, level, &field.name, id, filter);
        format!("{}EXISTS (SELECT 1 {rows})", if wanted { "" } else { "NOT " })
    }

    pub(super) fn lookup(
        &mut self,
        via: &Operand,
        model: ModelId,
        level: u8,
        guard: &Predicate,
        value: &Operand,
    ) -> String {
        let Some(bound) = self.app.models.get(model.index()) else { return NULL.to_owned() };
        if self.is_null_in((level, model), value) {
            return NULL.to_owned();
        }
        let rows = self.bound_rows(bound, level, "id", via, guard);
        self.bound.push((level, model));
        let value = self.operand(value);
        self.bound.pop();
        format!("(SELECT {value} {rows})")
    }

    /// Whether a value taken from a record is null whatever the record is. Such a column would have no type, by which an engine can refuse
    /// to compare it.
    fn is_null_in(&mut self, record: (u8, ModelId), value: &Operand) -> bool {
        self.bound.push(record);
        let is_null = match value {
            Operand::Value(value) => value.is_null(),
            Operand::Var(var) => *var != Var::AuthId || !self.has_auth,
            Operand::Field(field) => self.field(*field).is_none(),
            Operand::Lookup { model, level, value, .. } => {
                self.app.models.get(model.index()).is_none() || self.is_null_in((*level, *model), value)
            }
            Operand::Arithmetic { .. } | Operand::Size { .. } | Operand::LowerAscii(_) => false,
        };
        self.bound.pop();
        is_null
    }

    /// The live records of a model whose `column` is `id`, an operand outside of them, and for which `filter` holds.
    fn bound_rows(
        &mut self,
        model: &Model,
        level: u8,
        column: &str,
        id: &Operand,
        filter: &Predicate,
    ) -> String {
        let id = self.anchor(id);
        self.bound.push((level, model.id));
        let filter = self.condition(filter, true);
        self.bound.pop();
        let alias = alias(level);
        let mut rows =
            format!("FROM {} AS {alias} WHERE {alias}.{} = {id}", quote(&model.name), quote(column));
        if model.soft_delete {
            rows.push_str(&format!(" AND {alias}.\"deleted_at\" IS NULL"));
        }
        if filter != constant(true) {
            rows.push_str(&format!(" AND {filter}"));
        }
        rows
    }

    /// The id from which a subquery starts: a constant where the whole condition pins it to one, see [`Lowering::pin`].
    fn anchor(&mut self, id: &Operand) -> String {
        if let Operand::Field(field) = id
            && field.source == Source::Record
            && let Some((_, pinned)) = self.pins.iter().find(|(pin, _)| *pin == field.field)
        {
            return self.placeholder(pinned.clone());
        }
        self.operand(id)
    }
}
