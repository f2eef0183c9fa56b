//! The checked application.

use crate::channel::MAX_CHANNEL_NAME;
use crate::{Channel, Config, Field, FieldType, Versions};
use mainstay_expr::{FieldId, Member, ModelId, Predicate, Schema, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The fields that every model has, by their places in a record. The declared fields follow.
pub mod base {
    use mainstay_expr::FieldId;

    /// `id`: UUIDv7 (RFC 9562).
    pub const ID: FieldId = FieldId(0);
    /// `created_at`
    pub const CREATED_AT: FieldId = FieldId(1);
    /// `updated_at`
    pub const UPDATED_AT: FieldId = FieldId(2);
    /// `version`: 1 when created, one more at each change.
    pub const VERSION: FieldId = FieldId(3);
    /// `deleted_at`: null while the record lives. A model without soft deletion has the field too, hidden and always null.
    pub const DELETED_AT: FieldId = FieldId(4);
    /// How many there are.
    pub const COUNT: usize = 5;
}

/// A checked project.
#[derive(Debug)]
pub struct Application {
    /// The settings.
    pub config: Config,
    /// The models, built-in ones first; a model's id is its place.
    pub models: Vec<Model>,
    /// Model ids by name.
    pub by_name: HashMap<String, ModelId>,
    /// The versions of its API; of a [face](crate::Face) the one that it is.
    pub versions: Versions,
    /// The kinds of channels. No name is of two of them.
    pub channels: Vec<Channel>,
}

/// A kind of record.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its place among the models.
    pub id: ModelId,
    /// Its name, singular: `room`.
    pub name: String,
    /// The name of its collection: `rooms`.
    pub plural: String,
    /// For people: what it means.
    pub doc: Option<String>,
    /// Its fields in record order: the base fields (see [`base`]), then the declared ones.
    pub fields: Vec<Field>,
    /// Field ids by name.
    pub field_by_name: HashMap<String, FieldId>,
    /// The order of fields in answers: `id`, the declared fields, the other base fields.
    pub answer_order: Vec<FieldId>,
    /// Who may do what.
    pub allow: Allow,
    /// The sources of the named predicates.
    pub predicates: HashMap<String, String>,
    /// Validations of the whole record.
    pub checks: Vec<Check>,
    /// Indexes, those of single fields included.
    pub indexes: Vec<Index>,
    /// Collections that point here.
    pub children: Vec<Child>,
    /// Whether a deletion keeps the record, invisible, until it is purged.
    pub soft_delete: bool,
    /// How long a soft-deleted record is kept, in microseconds.
    pub retention_micros: i64,
    /// Whether it belongs to the engine: no operations, no records in the feed, and names that begin with `_`.
    pub internal: bool,
    /// Whether the feed tells which of its records were changed or deleted, although it is internal: nodes remember something of them.
    pub announced: bool,
    /// Its name before a rename that a migration has to follow.
    pub was: Option<String>,
}

/// The rules of a model. An absent rule denies.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    /// Who may see a record.
    pub read: Option<Rule>,
    /// Who may create one; bare names are the new record's fields.
    pub create: Option<Rule>,
    /// Who may change one; it must hold with the bare names as the old and as the new record's fields.
    pub update: Option<Rule>,
    /// Who may delete or restore one.
    pub delete: Option<Rule>,
}

/// A checked rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// As the project has it.
    pub source: String,
    /// As the engines run it.
    pub predicate: Arc<Predicate>,
}

/// A validation in CEL.
#[derive(Debug, Clone)]
pub struct Check {
    /// The field it is about; `None` when it is about the record.
    pub field: Option<FieldId>,
    /// As the project has it.
    pub source: String,
    /// What must hold of the new record.
    pub predicate: Arc<Predicate>,
    /// What to tell the client when it does not.
    pub message: String,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its fields, in order.
    pub fields: Vec<FieldId>,
    /// Whether no two live records share the values; null equals nothing here.
    pub unique: bool,
}

/// A collection of records that point to this model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its name on this model: the other model's plural, or the ref's `inverse`.
    pub name: String,
    /// The model of its records.
    pub model: ModelId,
    /// The ref that points here.
    pub field: FieldId,
}

impl Application {
    /// The model of this id. Ids come from this application, so it is there.
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[id.index()]
    }

    /// The model called `name`.
    pub fn model_named(&self, name: &str) -> Option<&Model> {
        self.by_name.get(name).map(|id| self.model(*id))
    }

    /// The number of the version of the API that this is.
    pub fn version(&self) -> u32 {
        self.versions.newest().number
    }

    /// The kind of a channel of this name, with the values of the variables in it. `None` when the project has no such channels.
    pub fn channel(&self, name: &str) -> Option<(&Channel, Vec<Value>)> {
        let known = Some(name).filter(|name| name.len() <= MAX_CHANNEL_NAME)?;
        self.channels.iter().find_map(|channel| Some((channel, channel.pattern.values(known)?)))
    }

    /// The built-in model of accounts.
    pub fn user(&self) -> &Model {
        self.model_named("user").expect("`user` is built in")
    }
}

impl Model {
    /// The field of this id. Ids come from this model, so it is there.
    pub fn field(&self, id: FieldId) -> &Field {
        &self.fields[id.index()]
    }

    /// The field called `name`.
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        self.field_by_name.get(name).map(|id| self.field(*id))
    }

    /// The declared fields.
    pub fn declared(&self) -> &[Field] {
        &self.fields[base::COUNT..]
    }

    /// The refs of this model: the field, the model it points to and what its deletion does.
    pub fn refs(&self) -> impl Iterator<Item = (&Field, ModelId, crate::OnDelete)> {
        self.fields.iter().filter_map(|field| match field.ty {
            FieldType::Ref { model, on_delete } => Some((field, model, on_delete)),
            _ => None,
        })
    }
}

impl Schema for Application {
    fn member(&self, model: ModelId, name: &str) -> Option<Member> {
        let model = self.model(model);
        if let Some(field) = model.field_named(name) {
            return Some(Member::Field {
                id: field.id,
                ty: field.ty.expr_type(),
                variants: match &field.ty {
                    FieldType::Enum(variants) => Some(variants.clone()),
                    _ => None,
                },
                optional: field.optional,
                secret: field.is_secret(),
                indexed: field.id == base::ID
                    || model.indexes.iter().any(|index| index.fields[0] == field.id),
            });
        }
        let child = model.children.iter().find(|child| child.name == name)?;
        Some(Member::Children { model: child.model, field: child.field })
    }

    fn member_names(&self, model: ModelId) -> Vec<&str> {
        let model = self.model(model);
        let fields = model.fields.iter().map(|field| field.name.as_str());
        fields.chain(model.children.iter().map(|child| child.name.as_str())).collect()
    }

    fn model_name(&self, model: ModelId) -> &str {
        &self.model(model).name
    }

    fn rule(&self, model: ModelId, name: &str) -> Option<&str> {
        let allow = &self.model(model).allow;
        let rule = match name {
            "read" => &allow.read,
            "create" => &allow.create,
            "update" => &allow.update,
            "delete" => &allow.delete,
            _ => return None,
        };
        rule.as_ref().map(|rule| rule.source.as_str())
    }

    fn named_predicate(&self, model: ModelId, name: &str) -> Option<&str> {
        self.model(model).predicates.get(name).map(String::as_str)
    }

    fn predicate_names(&self, model: ModelId) -> Vec<&str> {
        self.model(model).predicates.keys().map(String::as_str).collect()
    }

    fn read_guard(&self, model: ModelId) -> Option<Arc<Predicate>> {
        self.model(model).allow.read.as_ref().map(|rule| rule.predicate.clone())
    }

    fn field_guard(&self, model: ModelId, field: FieldId) -> Option<Arc<Predicate>> {
        self.model(model).field(field).read.clone()
    }
}
