//! The way between two versions that follow each other.

use crate::Application;
use mainstay_expr::{FieldId, Formula, ModelId, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The way between a version and the one after it. Models have the same ids in both; fields have their own.
#[derive(Debug)]
pub(crate) struct Step {
    /// The application as the older version has it.
    pub(crate) older: Arc<Application>,
    /// What becomes of each model, by its id.
    pub(crate) models: Vec<ModelStep>,
}

/// What becomes of a model.
#[derive(Debug, Default)]
pub(crate) struct ModelStep {
    /// Where the older fields come from, by their ids.
    pub(crate) origins: Vec<Origin>,
    /// What the newer fields are made from, by their ids.
    pub(crate) targets: Vec<Target>,
    /// The names of the newer fields.
    pub(crate) newer_fields: Vec<String>,
    /// The newer names of collections, by their older ones, where they differ.
    pub(crate) newer_children: HashMap<String, String>,
}

/// Where an older field comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// From this newer field, as it is.
    Same(FieldId),
    /// From this newer field, an enum whose values had other names. The older values by the newer.
    Renamed(FieldId, HashMap<String, String>),
    /// From several, or one of another type.
    Computed(Formula),
    /// From nothing: it always has this value.
    Constant(Value),
}

/// What a newer field is made from when an older client writes.
#[derive(Debug)]
pub(crate) enum Target {
    /// From this older field, as it is.
    Same(FieldId),
    /// From this older field, an enum whose values had other names. The newer values by the older.
    Renamed(FieldId, HashMap<String, String>),
    /// From several, or one of another type.
    Computed(Formula),
    /// From nothing: older clients cannot write it, and a new record takes its default.
    Untouched,
}

impl Origin {
    /// The newer field that it is, if by another name.
    pub(crate) fn field(&self) -> Option<FieldId> {
        match self {
            Origin::Same(field) | Origin::Renamed(field, _) => Some(*field),
            Origin::Computed(_) | Origin::Constant(_) => None,
        }
    }

    /// The newer fields that tell of it.
    pub(crate) fn sources(&self) -> Vec<FieldId> {
        match self {
            Origin::Same(field) | Origin::Renamed(field, _) => vec![*field],
            Origin::Computed(formula) => formula.fields(),
            Origin::Constant(_) => Vec::new(),
        }
    }

    fn value(&self, newer: &[Value]) -> Value {
        match self {
            Origin::Same(field) => newer.get(field.index()).cloned().unwrap_or_default(),
            Origin::Renamed(field, names) => {
                renamed(newer.get(field.index()).cloned().unwrap_or_default(), names)
            }
            Origin::Computed(formula) => formula.evaluate(newer),
            Origin::Constant(value) => value.clone(),
        }
    }
}

impl Target {
    /// The older fields that it is made from.
    fn sources(&self) -> Vec<FieldId> {
        match self {
            Target::Same(field) | Target::Renamed(field, _) => vec![*field],
            Target::Computed(formula) => formula.fields(),
            Target::Untouched => Vec::new(),
        }
    }
}

/// The value of an enum by another name; what has no other keeps its own.
pub(crate) fn renamed(value: Value, names: &HashMap<String, String>) -> Value {
    match value {
        Value::Text(text) => Value::Text(names.get(&text).cloned().unwrap_or(text)),
        other => other,
    }
}

impl Step {
    pub(crate) fn model(&self, model: ModelId) -> &ModelStep {
        &self.models[model.index()]
    }

    /// A record as the older version has it.
    pub(crate) fn raise(&self, model: ModelId, newer: &[Value]) -> Vec<Value> {
        self.model(model).origins.iter().map(|origin| origin.value(newer)).collect()
    }
}

impl ModelStep {
    /// The older fields that these newer ones tell of, wholly or in part.
    pub(crate) fn told_by(&self, newer: &[FieldId]) -> Vec<FieldId> {
        let origins = self.origins.iter().enumerate();
        let told = origins.filter(|(_, origin)| origin.sources().iter().any(|field| newer.contains(field)));
        told.filter_map(|(place, _)| u16::try_from(place).ok().map(FieldId)).collect()
    }

    /// The older fields that these newer ones are made from, wholly or in part, when an older client writes.
    pub(crate) fn written_to(&self, newer: &[FieldId]) -> Vec<FieldId> {
        newer.iter().filter_map(|field| self.targets.get(field.index())).flat_map(Target::sources).collect()
    }

    /// The older field that a newer one is by another name.
    pub(crate) fn older(&self, newer: FieldId) -> Option<FieldId> {
        let place = self.origins.iter().position(|origin| origin.field() == Some(newer))?;
        u16::try_from(place).ok().map(FieldId)
    }

    /// The older field that a client has to mend when a newer one is at fault.
    pub(crate) fn blamed(&self, newer: FieldId) -> Option<FieldId> {
        self.targets.get(newer.index())?.sources().first().copied()
    }
}
