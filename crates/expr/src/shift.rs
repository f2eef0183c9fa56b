//! Whether a change of one record can alter what a predicate says of others: decided in memory, and when in doubt with yes.

use crate::{FieldId, Link, ModelId, Operand, Predicate, Scope, Source, Value, Var};

/// A change of a record that others may be judged by.
#[derive(Debug, Clone, Copy)]
pub struct Touch<'a> {
    /// The record's model.
    pub model: ModelId,
    /// Its values before, if it was live then.
    pub before: Option<&'a [Value]>,
    /// Its values after, if it is live then.
    pub after: Option<&'a [Value]>,
}

/// What a changed record was and is to one search for records of its model.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// The condition under which the search found it before; `None` when it did not.
    pub before: Option<Predicate>,
    /// The condition under which the search finds it now; `None` when it does not.
    pub after: Option<Predicate>,
    /// Whether the search comes to the same if both conditions have the same answer.
    pub is_condition_alone: bool,
}

impl Predicate {
    /// The searches in this predicate to which a change may make a difference. When there are none, the predicate says after the change
    /// what it said before, whatever else is in the store.
    pub fn shifts(&self, touch: &Touch<'_>) -> Vec<Shift> {
        let mut search = Search { touch, known: Vec::new(), shifts: Vec::new() };
        search.predicate(self);
        search.shifts
    }
}

/// The place of the id in every record.
const ID: FieldId = FieldId(0);

struct Search<'a> {
    touch: &'a Touch<'a>,
    /// Fields of the records bound around the present place, as far as their links tell.
    known: Vec<(u8, FieldId, Value)>,
    shifts: Vec<Shift>,
}

/// What the changed record is to one search: how it is linked, under which condition it is found, and what is taken from it.
type Part = Option<(Value, Predicate, Option<Operand>)>;

impl Search<'_> {
    fn predicate(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::Const(_) => {}
            Predicate::All(items) | Predicate::Any(items) => {
                items.iter().for_each(|item| self.predicate(item));
            }
            Predicate::Not(inner) => self.predicate(inner),
            Predicate::Compare { left: a, right: b, .. }
            | Predicate::In { item: a, list: b }
            | Predicate::Text { subject: a, needle: b, .. } => {
                self.operand(a);
                self.operand(b);
            }
            Predicate::Truth(operand) => self.operand(operand),
            Predicate::Exists { model, link, level, filter } => {
                let (field, id) = match link {
                    Link::To(id) => (ID, id),
                    Link::From { field, id } => (*field, id),
                };
                self.operand(id);
                self.compare(*model, (*level, field, id), filter, None);
                self.within(*level, field, id, |search| search.predicate(filter));
            }
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Value(_) | Operand::Var(_) | Operand::Field(_) => {}
            Operand::Lookup { via, model, level, guard, value } => {
                self.operand(via);
                self.compare(*model, (*level, ID, via), guard, Some(value));
                self.within(*level, ID, via, |search| {
                    search.predicate(guard);
                    search.operand(value);
                });
            }
            Operand::Arithmetic { left, right, .. } => {
                self.operand(left);
                self.operand(right);
            }
            Operand::Size { of, .. } | Operand::LowerAscii(of) => self.operand(of),
        }
    }

    /// Notes a shift, if what the record is to this search differs before and after.
    fn compare(
        &mut self,
        model: ModelId,
        link: (u8, FieldId, &Operand),
        condition: &Predicate,
        value: Option<&Operand>,
    ) {
        if model != self.touch.model {
            return;
        }
        let before = self.part(self.touch.before, link, condition, value);
        let after = self.part(self.touch.after, link, condition, value);
        if before == after {
            return;
        }
        let is_condition_alone = match (&before, &after) {
            (Some((link, _, value)), Some((other_link, _, other_value))) => {
                link == other_link && value == other_value
            }
            // What a record that is not found brings to a lookup is null, which the value of one that is found may be or not.
            _ => value.is_none(),
        };
        let condition = |part: Part| part.map(|(_, condition, _)| condition);
        self.shifts.push(Shift { before: condition(before), after: condition(after), is_condition_alone });
    }

    fn part(
        &self,
        record: Option<&[Value]>,
        (level, field, id): (u8, FieldId, &Operand),
        condition: &Predicate,
        value: Option<&Operand>,
    ) -> Part {
        let record = record?;
        let linked = record.get(field.index()).filter(|linked| !linked.is_null())?;
        if let Operand::Value(id) = id.reduce(&self.scope(None))
            && id != *linked
        {
            return None;
        }
        let scope = self.scope(Some((level, record)));
        let condition = condition.reduce(&scope);
        (condition != Predicate::Const(false))
            .then(|| (linked.clone(), condition, value.map(|value| value.reduce(&scope))))
    }

    fn scope<'s>(&'s self, bound: Option<(u8, &'s [Value])>) -> Around<'s> {
        Around { known: &self.known, bound }
    }

    fn within(&mut self, level: u8, field: FieldId, id: &Operand, visit: impl FnOnce(&mut Self)) {
        let linked = match id.reduce(&self.scope(None)) {
            Operand::Value(id) => Some(id),
            _ => None,
        };
        let count = self.known.len();
        self.known.extend(linked.map(|id| (level, field, id)));
        visit(self);
        self.known.truncate(count);
    }
}

/// What is known at a place within a predicate.
struct Around<'a> {
    known: &'a [(u8, FieldId, Value)],
    bound: Option<(u8, &'a [Value])>,
}

impl Scope for Around<'_> {
    fn var(&self, _: &Var) -> Option<Value> {
        None
    }

    fn field(&self, source: Source, field: FieldId) -> Option<&Value> {
        let Source::Bound(level) = source else { return None };
        match self.bound {
            Some((bound, record)) if bound == level => record.get(field.index()),
            _ => {
                let is_this = |(other, known, _): &&(u8, FieldId, Value)| *other == level && *known == field;
                self.known.iter().find(is_this).map(|(_, _, value)| value)
            }
        }
    }
}
