//! Compiling the expressions, with what there is to warn of.

use super::channels::{self, Verb, WithVariables};
use super::faults::Faults;
use super::lookups;
use super::rules::{Job, Target, set_rule};
use crate::{Application, Check, Default, Field, Rule, json};
use mainstay_expr::{
    Compiled, Context, Fault, FieldId, Frame, Lookup, ModelId, Operand, Predicate, Use, Value, compile,
    compile_value,
};
use std::collections::HashSet;
use std::sync::Arc;

/// Compiles all expressions into the application: read rules first, since others may be guarded by them.
pub(super) fn compile_all(application: &mut Application, mut jobs: Vec<Job>, faults: &mut Faults) {
    jobs.sort_by_key(|job| !matches!(job.target, Target::Read | Target::FieldRead(_)));
    let mut compiler =
        Compiler { application, faults, used: HashSet::new(), advised: HashSet::new(), failed: false };
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
    /// Lookups that were looked at: other rules repeat those of the rules that they use.
    advised: HashSet<Lookup>,
    failed: bool,
}

impl Compiler<'_> {
    fn condition(&mut self, job: &Job) {
        let usage = match job.target {
            Target::Update => Use::UpdateRule,
            Target::FieldCheck(_) | Target::RecordCheck(_) => Use::Check,
            _ => Use::Rule,
        };
        let context = |model| Context { model: Some(model), usage };
        let compiled = match job.target {
            Target::Channel(channel, _) => {
                let channel = &self.application.channels[channel];
                let schema = WithVariables { application: self.application, channel };
                compile(&job.source.text, context(schema.id()), &schema)
            }
            _ => compile(&job.source.text, context(job.model), self.application),
        };
        match compiled {
            Ok(compiled) => self.accept(job, compiled),
            Err(found) => self.report(job, found),
        }
    }

    fn report(&mut self, job: &Job, found: Vec<Fault>) {
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
        if let Target::Channel(channel, verb) = job.target {
            let channel = &mut self.application.channels[channel];
            return channels::set_rule(channel, verb, job.source.text.clone(), predicate);
        }
        let model = &mut self.application.models[job.model.index()];
        match &job.target {
            Target::Read | Target::Create | Target::Update | Target::Delete | Target::Lock => {
                set_rule(model, &job.target, Rule { source: job.source.text.clone(), predicate });
            }
            Target::FieldRead(field) => model.fields[field.index()].read = Some(predicate),
            Target::FieldWrite(field) => model.fields[field.index()].write = Some(predicate),
            Target::FieldCheck(field) => {
                let message = format!("must satisfy {}", job.source.text);
                model.checks.push(check(Some(*field), job, predicate, message));
            }
            Target::RecordCheck(message) => model.checks.push(check(None, job, predicate, message.clone())),
            Target::Predicate(_) | Target::Default(_) | Target::Channel(..) => {}
        }
    }

    fn warn(&mut self, job: &Job, compiled: &Compiled) {
        let writes = matches!(
            job.target,
            Target::Create
                | Target::Update
                | Target::Delete
                | Target::Lock
                | Target::Channel(_, Verb::Publish)
        );
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
        if !matches!(job.target, Target::Predicate(_)) {
            self.warn_of_lookups(job, &compiled.lookups);
        }
    }

    fn warn_of_lookups(&mut self, job: &Job, lookups: &[Lookup]) {
        for lookup in lookups {
            if !self.advised.insert(*lookup) {
                continue;
            }
            if let Some((message, advice)) = lookups::advice(self.application, *lookup) {
                self.faults.warning("lookup_no_index", job.source.place.clone(), message).help(advice);
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
        if let Some(fault) = value_fault(field, &value, &job.source.text) {
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

/// What keeps a field from being a value that an expression came to. Its JSON goes the way of a client's, which knows an enum's values
/// too.
fn value_fault(field: &Field, value: &Value, source: &str) -> Option<String> {
    if value.is_null() && source.trim() != "null" {
        return Some(
            "comes to nothing: arithmetic with null, or a result that does not fit 64 bits".to_owned(),
        );
    }
    let mut text = Vec::new();
    json::encode(value, &mut text);
    let literal = serde_json::from_slice(&text).expect("the encoder writes JSON");
    json::decode(field, &literal).err().map(|invalid| invalid.message)
}

fn check(field: Option<FieldId>, job: &Job, predicate: Arc<Predicate>, message: String) -> Check {
    Check { field, source: job.source.text.clone(), predicate, message }
}
