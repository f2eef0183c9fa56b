//! The models, but for their expressions.

use super::cycles;
use super::draft::{Draft, Drafts, Part};
use super::faults::Faults;
use super::fields;
use super::rules::{self, Job};
use super::{indexes, names, relations};
use crate::{Allow, Model, base, builtin};
use mainstay_expr::{FieldId, ModelId};
use std::collections::HashMap;

const SECOND_MICROS: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;
const DEFAULT_RETENTION_MICROS: i64 = 30 * DAY_SECONDS * SECOND_MICROS;
/// The longest retention: beyond it, "for ever" is meant, which a model without deletion says better.
const MAX_RETENTION_DAYS: i64 = 36_500;

/// Builds the models, and collects the expressions that are to be compiled when all models are known.
pub(super) fn build(drafts: &Drafts, faults: &mut Faults) -> (Vec<Model>, Vec<Job>) {
    let mut models = Vec::new();
    let mut jobs = Vec::new();
    for (id, draft) in drafts.iter() {
        let (model, field_jobs) = model(id, draft, drafts, &models, faults);
        models.push(model);
        jobs.extend(field_jobs);
    }
    check_plurals(&models, drafts, faults);
    relations::connect(&mut models, drafts, faults);
    cycles::warn(&models, drafts, faults);
    for (id, draft) in drafts.iter() {
        jobs.extend(rules::collect(&mut models[id.index()], draft, faults));
    }
    (models, jobs)
}

fn model(
    id: ModelId,
    draft: &Draft,
    drafts: &Drafts,
    before: &[Model],
    faults: &mut Faults,
) -> (Model, Vec<Job>) {
    for extension in draft.parts.iter().skip(1) {
        check_extension(&draft.name, extension, faults);
    }
    let (fields, jobs) = fields::build(id, draft, drafts, faults);
    // What an extension may say again, it says last.
    let own = &draft.parts[0];
    let doc = draft.parts.iter().rev().find_map(|part| part.file.doc.clone());
    let soft_delete = own.file.soft_delete.unwrap_or(true);
    let retention = draft.parts.iter().rev().find_map(|part| retention(part, soft_delete, faults));
    let was_in_use = |name: &str| drafts.find(name).is_some();
    let renamed_before = |name: &str| {
        let other = before.iter().find(|other| other.was.as_deref() == Some(name));
        other.map(|other| other.name.clone())
    };
    let mut model = Model {
        id,
        name: draft.name.clone(),
        plural: own.file.plural.clone().unwrap_or_else(|| names::plural(&draft.name)),
        doc,
        field_by_name: fields.iter().map(|field| (field.name.clone(), field.id)).collect(),
        answer_order: answer_order(fields.len(), soft_delete),
        fields,
        allow: Allow::default(),
        predicates: HashMap::new(),
        checks: Vec::new(),
        indexes: Vec::new(),
        children: Vec::new(),
        soft_delete,
        retention_micros: retention.unwrap_or(DEFAULT_RETENTION_MICROS),
        internal: draft.is_internal(),
        announced: builtin::ANNOUNCED.contains(&draft.name.as_str()),
        was: names::check_was(&own.document, &["was"], was_in_use, renamed_before, faults),
    };
    indexes::build(&mut model, draft, faults);
    (model, jobs)
}

/// `id`, the declared fields, then the other base fields; `deleted_at` only where there is such a thing.
fn answer_order(count: usize, soft_delete: bool) -> Vec<FieldId> {
    let declared = (base::COUNT..count).map(|place| FieldId(u16::try_from(place).expect("fields are few")));
    let mut order = vec![base::ID];
    order.extend(declared);
    order.extend([base::CREATED_AT, base::UPDATED_AT, base::VERSION]);
    order.extend(soft_delete.then_some(base::DELETED_AT));
    order
}

/// A project adds to a built-in model; it does not make it another.
fn check_extension(name: &str, part: &Part, faults: &mut Faults) {
    for option in ["plural", "soft_delete", "was"] {
        if part.document.node(&[option]).is_some() {
            let message = format!("`{option}` of the built-in model {name} cannot be changed");
            faults.error("built_in", part.document.key_place(&[option]), message);
        }
    }
    check_creation(name, part, faults);
}

/// A record of `user` alone would be an account without a password, which could never log in.
fn check_creation(name: &str, part: &Part, faults: &mut Faults) {
    let rule = ["allow", "create"];
    if part.document.node(&rule).is_some() {
        let message = format!("a {name} cannot be created as a record, since it would have no password");
        let hint = "accounts are made by registering or by `mainstay user create`; leave this rule out";
        faults.error("built_in", part.document.key_place(&rule), message).help(hint);
    }
}

fn retention(part: &Part, soft_delete: bool, faults: &mut Faults) -> Option<i64> {
    let retention = part.document.text(&["retention"])?;
    if !soft_delete {
        let message = "`retention` says nothing where soft_delete = false";
        faults.error("unfit_option", part.document.key_place(&["retention"]), message);
        return None;
    }
    retention_micros(&retention.text).or_else(|| {
        let message = format!("`{}` is not a retention time", retention.text);
        let hint = format!("a number and s, m, h, d or w, as \"30d\", from 1s to {MAX_RETENTION_DAYS}d");
        faults.error("bad_duration", retention.place, message).help(hint);
        None
    })
}

fn retention_micros(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => DAY_SECONDS,
        'w' => 7 * DAY_SECONDS,
        _ => return None,
    };
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let total = number.parse::<i64>().ok().filter(|_| digits)?.checked_mul(seconds)?;
    (1..=MAX_RETENTION_DAYS * DAY_SECONDS).contains(&total).then_some(total * SECOND_MICROS)
}

/// Plurals are paths, so no two models may share one.
fn check_plurals(models: &[Model], drafts: &Drafts, faults: &mut Faults) {
    for ((id, draft), model) in drafts.iter().zip(models).filter(|(_, model)| !model.internal) {
        let document = &draft.parts[0].document;
        let written = document.text(&["plural"]).map(|plural| plural.place);
        let is_derived = written.is_none();
        let place = written.unwrap_or_else(|| document.at(0..0));
        if is_derived {
            names::check_derived_plural(&model.name, &model.plural, place.clone(), faults);
        } else {
            names::check_model(&model.plural, place.clone(), faults);
        }
        let clash = models[..id.index()].iter().find(|other| other.plural == model.plural);
        if let Some(other) = clash {
            let derived = if is_derived { ", which is derived" } else { "" };
            let message =
                format!("{} and {} share the plural `{}`{derived}", other.name, model.name, model.plural);
            let hint = if is_derived { names::SAY_PLURAL } else { "give one of them another" };
            faults.error("name_clash", place, message).help(hint);
        }
    }
}
