//! The collections that refs make on the models they point to.

use super::draft::{Draft, Drafts, Part};
use super::faults::{Faults, Place};
use super::names;
use crate::{Child, Field, FieldType, Model};
use mainstay_expr::ModelId;

/// A ref, seen from the model that it points to.
struct Incoming {
    target: ModelId,
    child: Child,
    place: Place,
}

/// Gives each model the collections of records that point to it. Internal models make none: nothing of them shows.
pub(super) fn connect(models: &mut [Model], drafts: &Drafts, faults: &mut Faults) {
    let public = drafts.iter().filter(|(_, draft)| !draft.is_internal());
    let incoming: Vec<Incoming> =
        public.flat_map(|(id, draft)| incoming_of(&models[id.index()], draft, faults)).collect();
    for Incoming { target, child, place } in incoming {
        add(&mut models[target.index()], child, place, faults);
    }
}

fn incoming_of(model: &Model, draft: &Draft, faults: &mut Faults) -> Vec<Incoming> {
    let incoming = |(field, target, _): (&Field, ModelId, _)| {
        let (name, place) = child_name(model, draft, field, target, faults)?;
        Some(Incoming { target, child: Child { name, model: model.id, field: field.id }, place })
    };
    model.refs().filter_map(incoming).collect()
}

fn child_name(
    model: &Model,
    draft: &Draft,
    field: &Field,
    target: ModelId,
    faults: &mut Faults,
) -> Option<(String, Place)> {
    let part = part_of(draft, &field.name)?;
    let place = part.document.key_place(&["fields", &field.name]);
    if let Some(inverse) = part.document.text(&["fields", &field.name, "inverse"]) {
        return names::check_member(&inverse.text, inverse.place.clone(), faults)
            .then_some((inverse.text, inverse.place));
    }
    let same_target = |other: &&Field| matches!(other.ty, FieldType::Ref { model, .. } if model == target);
    if model.fields.iter().filter(same_target).count() > 1 {
        let message = format!("`{}` is not the only ref of {} to that model", field.name, model.name);
        let hint = format!("name the collection there: inverse = \"{}_by_{}\"", model.plural, field.name);
        faults.error("inverse_missing", place, message).help(hint);
        return None;
    }
    Some((model.plural.clone(), place))
}

/// The file that declares a field.
pub(super) fn part_of<'a>(draft: &'a Draft, field: &str) -> Option<&'a Part> {
    draft.parts.iter().find(|part| part.file.fields.contains_key(field))
}

fn add(target: &mut Model, child: Child, place: Place, faults: &mut Faults) {
    let is_field = target.field_by_name.contains_key(&child.name);
    if is_field || target.children.iter().any(|other| other.name == child.name) {
        let what = if is_field { "a field" } else { "a collection" };
        let message = format!("{} already has {what} `{}`", target.name, child.name);
        let fault = faults.error("name_clash", place, message);
        fault.help("name the collection that the ref makes there with `inverse`");
        return;
    }
    target.children.push(child);
}
