//! Texts compiled within another: rules that defer to another record's, and named predicates.

use super::checker::{Checked, Checker, Marked, Reported};
use super::suggest::did_you_mean;
use super::term::{Place, Record, Term};
use super::{Use, code};
use crate::parse::parse;
use crate::position::Anchor;
use crate::{Link, ModelId, Predicate, Source};
use std::mem;

/// The most rules and named predicates that may be compiled within each other.
const MAX_INLINING: usize = 16;
/// The rules that another may defer to.
const RULES: [&str; 4] = ["read", "create", "update", "delete"];

/// A rule or a named predicate that is compiled in place.
struct Inlined<'t> {
    label: String,
    text: &'t str,
    usage: Use,
}

impl Checker<'_> {
    /// `record.allow.rule`: whether the rule of the record's model allows. A model without the rule denies.
    pub(super) fn deferred(&mut self, record: &Record, rule: &str, anchor: Anchor) -> Checked<Term> {
        self.require_relations(anchor)?;
        if !RULES.contains(&rule) {
            let message = format!("there is no rule `{rule}`");
            return self.note(code::UNKNOWN_NAME, anchor, message, did_you_mean(rule, RULES));
        }
        let schema = self.schema;
        let Some(text) = schema.rule(record.model, rule) else {
            return Ok(Term::Condition(Predicate::Const(false)));
        };
        let label = format!("{}.allow.{rule}", schema.model_name(record.model));
        let spoke = mem::take(&mut self.spoke_of_change);
        let predicate = self.inline_on(record, &Inlined { label, text, usage: Use::Rule }, anchor);
        if mem::replace(&mut self.spoke_of_change, spoke) {
            let message = "this rule speaks of `old` or `new`, which one that defers to it does not have";
            return self.refuse(code::UNSUPPORTED, anchor, message.to_owned());
        }
        predicate.map(Term::Condition)
    }

    /// A named predicate of the record's model.
    pub(super) fn named(&mut self, record: &Record, name: &str, anchor: Anchor) -> Checked<Term> {
        let schema = self.schema;
        let text = schema.named_predicate(record.model, name).unwrap_or_default();
        let used = (record.model, name.to_owned());
        if !self.used_predicates.contains(&used) {
            self.used_predicates.push(used);
        }
        let usage = if self.usage == Use::UpdateRule { Use::Rule } else { self.usage };
        let label = format!("{}.{name}", schema.model_name(record.model));
        self.inline_on(record, &Inlined { label, text, usage }, anchor).map(Term::Condition)
    }

    /// Compiles a text of the record's model about the record; one behind a ref has to be there for it to hold.
    fn inline_on(&mut self, record: &Record, inlined: &Inlined<'_>, anchor: Anchor) -> Checked<Predicate> {
        let id = match &record.place {
            Place::Here(source) => return self.inline((record.model, *source), inlined, anchor),
            Place::Behind(id) => id,
        };
        let level = self.next_level(id, anchor)?;
        let source = Source::Bound(level);
        let condition =
            self.at_level(level, |checker| checker.inline((record.model, source), inlined, anchor))?;
        let guard = self.guard_of_bound(record.model, level, anchor)?;
        Ok(Predicate::Exists {
            model: record.model,
            link: Link::To(id.clone()),
            level,
            filter: Box::new(Predicate::All(vec![guard, condition])),
        })
    }

    fn inline(
        &mut self,
        bare: (ModelId, Source),
        inlined: &Inlined<'_>,
        anchor: Anchor,
    ) -> Checked<Predicate> {
        if let Some(first) = self.inlining.iter().position(|label| *label == inlined.label) {
            let chain = self.inlining[first..].join(" → ");
            let message = format!("refers to itself: {chain} → {}", inlined.label);
            return self.refuse(code::CIRCULAR, anchor, message);
        }
        if self.inlining.len() >= MAX_INLINING {
            let message = format!("more than {MAX_INLINING} rules that refer to each other");
            return self.refuse(code::TOO_DEEP, anchor, message);
        }
        self.inlining.push(inlined.label.clone());
        let (condition, faults) =
            self.apart(bare, inlined.usage, |checker| checker.parsed_condition(inlined.text, anchor));
        self.inlining.pop();
        condition.or_else(|Reported| self.carry(faults, &inlined.label, anchor))
    }

    /// Checks something of another text: with its own record, variables, use and faults.
    fn apart<T>(
        &mut self,
        bare: (ModelId, Source),
        usage: Use,
        check: impl FnOnce(&mut Self) -> T,
    ) -> (T, Vec<Marked>) {
        let bindings = mem::take(&mut self.bindings);
        let faults = mem::take(&mut self.faults);
        let bare = self.bare.replace(bare);
        let usage = mem::replace(&mut self.usage, usage);
        let result = check(self);
        self.bindings = bindings;
        self.bare = bare;
        self.usage = usage;
        (result, mem::replace(&mut self.faults, faults))
    }

    fn parsed_condition(&mut self, text: &str, anchor: Anchor) -> Checked<Predicate> {
        match parse(text) {
            Ok(expr) => self.condition(&expr),
            Err(fault) => self.note(fault.code, anchor, fault.message, fault.hint),
        }
    }

    /// What faults within a text compiled in place mean for the one that refers to it. A rule leaves them to that text's own check,
    /// except for those that are about the two together; elsewhere the text may be sound but not usable.
    fn carry(&mut self, faults: Vec<Marked>, label: &str, anchor: Anchor) -> Checked<Predicate> {
        let together =
            |fault: &Marked| [code::CIRCULAR, code::TOO_DEEP, code::TOO_EXPENSIVE].contains(&fault.code);
        let mut faults = faults;
        if let Some(index) = faults.iter().position(together) {
            let fault = faults.swap_remove(index);
            return self.note(fault.code, anchor, fault.message, fault.hint);
        }
        match faults.into_iter().next() {
            Some(fault) if !matches!(self.usage, Use::Rule | Use::UpdateRule) => {
                let message = format!("`{label}` cannot be used here: {}", fault.message);
                self.note(fault.code, anchor, message, fault.hint)
            }
            _ => Ok(Predicate::Const(false)),
        }
    }
}
