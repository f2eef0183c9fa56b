//! An older version of the API, as its clients know it.

use super::Step;
use crate::{Application, Model};
use mainstay_expr::{FieldId, ModelId, Value};
use std::sync::Arc;

/// How the clients of an older version know the application.
///
/// *Raising* turns what is stored into what they are answered, *lowering* what they say into what is stored.
#[derive(Debug)]
pub struct Face {
    /// The application with the version's models and fields. A model that the version does not have is internal here.
    pub application: Arc<Application>,
    /// The way from the newest version, step by step.
    steps: Vec<Arc<Step>>,
}

impl Face {
    /// The face at the end of these steps, which begin at the newest version; there is at least one.
    pub(crate) fn new(steps: Vec<Arc<Step>>) -> Option<Self> {
        let application = steps.last()?.older.clone();
        Some(Face { application, steps })
    }

    /// The steps from the newest version to this one.
    pub(super) fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// A model as this version has it.
    pub fn model(&self, model: ModelId) -> &Model {
        self.application.model(model)
    }

    /// The values of a record in this version.
    pub fn raise(&self, model: ModelId, values: &[Value]) -> Vec<Value> {
        self.raise_through(self.steps.len(), model, values)
    }

    /// The values after the first `count` steps.
    pub(super) fn raise_through(&self, count: usize, model: ModelId, values: &[Value]) -> Vec<Value> {
        let (first, rest) = self.steps[..count].split_first().expect("there is a step");
        let once = first.raise(model, values);
        rest.iter().fold(once, |values, step| step.raise(model, &values))
    }

    /// The fields of this version that cannot be told where these of the application must not be.
    pub fn raise_hidden(&self, model: ModelId, hidden: &[FieldId]) -> Vec<FieldId> {
        let told = |hidden: Vec<FieldId>, step: &Arc<Step>| step.model(model).told_by(&hidden);
        if hidden.is_empty() { Vec::new() } else { self.steps.iter().fold(hidden.to_vec(), told) }
    }

    /// The fields of this version that cannot be written where these of the application must not be.
    pub(super) fn raise_unwritable(&self, model: ModelId, unwritable: Vec<FieldId>) -> Vec<FieldId> {
        let written = |newer: Vec<FieldId>, step: &Arc<Step>| step.model(model).written_to(&newer);
        self.steps.iter().fold(unwritable, written)
    }

    /// The field of this version that a field of the application is by another name.
    pub fn raise_field(&self, model: ModelId, field: FieldId) -> Option<FieldId> {
        self.steps.iter().try_fold(field, |field, step| step.model(model).older(field))
    }

    /// The name in this version of what is at fault with a field of the application of this name.
    pub fn raise_fault(&self, model: ModelId, newest: &Model, field: &str) -> Option<&str> {
        let field = newest.field_named(field)?.id;
        let blamed = self.steps.iter().try_fold(field, |field, step| step.model(model).blamed(field))?;
        Some(&self.model(model).field(blamed).name)
    }

    /// The field of the application that a field of this version is by another name; `None` where it is computed.
    pub fn lower_field(&self, model: ModelId, field: FieldId) -> Option<FieldId> {
        let origin = |step: &Arc<Step>, field: FieldId| step.model(model).origins.get(field.index())?.field();
        self.steps.iter().rev().try_fold(field, |field, step| origin(step, field))
    }
}
