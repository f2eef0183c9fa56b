//! From a version to the one before it.

use super::fields::{self, Fields};
use super::file::{ModelChange, VersionFile};
use crate::load::document::Document;
use crate::load::draft::Drafts;
use crate::load::faults::Faults;
use crate::load::{names, nearest};
use crate::versions::{ModelStep, Step};
use crate::{Application, Child, Model, Versions, base};
use mainstay_expr::{FieldId, ModelId};
use std::collections::HashMap;
use std::sync::Arc;

/// What a version's file says, and what it may speak of.
pub(super) struct Sources<'a> {
    pub(super) document: &'a Document,
    pub(super) file: &'a VersionFile,
    pub(super) drafts: &'a Drafts,
    /// The number of the version before.
    pub(super) number: u32,
}

static UNCHANGED: std::sync::LazyLock<ModelChange> = std::sync::LazyLock::new(ModelChange::default);

/// The step to the version before. `None` when a fault was reported.
pub(super) fn step(sources: &Sources<'_>, newer: &Application, faults: &mut Faults) -> Option<Step> {
    let before = faults.count();
    check_names(sources, newer, faults);
    let built: Vec<Fields> = newer.models.iter().map(|model| fields(sources, newer, model, faults)).collect();
    let mut models: Vec<Model> = Vec::new();
    for (model, fields) in newer.models.iter().zip(&built) {
        models.push(older(sources, model, fields));
    }
    check_clashes(sources, newer, &models, faults);
    let newer_children: Vec<_> =
        newer.models.iter().map(|model| children(model, newer, &mut models, &built)).collect();
    if faults.count() > before {
        return None;
    }
    let visible = models.iter().filter(|model| !model.internal || model.name.starts_with('_'));
    let by_name = visible.map(|model| (model.name.clone(), model.id)).collect();
    let mut older = Application {
        config: newer.config.clone(),
        models,
        by_name,
        versions: Versions::of(sources.number),
        // They are the same in all versions: their rules are those of the newest, which the engine asks.
        channels: newer.channels.clone(),
    };
    let models = connect(sources, newer, &older, built, newer_children, faults);
    guard(&mut older, newer, &models);
    (faults.count() == before).then(|| Step { older: Arc::new(older), models })
}

fn change<'a>(sources: &Sources<'a>, model: &Model) -> &'a ModelChange {
    sources.file.models.get(&model.name).unwrap_or(&UNCHANGED)
}

fn fields(sources: &Sources<'_>, newer: &Application, model: &Model, faults: &mut Faults) -> Fields {
    fields::build(&fields::Source { sources, newer, model, change: change(sources, model) }, faults)
}

fn check_names(sources: &Sources<'_>, newer: &Application, faults: &mut Faults) {
    let known = || newer.models.iter().filter(|model| !model.internal).map(|model| model.name.as_str());
    for name in sources.file.models.keys() {
        if !known().any(|model| model == name) {
            let message = format!("there is no model `{name}` in this version");
            let place = sources.document.key_place(&["models", name]);
            faults.error("unknown_model", place, message).did_you_mean(nearest(name, known()));
        }
    }
    let user = sources.file.models.get("user");
    if user.is_some_and(|user| user.added.is_some() || user.was.is_some() || user.plural_was.is_some()) {
        let message = "the built-in model user has been there from the first version, under this name";
        faults.error("built_in", sources.document.key_place(&["models", "user"]), message);
    }
}

fn older(sources: &Sources<'_>, model: &Model, fields: &Fields) -> Model {
    let change = change(sources, model);
    let plural = match (&change.plural_was, &change.was) {
        (Some(plural), _) => plural.clone(),
        (None, Some(was)) => names::plural(was),
        (None, None) => model.plural.clone(),
    };
    Model {
        name: change.was.clone().unwrap_or_else(|| model.name.clone()),
        plural,
        field_by_name: fields.older.iter().map(|field| (field.name.clone(), field.id)).collect(),
        answer_order: answer_order(model, &fields.older),
        fields: fields.older.clone(),
        checks: Vec::new(),
        indexes: Vec::new(),
        children: Vec::new(),
        internal: model.internal || change.added == Some(true),
        was: None,
        ..model.clone()
    }
}

/// The newer order, with the fields that only the older version has where they stand among its own.
fn answer_order(model: &Model, older: &[crate::Field]) -> Vec<FieldId> {
    let declared = older[base::COUNT..].iter().map(|field| field.id);
    let bases =
        model.answer_order.iter().copied().filter(|field| field.index() < base::COUNT && *field != base::ID);
    std::iter::once(base::ID).chain(declared).chain(bases).collect()
}

/// Names of models and collections are paths.
fn check_clashes(sources: &Sources<'_>, newer: &Application, models: &[Model], faults: &mut Faults) {
    let changed = newer.models.iter().zip(models).filter(|(newer, older)| {
        !older.internal && (newer.name != older.name || newer.plural != older.plural)
    });
    for (newer, older) in changed {
        let place = sources.document.key_place(&["models", &newer.name]);
        names::check_model(&older.name, place.clone(), faults);
        names::check_model(&older.plural, place.clone(), faults);
        let others = models.iter().filter(|other| other.id != older.id && !other.internal);
        let taken = |other: &&Model| other.name == older.name || other.plural == older.plural;
        if let Some(other) = others.into_iter().find(taken) {
            let message = format!("the version before has two models `{}` or `{}`", other.name, older.plural);
            faults.error("name_clash", place, message);
        }
    }
}

/// Gives the older model its collections; answers with the newer names of those that were called otherwise.
fn children(
    newer_model: &Model,
    newer: &Application,
    models: &mut [Model],
    built: &[Fields],
) -> HashMap<String, String> {
    let mut renamed = HashMap::new();
    for child in &newer_model.children {
        let of: ModelId = child.model;
        let Some(field) = built[of.index()].older_of(child.field).filter(|_| !models[of.index()].internal)
        else {
            continue;
        };
        let is_plural = child.name == newer.model(of).plural;
        let name = if is_plural { models[of.index()].plural.clone() } else { child.name.clone() };
        if name != child.name {
            renamed.insert(name.clone(), child.name.clone());
        }
        models[newer_model.id.index()].children.push(Child { name, model: of, field });
    }
    renamed
}

/// A computed field is hidden from some where one that it is made from is.
fn guard(older: &mut Application, newer: &Application, steps: &[ModelStep]) {
    for (model, step) in older.models.iter_mut().zip(steps) {
        let newer = newer.model(model.id);
        let computed =
            model.fields.iter_mut().zip(&step.origins).filter(|(_, origin)| origin.field().is_none());
        for (field, origin) in computed {
            field.read = origin.sources().iter().find_map(|source| newer.field(*source).read.clone());
        }
    }
}

/// Compiles what leads from fields to fields.
fn connect(
    sources: &Sources<'_>,
    newer: &Application,
    older: &Application,
    built: Vec<Fields>,
    newer_children: Vec<HashMap<String, String>>,
    faults: &mut Faults,
) -> Vec<ModelStep> {
    let parts = newer.models.iter().zip(built).zip(newer_children);
    parts
        .map(|((model, fields), newer_children)| {
            let source = fields::Source { sources, newer, model, change: change(sources, model) };
            let (origins, targets) = fields::connect(&source, older, &fields, faults);
            let newer_fields = model.fields.iter().map(|field| field.name.clone()).collect();
            ModelStep { origins, targets, newer_fields, newer_children }
        })
        .collect()
}
