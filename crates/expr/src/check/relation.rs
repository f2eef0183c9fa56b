//! Steps along relations: refs, and searches among children.

use super::checker::{Binding, Checked, Checker};
use super::name::RESERVED;
use super::term::{Children, Place, Record, Term};
use super::{Use, code};
use crate::position::Anchor;
use crate::walk::MAX_LEVEL;
use crate::{FieldId, FieldRef, Link, Member, ModelId, Operand, Predicate, Source};
use cel::IdedExpr;
use cel::common::ast::{ComprehensionExpr, Expr, LiteralValue, operators};
use std::mem;

/// The most refs that one name may walk.
const MAX_STEPS: usize = 3;
/// The quantifiers over children.
#[derive(Clone, Copy, PartialEq)]
enum Quantifier {
    Exists,
    All,
}

impl Checker<'_> {
    /// The record of `model` that a ref points to.
    pub(super) fn behind(&mut self, id: Operand, model: ModelId, anchor: Anchor) -> Checked<Record> {
        self.require_relations(anchor)?;
        if way(&id).0 >= MAX_STEPS {
            let message = format!("more than {MAX_STEPS} steps along refs");
            return self.refuse(code::TOO_DEEP, anchor, message);
        }
        Ok(Record { model, place: Place::Behind(id) })
    }

    /// A field of the record that a ref points to.
    pub(super) fn lookup(
        &mut self,
        id: &Operand,
        model: ModelId,
        field: FieldId,
        anchor: Anchor,
    ) -> Checked<Operand> {
        // A rule may skip the record for its id, which the ref holds already; a filter has to see the record.
        if self.usage != Use::Filter && field == self.id_field(model) {
            return Ok(id.clone());
        }
        let level = self.next_level(id, anchor)?;
        self.mention(Source::Bound(level), model, field);
        let guard = self.guard_of_bound(model, level, anchor)?;
        let value = Operand::Field(FieldRef { source: Source::Bound(level), field });
        Ok(Operand::Lookup {
            via: Box::new(id.clone()),
            model,
            level,
            guard: Box::new(guard),
            value: Box::new(value),
        })
    }

    /// The records of `model` whose `field` points to `record`.
    pub(super) fn children(
        &mut self,
        record: &Record,
        model: ModelId,
        field: FieldId,
        anchor: Anchor,
    ) -> Checked<Term> {
        self.require_relations(anchor)?;
        let id_field = self.id_field(record.model);
        let parent = match &record.place {
            Place::Here(source) => Operand::Field(FieldRef { source: *source, field: id_field }),
            Place::Behind(id) => self.lookup(id, record.model, id_field, anchor)?,
        };
        Ok(Term::Children(Children { model, field, parent }))
    }

    /// `children.exists(v, p)` and `children.all(v, p)`, as the parser expands them.
    pub(super) fn quantifier(&mut self, parts: &ComprehensionExpr, expr: &IdedExpr) -> Checked<Term> {
        let anchor = Anchor::name(expr);
        let Some((quantifier, body)) = shape(parts) else {
            let message = "only `exists` and `all` search among children".to_owned();
            return self.refuse(code::UNSUPPORTED, anchor, message);
        };
        let children = match self.term(&parts.iter_range)? {
            Term::Children(children) => children,
            other => {
                let message = format!("this is {}, not records that point here", self.describe(&other));
                let hint = "of a list ask `x in list`";
                return self.refuse_with(code::TYPE, Anchor::whole(&parts.iter_range), message, hint);
            }
        };
        if RESERVED.contains(&parts.iter_var.as_str()) {
            let message = format!("`{}` always means the same, and is no variable", parts.iter_var);
            return self.refuse(code::UNSUPPORTED, anchor, message);
        }
        self.search(&children, quantifier, &parts.iter_var, body, anchor)
    }

    fn search(
        &mut self,
        children: &Children,
        quantifier: Quantifier,
        variable: &str,
        body: &IdedExpr,
        anchor: Anchor,
    ) -> Checked<Term> {
        let level = self.next_level(&children.parent, anchor)?;
        let source = Source::Bound(level);
        self.bindings.push(Binding { name: variable.to_owned(), model: children.model, source });
        let condition = self.at_level(level, |checker| checker.condition(body));
        self.bindings.pop();
        self.mention(source, children.model, children.field);
        let guard = self.guard_of_bound(children.model, level, anchor)?;
        let condition = match quantifier {
            Quantifier::Exists => condition?,
            Quantifier::All => Predicate::Not(Box::new(condition?)),
        };
        let exists = Predicate::Exists {
            model: children.model,
            link: Link::From { field: children.field, id: children.parent.clone() },
            level,
            filter: Box::new(Predicate::All(vec![guard, condition])),
        };
        Ok(Term::Condition(match quantifier {
            Quantifier::Exists => exists,
            Quantifier::All => Predicate::Not(Box::new(exists)),
        }))
    }

    /// Checks what is said about a record bound at a level.
    pub(super) fn at_level<T>(&mut self, level: u8, check: impl FnOnce(&mut Self) -> T) -> T {
        let outer = mem::replace(&mut self.level, level);
        let result = check(self);
        self.level = outer;
        result
    }

    /// A number for a record bound here, beyond those of the records around it and of those bound within `id`.
    pub(super) fn next_level(&mut self, id: &Operand, anchor: Anchor) -> Checked<u8> {
        let level = self.level.max(way(id).1);
        if level >= MAX_LEVEL {
            let message = format!("more than {MAX_LEVEL} records within each other");
            return self.refuse(code::TOO_DEEP, anchor, message);
        }
        Ok(level + 1)
    }

    pub(super) fn require_relations(&mut self, anchor: Anchor) -> Checked<()> {
        match self.usage {
            Use::Rule | Use::UpdateRule | Use::Filter => Ok(()),
            Use::Check | Use::Default | Use::Transform => {
                let message = "only rules and filters know other records".to_owned();
                self.refuse(code::UNSUPPORTED, anchor, message)
            }
        }
    }

    fn id_field(&self, model: ModelId) -> FieldId {
        match self.schema.member(model, "id") {
            Some(Member::Field { id, .. }) => id,
            _ => FieldId(0),
        }
    }
}

/// The refs that an id is the end of, and the highest number of a record bound on the way.
fn way(id: &Operand) -> (usize, u8) {
    match id {
        Operand::Lookup { via, level, .. } => {
            let (steps, highest) = way(via);
            (steps + 1, highest.max(*level))
        }
        _ => (0, 0),
    }
}

/// Tells `exists` and `all` from the other macros by what the parser makes of them: a fold with `||` from false, or with `&&`
/// from true.
fn shape(parts: &ComprehensionExpr) -> Option<(Quantifier, &IdedExpr)> {
    let Expr::Literal(LiteralValue::Boolean(start)) = &parts.accu_init.expr else { return None };
    let Expr::Call(step) = &parts.loop_step.expr else { return None };
    let quantifier = match (*start.inner(), step.func_name.as_str()) {
        (false, operators::LOGICAL_OR) => Quantifier::Exists,
        (true, operators::LOGICAL_AND) => Quantifier::All,
        _ => return None,
    };
    Some((quantifier, step.args.get(1)?))
}
