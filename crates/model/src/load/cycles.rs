//! Required refs that no record can satisfy.
//!
//! A ref points to a record that is there already. Where each model of a circle of required refs waits for a record of the next, none
//! can be the first.

use super::draft::{Draft, Drafts};
use super::faults::Faults;
use super::relations::part_of;
use crate::{Field, Model};
use mainstay_expr::ModelId;
use std::collections::HashSet;

/// Warns of each required ref that is part of a circle of such.
pub(super) fn warn(models: &[Model], drafts: &Drafts, faults: &mut Faults) {
    for ((_, draft), model) in drafts.iter().zip(models) {
        for (field, target) in required_refs(model) {
            if reaches(models, target, model.id) {
                warn_of(draft, field, &models[target.index()], faults);
            }
        }
    }
}

fn required_refs(model: &Model) -> impl Iterator<Item = (&Field, ModelId)> {
    model.refs().filter(|(field, ..)| !field.optional).map(|(field, target, _)| (field, target))
}

/// Whether required refs lead from one model to another, or they are the same.
fn reaches(models: &[Model], from: ModelId, to: ModelId) -> bool {
    let mut seen = HashSet::from([from]);
    let mut open = vec![from];
    while let Some(model) = open.pop() {
        if model == to {
            return true;
        }
        let next = required_refs(&models[model.index()]).map(|(_, target)| target);
        open.extend(next.filter(|target| seen.insert(*target)));
    }
    false
}

fn warn_of(draft: &Draft, field: &Field, target: &Model, faults: &mut Faults) {
    let Some(part) = part_of(draft, &field.name) else { return };
    let place = part.document.key_place(&["fields", &field.name]);
    let message = if draft.name == target.name {
        format!("each {0} requires another {0}, so the first cannot be created", draft.name)
    } else {
        let (name, other) = (&draft.name, &target.name);
        format!("{name} requires {other}, which in the end requires {name}: none can be created first")
    };
    faults.warning("ref_unsatisfiable", place, message).help("make one of the refs optional = true");
}
