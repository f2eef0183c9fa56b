//! What the clients of a version rely on, and which changes break it.
//!
//! A contract is written down when a version is frozen (`api/v1.lock`). From then on the version has to keep it, whatever becomes of the
//! models: what an answer has, a later one has, too; what a request may be, it may be later, too. `docs/guide/api-versions.md` has the rules.

use super::Version;
use crate::{Allow, Application, Channel, Default, Field, FieldType, Model, Rule, VariableType, json};
use mainstay_expr::{FieldId, Frame, ModelId, Predicate, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a version promises.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Its models, by name.
    pub models: BTreeMap<String, ModelContract>,
    /// Its channels, by the patterns of their names.
    #[serde(default, skip_serializing_if = "is_default")]
    pub channels: BTreeMap<String, ChannelContract>,
    /// What it does not have of the operations that are about no model, as `batch`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub without: Vec<String>,
}

/// What a version promises of a kind of channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChannelContract {
    /// What a rule allows somebody to do there: `subscribe`, `publish`, `present`.
    pub operations: Vec<String>,
    /// The most bytes of a message.
    pub max_bytes: usize,
    /// What stands for each variable of its name, in their order: `string`, `int` or `uuid`. What they are called, clients do not see.
    #[serde(default, skip_serializing_if = "is_default")]
    pub variables: Vec<String>,
}

/// What a version promises of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelContract {
    /// The name of its collection, in paths.
    pub plural: String,
    /// What a rule allows somebody to do with it: `read`, `create`, `update`, `delete`, `restore`.
    pub operations: Vec<String>,
    /// The operations that it does not have although a rule allows them, as `update_many`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub without: Vec<String>,
    /// The collections of records that point to it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub collections: Vec<String>,
    /// The fields whose values no two records share together.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unique: Vec<Vec<String>>,
    /// Its declared fields, by name.
    pub fields: BTreeMap<String, FieldContract>,
}

/// What a version promises of a field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FieldContract {
    /// Its type, as `int`, `list of string` or `ref to room`.
    pub r#type: String,
    /// Whether it may be null.
    #[serde(skip_serializing_if = "is_default")]
    pub optional: bool,
    /// Whether a create has to give it.
    #[serde(skip_serializing_if = "is_default")]
    pub required: bool,
    /// Whether clients cannot write it.
    #[serde(skip_serializing_if = "is_default")]
    pub read_only: bool,
    /// Whether no client is shown it.
    #[serde(skip_serializing_if = "is_default")]
    pub hidden: bool,
    /// Whether it keeps the value that it was created with.
    #[serde(skip_serializing_if = "is_default")]
    pub immutable: bool,
    /// What it is when a create does not say: a value, or `{"computed": true}`.
    #[serde(skip_serializing_if = "is_default")]
    pub default: Option<serde_json::Value>,
    /// The values of an enum, or of a list of them.
    #[serde(skip_serializing_if = "is_default")]
    pub values: Vec<String>,
    /// The least value.
    #[serde(skip_serializing_if = "is_default")]
    pub min: Option<serde_json::Value>,
    /// The greatest value.
    #[serde(skip_serializing_if = "is_default")]
    pub max: Option<serde_json::Value>,
    /// The least length.
    #[serde(skip_serializing_if = "is_default")]
    pub min_length: Option<usize>,
    /// The greatest length.
    #[serde(skip_serializing_if = "is_default")]
    pub max_length: Option<usize>,
    /// The regular expression.
    #[serde(skip_serializing_if = "is_default")]
    pub pattern: Option<String>,
}

fn is_default<T: std::default::Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A change that a client of a version would stumble over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// What changed: `task`, `task.title` or an operation as `task.create`.
    pub of: String,
    /// How.
    pub message: String,
}

impl Contract {
    /// What a version promises now.
    pub fn of(application: &Application, version: &Version) -> Self {
        let seen = version.face.as_deref().map_or(application, |face| &face.application);
        let public = seen.models.iter().filter(|model| !model.internal);
        let models = public
            .map(|model| {
                let newest = application.model(model.id);
                let mut contract = model_contract(model, seen, version);
                contract.unique = unique(newest, version);
                close_fields(&mut contract, model, newest, version);
                (model.name.clone(), contract)
            })
            .collect();
        let channels = seen.channels.iter();
        let channels = channels.map(|channel| (channel.pattern.source.clone(), channel_contract(channel)));
        Contract { models, channels: channels.collect(), without: without(None, version) }
    }

    /// What breaks for those who rely on this when it becomes `now`; nothing where that only adds.
    pub fn breaks(&self, now: &Contract) -> Vec<Break> {
        let mut breaks = Vec::new();
        for (name, model) in &self.models {
            match now.models.get(name) {
                Some(now) => model.breaks(name, now, &mut breaks),
                None => breaks.push(Break { of: name.clone(), message: "the model is gone".to_owned() }),
            }
        }
        for (pattern, channel) in &self.channels {
            let now = now.channels.iter().find(|(now, _)| shape(now) == shape(pattern));
            channel.breaks(pattern, now.map(|(_, channel)| channel), &mut breaks);
        }
        let gone = now.without.iter().filter(|name| !self.without.contains(name));
        breaks.extend(gone.map(|name| Break { of: name.clone(), message: GONE.to_owned() }));
        breaks
    }
}

/// What is said of an operation that is not there any more.
const GONE: &str = "nobody may do this any more";

fn model_contract(model: &Model, application: &Application, version: &Version) -> ModelContract {
    let fields = model.declared().iter();
    ModelContract {
        plural: model.plural.clone(),
        operations: operations(model),
        without: without(Some(model.id), version),
        collections: model.children.iter().map(|child| child.name.clone()).collect(),
        unique: Vec::new(),
        fields: fields.map(|field| (field.name.clone(), field_contract(field, application))).collect(),
    }
}

/// The newest version's unique indexes, which hold for all, in the names that the fields have in a version.
fn unique(newest: &Model, version: &Version) -> Vec<Vec<String>> {
    let name = |field: &FieldId| match version.face.as_deref() {
        None => newest.field(*field).name.clone(),
        Some(face) => match face.raise_field(newest.id, *field) {
            Some(field) => face.model(newest.id).field(field).name.clone(),
            // It has no name there, and keeps the same one here from one check to the next.
            None => format!("v{}", field.0),
        },
    };
    let indexes = newest.indexes.iter().filter(|index| index.unique);
    let mut unique: Vec<Vec<String>> = indexes.map(|index| index.fields.iter().map(name).collect()).collect();
    unique.sort();
    unique
}

/// Closes the fields whose own rules let nobody read or write them. The rules are the newest version's; an older field is closed with what it
/// comes from, or becomes.
fn close_fields(contract: &mut ModelContract, model: &Model, newest: &Model, version: &Version) {
    let closed = |rule: fn(&Field) -> Option<&Arc<Predicate>>| {
        let closed =
            newest.declared().iter().filter(move |field| rule(field).is_some_and(|rule| is_never(rule)));
        closed.map(|field| field.id).collect::<Vec<FieldId>>()
    };
    let (hidden, unwritable) = (closed(|field| field.read.as_ref()), closed(|field| field.write.as_ref()));
    let (hidden, unwritable) = match version.face.as_deref() {
        None => (hidden, unwritable),
        Some(face) => (face.raise_hidden(model.id, &hidden), face.raise_unwritable(model.id, unwritable)),
    };
    for field in model.declared() {
        let Some(contract) = contract.fields.get_mut(&field.name) else { continue };
        contract.hidden = !field.is_secret() && hidden.contains(&field.id);
        contract.read_only |= unwritable.contains(&field.id);
    }
}

/// Whether a rule holds for nobody, whatever the record is.
fn is_never(rule: &Predicate) -> bool {
    rule.reduce(&Frame::default()) == Predicate::Const(false)
}

/// Whether somebody may do what a rule is about.
fn is_open(rule: Option<&Rule>) -> bool {
    rule.is_some_and(|rule| !is_never(&rule.predicate))
}

fn without(model: Option<ModelId>, version: &Version) -> Vec<String> {
    let gone = version.without.iter().filter(|gone| gone.model == model);
    gone.map(|gone| gone.verb.clone()).collect()
}

fn channel_contract(channel: &Channel) -> ChannelContract {
    let rules =
        [("subscribe", &channel.subscribe), ("publish", &channel.publish), ("present", &channel.present)];
    let operations = rules.into_iter().filter(|(_, rule)| is_open(rule.as_ref()));
    ChannelContract {
        operations: operations.map(|(verb, _)| verb.to_owned()).collect(),
        max_bytes: channel.max_bytes,
        variables: channel
            .pattern
            .variables
            .iter()
            .map(|variable| variable_type(variable.ty).to_owned())
            .collect(),
    }
}

/// What a variable can be, as far as a client sees it in a name.
fn variable_type(ty: VariableType) -> &'static str {
    match ty {
        VariableType::Text => "string",
        VariableType::Int => "int",
        VariableType::Uuid | VariableType::Ref(_) => "uuid",
    }
}

/// A pattern without the names of its variables.
fn shape(pattern: &str) -> Vec<Option<&str>> {
    pattern.split('/').map(|part| (!part.starts_with('{')).then_some(part)).collect()
}

fn operations(model: &Model) -> Vec<String> {
    let Allow { read, create, update, delete } = &model.allow;
    let restore = delete.as_ref().filter(|_| model.soft_delete);
    let rules = [
        ("read", read.as_ref()),
        ("create", create.as_ref()),
        ("update", update.as_ref()),
        ("delete", delete.as_ref()),
        ("restore", restore),
    ];
    let allowed = rules.into_iter().filter(|(_, rule)| is_open(*rule));
    allowed.map(|(verb, _)| verb.to_owned()).collect()
}

fn field_contract(field: &Field, application: &Application) -> FieldContract {
    let bounds = &field.constraints;
    let shown = |value: &Option<Value>| {
        let mut text = Vec::new();
        json::encode(value.as_ref()?, &mut text);
        serde_json::from_slice(&text).ok()
    };
    FieldContract {
        r#type: type_name(&field.ty, application),
        optional: field.optional,
        required: !field.optional && field.default.is_none() && !field.read_only,
        read_only: field.read_only,
        hidden: false,
        immutable: field.immutable,
        default: field.default.as_ref().and_then(|default| match default {
            Default::Value(value) => shown(&Some(value.clone())),
            Default::Computed(_) => Some(serde_json::json!({"computed": true})),
        }),
        values: values(&field.ty),
        min: shown(&bounds.min),
        max: shown(&bounds.max),
        min_length: bounds.min_length,
        max_length: bounds.max_length,
        pattern: bounds.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
    }
}

fn values(ty: &FieldType) -> Vec<String> {
    match ty {
        FieldType::Enum(values) => values.to_vec(),
        FieldType::List(of) => values(of),
        _ => Vec::new(),
    }
}

fn type_name(ty: &FieldType, application: &Application) -> String {
    match ty {
        FieldType::Bool => "bool".to_owned(),
        FieldType::Int => "int".to_owned(),
        FieldType::Float => "float".to_owned(),
        FieldType::Decimal { scale } => format!("decimal of scale {scale}"),
        FieldType::Text => "text".to_owned(),
        FieldType::Uuid => "uuid".to_owned(),
        FieldType::Date => "date".to_owned(),
        FieldType::Time => "time".to_owned(),
        FieldType::Timestamp => "timestamp".to_owned(),
        FieldType::Duration => "duration".to_owned(),
        FieldType::Json => "json".to_owned(),
        FieldType::Bytes => "bytes".to_owned(),
        FieldType::Enum(_) => "enum".to_owned(),
        FieldType::List(of) => format!("list of {}", type_name(of, application)),
        FieldType::Ref { model, .. } => format!("ref to {}", application.model(*model).name),
        FieldType::Secret => "secret".to_owned(),
    }
}

impl ModelContract {
    fn breaks(&self, name: &str, now: &ModelContract, breaks: &mut Vec<Break>) {
        if self.plural != now.plural {
            let message = format!("its collection was `{}` and is `{}`", self.plural, now.plural);
            breaks.push(Break { of: name.to_owned(), message });
        }
        for operation in self.operations.iter().filter(|operation| !now.operations.contains(operation)) {
            breaks.push(Break { of: format!("{name}.{operation}"), message: GONE.to_owned() });
        }
        // What no rule allowed before is not missed.
        let gone = now.without.iter().filter(|verb| !self.without.contains(verb) && self.allows(verb));
        breaks.extend(gone.map(|verb| Break { of: format!("{name}.{verb}"), message: GONE.to_owned() }));
        for collection in self.collections.iter().filter(|of| !now.collections.contains(of)) {
            let message = "the collection is gone, or has another name".to_owned();
            breaks.push(Break { of: format!("{name}.{collection}"), message });
        }
        for fields in now.unique.iter().filter(|fields| !self.unique.contains(fields)) {
            let message = "has to be unique now".to_owned();
            breaks.push(Break { of: format!("{name}.{}", fields.join("+")), message });
        }
        for (field, was) in &self.fields {
            let of = format!("{name}.{field}");
            match now.fields.get(field) {
                Some(now) => {
                    breaks
                        .extend(was.breaks(now).into_iter().map(|message| Break { of: of.clone(), message }));
                }
                None => breaks.push(Break { of, message: "the field is gone".to_owned() }),
            }
        }
        let added = now.fields.iter().filter(|(field, _)| !self.fields.contains_key(*field));
        for (field, _) in added.filter(|(_, field)| field.required) {
            let message = "is new, and a create has to give it".to_owned();
            breaks.push(Break { of: format!("{name}.{field}"), message });
        }
    }

    fn allows(&self, verb: &str) -> bool {
        let rules: &[&str] = match verb {
            "get" | "list" | "watch" => &["read"],
            "put" => &["create", "update"],
            "update_many" => &["update"],
            "delete_many" => &["delete"],
            other => &[other],
        };
        rules.iter().any(|rule| self.operations.iter().any(|allowed| allowed == rule))
    }
}

impl ChannelContract {
    fn breaks(&self, pattern: &str, now: Option<&ChannelContract>, breaks: &mut Vec<Break>) {
        let Some(now) = now else {
            let message = "there are no channels with such names any more".to_owned();
            return breaks.push(Break { of: pattern.to_owned(), message });
        };
        for operation in self.operations.iter().filter(|operation| !now.operations.contains(operation)) {
            breaks.push(Break { of: format!("{pattern} {operation}"), message: GONE.to_owned() });
        }
        // Whatever is an int or a UUID is a string, too.
        let other =
            self.variables.iter().zip(&now.variables).filter(|(was, now)| was != now && *now != "string");
        breaks.extend(other.map(|(was, now)| Break {
            of: pattern.to_owned(),
            message: format!("has {now} in its names where it had {was}"),
        }));
        if now.max_bytes < self.max_bytes {
            let message = "takes only smaller messages now".to_owned();
            breaks.push(Break { of: pattern.to_owned(), message });
        }
    }
}

impl FieldContract {
    fn breaks(&self, now: &FieldContract) -> Vec<String> {
        if self.r#type != now.r#type {
            return vec![format!("was {} and is {}", self.r#type, now.r#type)];
        }
        let flags = [
            (
                !self.optional && now.optional && self.r#type != "secret",
                "may be null now, which answers never were",
            ),
            (self.optional && !now.optional, "must not be null any more"),
            (
                !self.required && now.required && !self.optional,
                "has no default any more, so that a create has to give it",
            ),
            (
                has_other(self.default.as_ref(), now.default.as_ref()) && !now.required,
                "has another default, or none",
            ),
            (!self.read_only && now.read_only, "cannot be written any more"),
            (!self.hidden && now.hidden, "cannot be read any more"),
            (!self.immutable && now.immutable, "cannot be changed any more"),
            (is_tighter(self.pattern.as_ref(), now.pattern.as_ref(), |_, _| true), "has another pattern"),
            (
                is_tighter(self.min.as_ref(), now.min.as_ref(), |was, now| order(now, was).is_gt()),
                "has a greater minimum",
            ),
            (
                is_tighter(self.max.as_ref(), now.max.as_ref(), |was, now| order(now, was).is_lt()),
                "has a smaller maximum",
            ),
            (now.min_length.unwrap_or(0) > self.min_length.unwrap_or(0), "has to be longer"),
            (
                is_tighter(self.max_length.as_ref(), now.max_length.as_ref(), |was, now| now < was),
                "has to be shorter",
            ),
        ];
        let mut breaks: Vec<String> =
            flags.into_iter().filter(|(broken, _)| *broken).map(|(_, message)| message.to_owned()).collect();
        let gone = self.values.iter().filter(|value| !now.values.contains(value));
        breaks.extend(gone.map(|value| format!("has no value `{value}` any more")));
        let added = now.values.iter().filter(|value| !self.values.contains(value));
        breaks.extend(added.map(|value| format!("can be `{value}` now, which clients do not know")));
        breaks
    }
}

/// Whether what a create leaves out becomes something else. Where there was no default, requests said it, or meant null.
fn has_other(was: Option<&serde_json::Value>, now: Option<&serde_json::Value>) -> bool {
    was.is_some() && was != now
}

/// Whether there is a bound now that was not there, or that leaves less.
fn is_tighter<T: PartialEq>(was: Option<&T>, now: Option<&T>, is_less: impl Fn(&T, &T) -> bool) -> bool {
    match (was, now) {
        (Some(was), Some(now)) => was != now && is_less(was, now),
        (None, now) => now.is_some(),
        (Some(_), None) => false,
    }
}

/// The order of two bounds of one type, as JSON has them: numbers, or texts that order as what they stand for.
fn order(left: &serde_json::Value, right: &serde_json::Value) -> std::cmp::Ordering {
    let number = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    };
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => left.as_str().cmp(&right.as_str()),
    }
}
