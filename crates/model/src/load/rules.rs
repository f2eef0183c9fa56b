//! The expressions in the models' files: which there are, and what they are for.

use super::document::Quoted;
use super::draft::{Draft, Part};
use super::faults::Faults;
use super::{channels, names};
use crate::{Allow, Model, Rule};
use mainstay_expr::{FieldId, ModelId, Predicate};
use std::sync::Arc;

/// An expression to compile.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) model: ModelId,
    pub(super) target: Target,
    pub(super) source: Quoted,
}

/// What an expression is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Read,
    FieldRead(FieldId),
    Create,
    Update,
    Delete,
    FieldWrite(FieldId),
    FieldCheck(FieldId),
    /// A validation of the record, with its message.
    RecordCheck(String),
    Default(FieldId),
    Predicate(String),
    /// Who may take a lock: read, make and change it.
    Lock,
    /// Who may do something on a kind of channel, by its place among them.
    Channel(usize, channels::Verb),
}

/// Declares the rules, predicates and checks of a model. The sources are needed before anything can be compiled, since an
/// expression may refer to another.
pub(super) fn collect(model: &mut Model, draft: &Draft, faults: &mut Faults) -> Vec<Job> {
    let mut jobs = Vec::new();
    for part in &draft.parts {
        jobs.extend(part_checks(part, faults));
        jobs.extend(part_predicates(model, part, faults));
    }
    jobs.extend(allow(model, draft));
    let id = model.id;
    jobs.into_iter().map(|(target, source)| Job { model: id, target, source }).collect()
}

/// The rule of locks, which is of their internal model and stands in the settings.
pub(super) fn of_locks(models: &[Model], source: Quoted) -> Option<Job> {
    let model = models.iter().find(|model| model.name == "_lock")?.id;
    Some(Job { model, target: Target::Lock, source })
}

/// The rules: of several files about a model, the last that has a rule gives it.
fn allow(model: &mut Model, draft: &Draft) -> Vec<(Target, Quoted)> {
    let targets = [
        ("read", Target::Read),
        ("create", Target::Create),
        ("update", Target::Update),
        ("delete", Target::Delete),
    ];
    let last = |name: &str| draft.parts.iter().rev().find_map(|part| part.document.text(&["allow", name]));
    let jobs: Vec<_> = targets.into_iter().filter_map(|(name, target)| Some((target, last(name)?))).collect();
    for (target, source) in &jobs {
        let never = Arc::new(Predicate::Const(false));
        set_rule(model, target, Rule { source: source.text.clone(), predicate: never });
    }
    jobs
}

/// Sets the rule of a target that is one.
pub(super) fn set_rule(model: &mut Model, target: &Target, rule: Rule) {
    if *target == Target::Lock {
        let rule = Some(rule);
        model.allow = Allow { read: rule.clone(), create: rule.clone(), update: rule, delete: None };
        return;
    }
    let place = match target {
        Target::Create => &mut model.allow.create,
        Target::Update => &mut model.allow.update,
        Target::Delete => &mut model.allow.delete,
        _ => &mut model.allow.read,
    };
    *place = Some(rule);
}

fn part_checks(part: &Part, faults: &mut Faults) -> Vec<(Target, Quoted)> {
    let mut jobs = Vec::new();
    for (number, check) in part.file.checks.iter().enumerate() {
        let number = number.to_string();
        if part.document.node(&["checks", &number]).is_none_or(|node| node.kind() != "a table") {
            continue;
        }
        for option in ["rule", "message"] {
            if part.document.node(&["checks", &number, option]).is_none() {
                let place = part.document.place(&["checks", &number]);
                faults.error("option_missing", place, format!("a check needs a `{option}`"));
            }
        }
        let source = part.document.text(&["checks", &number, "rule"]);
        if let (Some(source), Some(message)) = (source, &check.message) {
            jobs.push((Target::RecordCheck(message.clone()), source));
        }
    }
    jobs
}

fn part_predicates(model: &mut Model, part: &Part, faults: &mut Faults) -> Vec<(Target, Quoted)> {
    let mut jobs = Vec::new();
    for name in part.document.keys(&["predicates"]) {
        let place = part.document.key_place(&["predicates", name]);
        let Some(source) = part.document.text(&["predicates", name]) else {
            faults.mark_broken(name);
            continue;
        };
        if !names::check_member(name, place.clone(), faults) {
            faults.mark_broken(name);
        } else if let Some(taken) = taken_by(model, name) {
            faults.error("name_clash", place, format!("{} already has {taken} `{name}`", model.name));
        } else {
            model.predicates.insert(name.to_owned(), source.text.clone());
            jobs.push((Target::Predicate(name.to_owned()), source));
        }
    }
    jobs
}

fn taken_by(model: &Model, name: &str) -> Option<&'static str> {
    if model.field_by_name.contains_key(name) {
        return Some("a field");
    }
    if model.children.iter().any(|child| child.name == name) {
        return Some("a collection");
    }
    model.predicates.contains_key(name).then_some("a predicate")
}
