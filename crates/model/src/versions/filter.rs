//! Filters of older versions.

use super::Face;
use super::step::{Origin, Step};
use crate::{Application, Field};
use mainstay_expr::{Fault, FieldId, Member, Mentioned, ModelId, Predicate, Schema, rewrite_filter};
use std::collections::HashMap;
use std::sync::Arc;

impl Face {
    /// A filter about a model in the application's names.
    ///
    /// # Errors
    /// What is wrong with it, in the terms of this version: also where it asks for what this version computes.
    pub fn lower_filter(&self, model: ModelId, filter: &str) -> Result<String, Vec<Fault>> {
        self.steps().iter().rev().try_fold(filter.to_owned(), |filter, step| step.filter(model, &filter))
    }
}

impl Step {
    fn filter(&self, model: ModelId, filter: &str) -> Result<String, Vec<Fault>> {
        rewrite_filter(filter, model, &Seen(&self.older), &|mentioned| self.rename(mentioned))
    }

    fn rename(&self, mentioned: &Mentioned<'_>) -> Result<Option<String>, String> {
        match mentioned {
            Mentioned::Member(model, name) => self.member(*model, name),
            Mentioned::Value(values, value) => {
                Ok(self.renamed_values(values).and_then(|names| newer(names, value)))
            }
            Mentioned::Text(values) if self.renamed_values(values).is_some() => {
                Err("its values have other names in this version of the API: ask with `==`, `!=` or `in`, of literals".to_owned())
            }
            Mentioned::Text(_) => Ok(None),
        }
    }

    fn member(&self, model: ModelId, name: &str) -> Result<Option<String>, String> {
        let step = self.model(model);
        let Some(field) = self.older.model(model).field_named(name) else {
            return Ok(step.newer_children.get(name).cloned());
        };
        match step.origins[field.id.index()].field() {
            Some(newer) => Ok(Some(step.newer_fields[newer.index()].clone()).filter(|newer| newer != name)),
            None => Err(format!(
                "`{name}` is computed in this version of the API, and cannot be asked for in a filter"
            )),
        }
    }

    /// The older values by the newer ones, of the enum that has these values, where they differ.
    fn renamed_values(&self, values: &Arc<[String]>) -> Option<&HashMap<String, String>> {
        let fields = self
            .older
            .models
            .iter()
            .flat_map(|model| model.fields.iter().map(move |field| (model.id, field)));
        let is_meant =
            |field: &Field| matches!(&field.ty, crate::FieldType::Enum(known) if Arc::ptr_eq(known, values));
        fields.filter(|(_, field)| is_meant(field)).find_map(|(model, field)| {
            match self.model(model).origins.get(field.id.index())? {
                Origin::Renamed(_, names) => Some(names),
                _ => None,
            }
        })
    }
}

fn newer(older_by_newer: &HashMap<String, String>, value: &str) -> Option<String> {
    older_by_newer.iter().find(|(_, older)| *older == value).map(|(newer, _)| newer.clone())
}

/// An older version's models, to check a filter by. The rules are written in the newest version's names, and what they come to does not
/// matter here: the engine will ask them of the filter in its own names.
struct Seen<'a>(&'a Application);

/// A condition that has no names in it.
const SOME_RULE: &str = "true";

impl Schema for Seen<'_> {
    fn member(&self, model: ModelId, name: &str) -> Option<Member> {
        self.0.member(model, name)
    }

    fn member_names(&self, model: ModelId) -> Vec<&str> {
        self.0.member_names(model)
    }

    fn model_name(&self, model: ModelId) -> &str {
        self.0.model_name(model)
    }

    fn rule(&self, model: ModelId, name: &str) -> Option<&str> {
        self.0.rule(model, name).map(|_| SOME_RULE)
    }

    fn named_predicate(&self, model: ModelId, name: &str) -> Option<&str> {
        self.0.named_predicate(model, name).map(|_| SOME_RULE)
    }

    fn predicate_names(&self, model: ModelId) -> Vec<&str> {
        self.0.predicate_names(model)
    }

    fn read_guard(&self, _: ModelId) -> Option<Arc<Predicate>> {
        Some(Arc::new(Predicate::Const(true)))
    }

    fn field_guard(&self, _: ModelId, _: FieldId) -> Option<Arc<Predicate>> {
        None
    }
}
