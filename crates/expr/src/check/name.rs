//! Names, and members of what they name.

use super::checker::{Checked, Checker};
use super::suggest::did_you_mean;
use super::term::{Namespace, Place, Record, Term, Typed};
use super::{Use, code};
use crate::position::Anchor;
use crate::{CompareOp, FieldId, FieldRef, Member, Operand, Predicate, Source, Type, Value, Var};

/// Names that always mean the same, so that a rule reads alike in every model.
pub(super) const RESERVED: [&str; 6] = ["auth", "request", "now", "old", "new", "allow"];

impl Checker<'_> {
    /// A bare name: a variable, something of the request, a member of the record, a named predicate.
    pub(super) fn name(&mut self, name: &str, anchor: Anchor) -> Checked<Term> {
        if let Some(binding) = self.bindings.iter().rev().find(|binding| binding.name == name) {
            let place = Place::Here(binding.source);
            return Ok(Term::Record(Record { model: binding.model, place }));
        }
        match name {
            "auth" if self.usage == Use::Check => {
                let message = "a check does not know who writes".to_owned();
                let hint = "it has to hold whoever writes; say it in a rule";
                self.refuse_with(code::UNSUPPORTED, anchor, message, hint)
            }
            "auth" | "now" if self.usage == Use::Transform => {
                let message = format!("what a record is in another version does not depend on `{name}`");
                self.refuse(code::UNSUPPORTED, anchor, message)
            }
            "auth" => Ok(Term::Namespace(Namespace::Auth)),
            "request" if matches!(self.usage, Use::Rule | Use::UpdateRule) => {
                Ok(Term::Namespace(Namespace::Request))
            }
            "request" => self.refuse(code::UNSUPPORTED, anchor, "only a rule knows the request".to_owned()),
            "now" => Ok(Term::Value(Typed::new(Operand::Var(Var::Now), Type::Timestamp))),
            "old" => self.changed(Source::Old, anchor),
            "new" => self.changed(Source::New, anchor),
            _ => self.bare_name(name, anchor),
        }
    }

    fn changed(&mut self, source: Source, anchor: Anchor) -> Checked<Term> {
        match self.bare {
            Some((model, _)) if self.usage == Use::UpdateRule => {
                Ok(Term::Record(Record { model, place: Place::Here(source) }))
            }
            _ => {
                self.spoke_of_change = true;
                let message = "only an update rule knows `old` and `new`".to_owned();
                self.refuse(code::UNSUPPORTED, anchor, message)
            }
        }
    }

    fn bare_name(&mut self, name: &str, anchor: Anchor) -> Checked<Term> {
        match self.bare {
            Some(_) if self.usage == Use::Default => {
                let message = "a default knows no other field".to_owned();
                let hint = "it speaks of `auth`, `now` and literals";
                self.refuse_with(code::UNSUPPORTED, anchor, message, hint)
            }
            Some((model, source)) => {
                self.member(Record { model, place: Place::Here(source) }, name, anchor, true)
            }
            None => self.unknown(name, anchor, &[]),
        }
    }

    /// `of.name`
    pub(super) fn select(&mut self, of: Term, name: &str, anchor: Anchor) -> Checked<Term> {
        match of {
            Term::Record(record) => self.member(record, name, anchor, false),
            Term::Value(Typed { operand, ty: Type::Ref(model), .. }) => {
                let record = self.behind(operand, model, anchor)?;
                self.member(record, name, anchor, false)
            }
            Term::Namespace(namespace) => self.variable(namespace, name, anchor),
            Term::Allow(record) => self.deferred(&record, name, anchor),
            other => {
                let message = format!("{} has no members", self.describe(&other));
                self.refuse(code::TYPE, anchor, message)
            }
        }
    }

    fn variable(&mut self, namespace: Namespace, name: &str, anchor: Anchor) -> Checked<Term> {
        let (var, ty) = match (namespace, name) {
            (Namespace::Auth, "id") => (Var::AuthId, Type::Uuid),
            (Namespace::Auth, "roles") => (Var::AuthRoles, Type::List(Box::new(Type::Text))),
            (Namespace::Auth, "claims") => return Ok(Term::Namespace(Namespace::Claims)),
            (Namespace::Claims, claim) => (Var::AuthClaim(claim.to_owned()), Type::Text),
            (Namespace::Request, "address") => (Var::RequestAddress, Type::Text),
            (Namespace::Request, "operation") => (Var::RequestOperation, Type::Text),
            (Namespace::Auth, _) => return self.unknown(name, anchor, &["id", "roles", "claims"]),
            (Namespace::Request, _) => return self.unknown(name, anchor, &["address", "operation"]),
        };
        Ok(Term::Value(Typed::new(Operand::Var(var), ty)))
    }

    fn member(&mut self, record: Record, name: &str, anchor: Anchor, bare: bool) -> Checked<Term> {
        self.note_name(record.model, name, anchor);
        match self.schema.member(record.model, name) {
            Some(Member::Field { secret: true, .. }) => {
                let message = format!("`{name}` is secret: it can be written, and read by nothing");
                self.refuse(code::SECRET, anchor, message)
            }
            Some(Member::Field { id, ty, variants, .. }) => {
                let operand = self.field(&record, id, anchor)?;
                Ok(Term::Value(Typed { operand, ty, variants }))
            }
            Some(Member::Children { model, field }) => self.children(&record, model, field, anchor),
            None if name == "allow" => Ok(Term::Allow(record)),
            None if self.schema.named_predicate(record.model, name).is_some() => {
                self.named(&record, name, anchor)
            }
            None => self.unknown_member(&record, name, anchor, bare),
        }
    }

    fn field(&mut self, record: &Record, field: FieldId, anchor: Anchor) -> Checked<Operand> {
        match &record.place {
            Place::Here(source) => {
                self.mention(*source, record.model, field);
                Ok(Operand::Field(FieldRef { source: *source, field }))
            }
            Place::Behind(id) => self.lookup(id, record.model, field, anchor),
        }
    }

    fn unknown_member(&mut self, record: &Record, name: &str, anchor: Anchor, bare: bool) -> Checked<Term> {
        let schema = self.schema;
        let mut candidates = schema.member_names(record.model);
        candidates.extend(schema.predicate_names(record.model));
        if !bare {
            let hint = did_you_mean(name, candidates);
            let message = format!("`{}` has no `{name}`", schema.model_name(record.model));
            return self.note(code::UNKNOWN_NAME, anchor, message, hint);
        }
        let bound: Vec<String> = self.bindings.iter().map(|binding| binding.name.clone()).collect();
        candidates.extend(bound.iter().map(String::as_str).chain(RESERVED));
        self.unknown(name, anchor, &candidates)
    }

    fn unknown<T>(&mut self, name: &str, anchor: Anchor, candidates: &[&str]) -> Checked<T> {
        let hint = did_you_mean(name, candidates.iter().copied());
        self.note(code::UNKNOWN_NAME, anchor, format!("nothing here is called `{name}`"), hint)
    }

    /// `has(x)`: whether there is a value.
    pub(super) fn presence(&mut self, of: Term, anchor: Anchor) -> Checked<Term> {
        match of {
            Term::Value(value) => Ok(Term::Condition(Predicate::Compare {
                op: CompareOp::NotEqual,
                left: value.operand,
                right: Operand::Value(Value::Null),
            })),
            other => {
                let message = format!("`has` takes a value, not {}", self.describe(&other));
                self.refuse(code::TYPE, anchor, message)
            }
        }
    }
}
