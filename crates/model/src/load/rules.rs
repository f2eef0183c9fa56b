//! The expressions in the models' files.

use super::document::Quoted;
use super::draft::{Draft, Part};
use super::faults::Faults;
use super::names;
use crate::{Application, Check, Default, Model, Rule, json};
use mainstay_expr::{
    Compiled, Context, FieldId, Frame, ModelId, Operand, Predicate, Use, compile as compile_condition,
    compile_value,
};
use std::collections::HashSet;
use std::sync::Arc;

/// An expression to compile.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) model: ModelId,
    pub(super) target: Target,
    pub(super) source: Quoted,
}

/// What an expression is for. The order is that in which they are compiled: read rules first, since others may be guarded by them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

fn set_rule(model: &mut Model, target: &Target, rule: Rule) {
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

/// Compiles all expressions into the application.
pub(super) fn compile(application: &mut Application, mut jobs: Vec<Job>, faults: &mut Faults) {
    jobs.sort_by(|a, b| a.target.cmp(&b.target));
    let mut compiler = Compiler { application, faults, used: HashSet::new(), failed: false };
    for job in &jobs {
        match job.target {
            Target::Default(field) => compiler.default(job, field),
            _ => compiler.condition(job),
        }
    }
    compiler.warn_of_unused(&jobs);
}

struct Compiler<'a> {
    application: &'a mut Application,
    faults: &'a mut Faults,
    used: HashSet<(ModelId, String)>,
    failed: bool,
}

impl Compiler<'_> {
    fn condition(&mut self, job: &Job) {
        let usage = match job.target {
            Target::Update => Use::UpdateRule,
            Target::FieldCheck(_) | Target::RecordCheck(_) => Use::Check,
            _ => Use::Rule,
        };
        let context = Context { model: Some(job.model), usage };
        match compile_condition(&job.source.text, context, self.application) {
            Ok(compiled) => self.accept(job, compiled),
            Err(found) => self.report(job, found),
        }
    }

    fn report(&mut self, job: &Job, found: Vec<mainstay_expr::Fault>) {
        self.failed = true;
        for fault in found {
            let marked = job.source.text.get(fault.span.clone()).unwrap_or_default();
            if !self.faults.mentions_broken(marked) {
                let place = job.source.part(&fault.span);
                self.faults.error(fault.code, place, fault.message).hint = fault.hint;
            }
        }
    }

    fn accept(&mut self, job: &Job, compiled: Compiled) {
        self.used.extend(compiled.used_predicates.iter().cloned());
        self.warn(job, &compiled);
        let predicate = Arc::new(compiled.predicate);
        let model = &mut self.application.models[job.model.index()];
        match &job.target {
            Target::Read | Target::Create | Target::Update | Target::Delete => {
                set_rule(model, &job.target, Rule { source: job.source.text.clone(), predicate });
            }
            Target::FieldRead(field) => model.fields[field.index()].read = Some(predicate),
            Target::FieldWrite(field) => model.fields[field.index()].write = Some(predicate),
            Target::FieldCheck(field) => {
                let message = format!("must satisfy {}", job.source.text);
                model.checks.push(check(Some(*field), job, predicate, message));
            }
            Target::RecordCheck(message) => model.checks.push(check(None, job, predicate, message.clone())),
            Target::Predicate(_) | Target::Default(_) => {}
        }
    }

    fn warn(&mut self, job: &Job, compiled: &Compiled) {
        let writes = matches!(job.target, Target::Create | Target::Update | Target::Delete);
        if writes && compiled.predicate.reduce(&Frame::default()) == Predicate::Const(true) {
            let message = "this rule always holds, so anybody may do this, without an account too";
            let fault = self.faults.warning("rule_always_true", job.source.place.clone(), message);
            fault.help("compare something with `auth.id`, or at least ask for `auth.id != null`");
        }
        if job.target == Target::Read {
            for field in &compiled.unindexed {
                let message = format!(
                    "the read rule compares `{field}`, which has no index: each list reads all records"
                );
                let fault = self.faults.warning("rule_no_index", job.source.place.clone(), message);
                fault.help(format!("give `{field}` index = true, or begin an index with it"));
            }
        }
    }

    fn default(&mut self, job: &Job, field: FieldId) {
        let expected = self.application.models[job.model.index()].field(field).ty.expr_type();
        let context = Context { model: None, usage: Use::Default };
        match compile_value(&job.source.text, &expected, context, self.application) {
            Ok(operand) => self.accept_default(job, field, operand),
            Err(found) => self.report(job, found),
        }
    }

    /// A default that needs no request to be computed is checked here and now.
    fn accept_default(&mut self, job: &Job, field: FieldId, operand: Operand) {
        let field = &mut self.application.models[job.model.index()].fields[field.index()];
        let Operand::Value(value) = operand else {
            field.default = Some(Default::Computed(operand));
            return;
        };
        let fault = match json::constrain(field, &value) {
            Ok(()) if value.is_null() && !field.optional => Some("must not be null".to_owned()),
            Ok(()) => None,
            Err(invalid) => Some(invalid.message),
        };
        if let Some(fault) = fault {
            let message = format!("the default of `{}` {fault}", field.name);
            self.faults.error("bad_default", job.source.place.clone(), message);
        }
        field.default = Some(Default::Value(value));
    }

    /// A predicate counts as used when any expression that compiled uses it; when one did not, nobody knows.
    fn warn_of_unused(&mut self, jobs: &[Job]) {
        for job in jobs.iter().filter(|_| !self.failed) {
            let Target::Predicate(name) = &job.target else { continue };
            if !self.used.contains(&(job.model, name.clone())) {
                let message = format!("nothing uses the predicate `{name}`");
                self.faults.warning("unused_predicate", job.source.place.clone(), message);
            }
        }
    }
}

fn check(field: Option<FieldId>, job: &Job, predicate: Arc<Predicate>, message: String) -> Check {
    Check { field, source: job.source.text.clone(), predicate, message }
}
