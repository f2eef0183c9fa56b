//! The fields of a model in the version before.

use super::back::Sources;
use super::file::{FieldChange, ModelChange};
use crate::load::document::Quoted;
use crate::load::faults::{Faults, Place};
use crate::load::fields::{FieldSource, declared, id};
use crate::load::file::FieldFile;
use crate::load::types::Types;
use crate::load::{default, names, nearest};
use crate::versions::{Origin, Target};
use crate::{Application, Default, Field, FieldType, Model, base, json};
use mainstay_expr::{
    FieldId, FieldRef, Formula, Operand, Schema, Source as RecordSource, Value, compile_formula,
};
use std::collections::HashMap;
use std::sync::Arc;

/// A model and what changed in it.
pub(super) struct Source<'a> {
    pub(super) sources: &'a Sources<'a>,
    pub(super) newer: &'a Application,
    pub(super) model: &'a Model,
    pub(super) change: &'a ModelChange,
}

/// The older fields, and what each comes from.
pub(super) struct Fields {
    pub(super) older: Vec<Field>,
    ways: Vec<Way>,
}

/// What an older field comes from.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// This newer field.
    Same(FieldId),
    /// This newer field, an enum some of whose values were renamed.
    Renamed(FieldId),
    /// This newer field, which can say all that the older can, while what it stores is checked.
    Widened(FieldId),
    /// This newer field, by its `up` and `down`.
    Computed(FieldId),
    /// No single field.
    Removed,
}

impl Way {
    fn newer(self) -> Option<FieldId> {
        match self {
            Way::Same(field) | Way::Renamed(field) | Way::Widened(field) | Way::Computed(field) => {
                Some(field)
            }
            Way::Removed => None,
        }
    }
}

impl Fields {
    /// The older field that a newer one is by another name.
    pub(super) fn older_of(&self, newer: FieldId) -> Option<FieldId> {
        let is_same = |way: &Way| *way == Way::Same(newer) || *way == Way::Widened(newer);
        self.ways.iter().position(is_same).map(id)
    }

    fn push(&mut self, field: Field, way: Way) {
        self.older.push(Field { id: id(self.older.len()), ..field });
        self.ways.push(way);
    }
}

/// Declares the older fields.
pub(super) fn build(source: &Source<'_>, faults: &mut Faults) -> Fields {
    let mut builder = Builder { source, faults, fields: Fields { older: Vec::new(), ways: Vec::new() } };
    builder.check_known();
    for field in &source.model.fields {
        match source.change.fields.get(&field.name).filter(|_| field.id.index() >= base::COUNT) {
            None => builder.fields.push(field.clone(), Way::Same(field.id)),
            Some(change) => builder.changed(field, change),
        }
    }
    for (name, removed) in &source.change.removed {
        let path = vec!["models", &source.model.name, "removed", name];
        match &removed.before {
            Some(file) => builder.declare(name, &path, file, |_| Some(Way::Removed)),
            None => builder.missing(&path, "before", "what it was has to be said, as before = \"string\""),
        }
    }
    builder.check_names();
    builder.fields
}

struct Builder<'a> {
    source: &'a Source<'a>,
    faults: &'a mut Faults,
    fields: Fields,
}

impl<'a> Builder<'a> {
    fn check_known(&mut self) {
        let model = self.source.model;
        for name in self.source.change.fields.keys() {
            if !model.declared().iter().any(|field| field.name == *name) {
                let place = self.source.sources.document.key_place(&["models", &model.name, "fields", name]);
                let message = format!("{} declares no field `{name}` in this version", model.name);
                let known = model.declared().iter().map(|field| field.name.as_str());
                let hint = nearest(name, known);
                self.faults.error("unknown_field", place, message).did_you_mean(hint);
            }
        }
    }

    fn changed(&mut self, field: &'a Field, change: &'a FieldChange) {
        let path = vec!["models", self.source.model.name.as_str(), "fields", &field.name];
        if change.added == Some(true) {
            return self.added(field, change, &path);
        }
        let name = change.was.as_deref().unwrap_or(&field.name);
        if let Some(file) = &change.before {
            let computed = change.up.is_some() && change.down.is_some();
            let way = |older: &Field| {
                let way = if computed { Way::Computed(field.id) } else { Way::Widened(field.id) };
                (computed || reads_as(field, older)).then_some(way)
            };
            return self.declare(name, &path, file, way);
        }
        if change.up.is_some() || change.down.is_some() {
            return self.missing(&path, "before", "a field that is computed says what it was before");
        }
        let renamed = (!change.values.is_empty()).then(|| self.renamed_values(field, change, &path));
        let (ty, way) = match renamed {
            Some(Some(ty)) => (ty, Way::Renamed(field.id)),
            Some(None) => return,
            None => (field.ty.clone(), Way::Same(field.id)),
        };
        let default = field.default.clone().map(|default| with_older_value(default, &change.values));
        self.fields.push(Field { name: name.to_owned(), ty, default, ..field.clone() }, way);
    }

    /// A field that the version before does not have: what its clients make has to be whole without it.
    fn added(&mut self, field: &Field, change: &FieldChange, path: &[&str]) {
        let unfit = [
            ("was", change.was.is_some()),
            ("before", change.before.is_some()),
            ("down", change.down.is_some()),
            ("values", !change.values.is_empty()),
        ];
        for (option, _) in unfit.into_iter().filter(|(_, given)| *given) {
            let place = self.source.sources.document.key_place(&[path, &[option]].concat());
            let message = format!("`{option}` says nothing of a field that was added");
            self.faults.error("unfit_option", place, message);
        }
        let needs_value = !field.optional && field.default.is_none() && change.up.is_none();
        if needs_value && self.source.change.added != Some(true) {
            let hint = "give it a default in the model, make it optional, or say `up`";
            self.missing_with(path, "up", "clients of the version before have no value for this field", hint);
        }
    }

    fn renamed_values(&mut self, field: &Field, change: &FieldChange, path: &[&str]) -> Option<FieldType> {
        let place = self.source.sources.document.key_place(&[path, &["values"]].concat());
        let FieldType::Enum(variants) = &field.ty else {
            self.faults.error("unfit_option", place, "only an enum has values that can be renamed");
            return None;
        };
        if let Some(unknown) = change.values.keys().find(|value| !variants.contains(value)) {
            self.faults.error("bad_enum_value", place, format!("the enum has no value `{unknown}`"));
            return None;
        }
        let older: Vec<String> = variants.iter().map(|value| older_value(value, &change.values)).collect();
        if let Some((_, twice)) =
            older.iter().enumerate().find(|(index, value)| older[..*index].contains(value))
        {
            self.faults.error("bad_enum_value", place, format!("two values were called `{twice}`"));
            return None;
        }
        Some(FieldType::Enum(Arc::from(older)))
    }

    fn declare(
        &mut self,
        name: &'a str,
        path: &[&'a str],
        file: &'a FieldFile,
        way: impl FnOnce(&Field) -> Option<Way>,
    ) {
        let document = self.source.sources.document;
        let within = [path, &["before"]].concat();
        let source = FieldSource { document, name, file, path: within };
        let types =
            Types { drafts: self.source.sources.drafts, internal: false, faults: self.faults }.read(&source);
        let Some(ty) = types else { return };
        let mut field = declared(&source, ty, self.faults);
        if let Some(computed) = default::read(&source, &mut field, self.faults) {
            self.faults.error("bad_default", computed.place, "the default of an older field is a value");
        }
        match way(&field) {
            Some(way) => self.fields.push(field, way),
            None => self.missing_with(
                path,
                "up",
                "what the field was cannot stand for what it is, so both ways have to be said",
                "say `up`, from the fields of the version before, and `down`, from those of this one",
            ),
        }
    }

    fn check_names(&mut self) {
        let document = self.source.sources.document;
        let place = document.key_place(&["models", &self.source.model.name]);
        for (index, field) in self.fields.older.iter().enumerate().skip(base::COUNT) {
            let is_new = !self.source.model.field_by_name.contains_key(&field.name);
            if is_new && !names::check_field(&self.source.model.name, &field.name, place.clone(), self.faults)
            {
                continue;
            }
            if self.fields.older[..index].iter().any(|other| other.name == field.name) {
                let message = format!("the version before has two fields `{}`", field.name);
                self.faults.error("name_clash", place.clone(), message);
            }
        }
    }

    fn missing(&mut self, path: &[&str], option: &str, message: &str) {
        self.missing_with(path, option, message, &format!("say `{option}`"));
    }

    fn missing_with(&mut self, path: &[&str], option: &str, message: &str, hint: &str) {
        let document = self.source.sources.document;
        let path = [path, &[option]].concat();
        let place = if document.node(&path).is_some() {
            document.place(&path)
        } else {
            document.key_place(&path[..path.len() - 1])
        };
        self.faults.error("transform_missing", place, message).help(hint);
    }
}

/// Whether every value of the newer field is one of the older.
fn reads_as(newer: &Field, older: &Field) -> bool {
    let values = match (&newer.ty, &older.ty) {
        (FieldType::Enum(newer), FieldType::Enum(older)) => newer.iter().all(|value| older.contains(value)),
        (_, FieldType::Enum(_)) => false,
        (newer, older) => newer.expr_type() == older.expr_type(),
    };
    values && (older.optional || !newer.optional) && newer.is_secret() == older.is_secret()
}

fn older_value(value: &str, older_by_newer: &std::collections::BTreeMap<String, String>) -> String {
    older_by_newer.get(value).cloned().unwrap_or_else(|| value.to_owned())
}

fn with_older_value(default: Default, names: &std::collections::BTreeMap<String, String>) -> Default {
    match default {
        Default::Value(Value::Text(text)) => Default::Value(Value::Text(older_value(&text, names))),
        other => other,
    }
}

/// Compiles what leads from the newer fields to the older ones, and back.
pub(super) fn connect(
    source: &Source<'_>,
    older: &Application,
    fields: &Fields,
    faults: &mut Faults,
) -> (Vec<Origin>, Vec<Target>) {
    let mut connector = Connector { source, older, faults };
    let ways = fields.older.iter().zip(&fields.ways);
    let origins = ways.map(|(field, way)| connector.origin(field, *way)).collect();
    let targets = source.model.fields.iter().map(|field| connector.target(field, fields)).collect();
    (origins, targets)
}

struct Connector<'a> {
    source: &'a Source<'a>,
    older: &'a Application,
    faults: &'a mut Faults,
}

impl Connector<'_> {
    fn origin(&mut self, older: &Field, way: Way) -> Origin {
        match way {
            Way::Same(field) | Way::Widened(field) => Origin::Same(field),
            Way::Renamed(field) => Origin::Renamed(field, self.names(field)),
            Way::Computed(field) => {
                let name = &self.source.model.field(field).name;
                let cel = self.text(&["fields", name, "down"]);
                cel.and_then(|cel| self.formula(&cel, older, self.source.newer))
                    .map_or(Origin::Constant(Value::Null), Origin::Computed)
            }
            Way::Removed => self.removed(older),
        }
    }

    fn removed(&mut self, older: &Field) -> Origin {
        if let Some(cel) = self.text(&["removed", &older.name, "down"]) {
            let formula = self.formula(&cel, older, self.source.newer);
            return formula.map_or(Origin::Constant(Value::Null), Origin::Computed);
        }
        match &older.default {
            Some(Default::Value(value)) => Origin::Constant(value.clone()),
            _ if older.optional || older.is_secret() => Origin::Constant(Value::Null),
            _ => {
                let place = self.source.sources.document.key_place(&[
                    "models",
                    &self.source.model.name,
                    "removed",
                    &older.name,
                ]);
                let message = format!("clients of the version before expect a value of `{}`", older.name);
                let fault = self.faults.error("transform_missing", place, message);
                fault.help("say `down`, from the fields of this version, or give it a default");
                Origin::Constant(Value::Null)
            }
        }
    }

    fn target(&mut self, newer: &Field, fields: &Fields) -> Target {
        let place = fields.ways.iter().position(|way| way.newer() == Some(newer.id));
        match place.map(|place| (fields.ways[place], id(place))) {
            Some((Way::Same(_), older)) => Target::Same(older),
            Some((Way::Widened(_), older)) => Target::Computed(itself(older)),
            Some((Way::Renamed(field), older)) => {
                let names = self.names(field);
                Target::Renamed(older, names.into_iter().map(|(newer, older)| (older, newer)).collect())
            }
            _ => match self.text(&["fields", &newer.name, "up"]) {
                Some(cel) => {
                    self.formula(&cel, newer, self.older).map_or(Target::Untouched, Target::Computed)
                }
                None => Target::Untouched,
            },
        }
    }

    /// The older values of an enum by the newer ones.
    fn names(&self, field: FieldId) -> HashMap<String, String> {
        let name = &self.source.model.field(field).name;
        let change = self.source.change.fields.get(name);
        change.into_iter().flat_map(|change| change.values.clone()).collect()
    }

    fn text(&self, steps: &[&str]) -> Option<Quoted> {
        let path = [&["models", &self.source.model.name], steps].concat();
        self.source.sources.document.text(&path)
    }

    /// A formula for a field, of the fields of `schema`.
    fn formula(&mut self, cel: &Quoted, field: &Field, schema: &Application) -> Option<Formula> {
        let compiled =
            compile_formula(&cel.text, &field.ty.expr_type(), self.source.model.id, schema as &dyn Schema);
        match compiled {
            Ok(formula) => {
                self.check_constants(cel, field, &formula);
                Some(formula)
            }
            Err(found) => {
                for fault in found {
                    self.faults.error(fault.code, cel.part(&fault.span), fault.message).hint = fault.hint;
                }
                None
            }
        }
    }

    /// A literal that the formula can come to is a value of the field.
    fn check_constants(&mut self, cel: &Quoted, field: &Field, formula: &Formula) {
        for value in formula.constants() {
            let mut text = Vec::new();
            json::encode(value, &mut text);
            let json = serde_json::from_slice(&text).unwrap_or_default();
            if let Err(invalid) = json::decode(field, &json) {
                let shown = json::encode_text(value);
                let message = format!("`{shown}` is not a value of `{}`: it {}", field.name, invalid.message);
                let place: Place = cel.place.clone();
                self.faults.error("bad_transform", place, message);
            }
        }
    }
}

/// The field as it is; what it comes to is checked by the field that takes it.
fn itself(field: FieldId) -> Formula {
    Formula::Operand(Operand::Field(FieldRef { source: RecordSource::Record, field }))
}
