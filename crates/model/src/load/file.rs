//! `models/<name>.toml` and `channels/<name>.toml`, as they are written. From these types come the keys that are known, their kinds and the JSON Schema;
//! what they mean together is checked where the models are built.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A kind of record. The file's name is the model's.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
#[schemars(title = "Mainstay model")]
pub(crate) struct ModelFile {
    /// What it means, for people. It is shown in the API reference.
    pub(crate) doc: Option<String>,
    /// The name of its collection, in paths as `/v1/messages`. The English plural of the name unless given.
    pub(crate) plural: Option<String>,
    /// Whether a deletion keeps the record, invisible, until it is purged. True unless given.
    pub(crate) soft_delete: Option<bool>,
    /// How long deleted records are kept, as `30d`: a number and `s`, `m`, `h`, `d` or `w`. 30 days unless given.
    pub(crate) retention: Option<String>,
    /// The model's name before it was renamed, so that a migration keeps its records.
    pub(crate) was: Option<String>,
    /// The fields, in the order in which answers show them.
    #[schemars(with = "BTreeMap<String, FieldForm>")]
    pub(crate) fields: BTreeMap<String, FieldFile>,
    /// Indexes over several fields.
    pub(crate) indexes: Vec<IndexFile>,
    /// Validations of the whole record.
    pub(crate) checks: Vec<CheckFile>,
    /// Named conditions in CEL, for use in rules.
    pub(crate) predicates: BTreeMap<String, String>,
    /// Who may do what, in CEL. What no rule allows is denied.
    pub(crate) allow: AllowFile,
}

/// A field: its type alone, or a table of its options.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes: the reader turns the short form into the long one")]
pub(crate) enum FieldForm {
    Short(TypeName),
    Long(Box<FieldFile>),
}

/// A field with its options.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a type's name or a table of options")]
#[schemars(extend("required" = ["type"]))]
pub(crate) struct FieldFile {
    /// What it holds.
    pub(crate) r#type: Option<TypeName>,
    /// What it means, for people.
    pub(crate) doc: Option<String>,
    /// Whether it may be null. False unless given.
    pub(crate) optional: Option<bool>,
    /// What it is when a create does not say: a value, or CEL as `{ cel = "auth.id" }`. For other types than texts and enums a string
    /// that is not a value of the type is CEL, too.
    #[schemars(with = "DefaultForm")]
    pub(crate) default: Option<toml::Value>,
    /// Whether no two live records may share a value. False unless given.
    pub(crate) unique: Option<bool>,
    /// Whether there is an index, so that rules, filters and orders by this field are fast. False unless given; refs always have one.
    pub(crate) index: Option<bool>,
    /// Whether it keeps the value that it was created with. False unless given.
    pub(crate) immutable: Option<bool>,
    /// The least value of a number, date, time, timestamp or duration.
    #[schemars(with = "BoundForm")]
    pub(crate) min: Option<toml::Value>,
    /// The greatest value of a number, date, time, timestamp or duration.
    #[schemars(with = "BoundForm")]
    pub(crate) max: Option<toml::Value>,
    /// The least number of characters, bytes or elements.
    pub(crate) min_length: Option<u32>,
    /// The greatest number of characters (string 255, text 100000 and secret 4096 unless given), bytes (65536) or elements (100).
    pub(crate) max_length: Option<u32>,
    /// A regular expression that the whole text matches, in the syntax of Rust's `regex`.
    pub(crate) pattern: Option<String>,
    /// What must hold of the record whenever it is written, in CEL.
    pub(crate) check: Option<String>,
    /// Who may see it, beyond the model's read rule, in CEL.
    pub(crate) read: Option<String>,
    /// Who may write it, beyond the model's create and update rules, in CEL.
    pub(crate) write: Option<String>,
    /// The field's name before it was renamed, so that a migration keeps its values.
    pub(crate) was: Option<String>,
    /// decimal: how many digits follow the point. 2 unless given.
    #[schemars(range(max = 18))]
    pub(crate) scale: Option<u8>,
    /// enum: the values.
    pub(crate) values: Option<Vec<String>>,
    /// list: the type of its elements.
    pub(crate) of: Option<TypeName>,
    /// ref: the model that it points to.
    pub(crate) model: Option<String>,
    /// ref: what becomes of this record when the other is deleted. `restrict` unless given.
    pub(crate) on_delete: Option<OnDeleteName>,
    /// ref: the name, on the other model, of the collection of records that point to it. This model's plural unless given.
    pub(crate) inverse: Option<String>,
}

/// A default.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes: a TOML value is told apart by the field's type")]
enum DefaultForm {
    Cel(CelForm),
    Value(serde_json::Value),
}

/// An expression in CEL.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it only describes")]
struct CelForm {
    /// The expression: of `auth`, `now` and literals.
    cel: String,
}

/// A bound: a number, or a text as JSON has it.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it only describes: a TOML value is told apart by the field's type")]
enum BoundForm {
    Number(f64),
    Text(String),
}

/// The types of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TypeName {
    /// True or false.
    Bool,
    /// An integer of 64 bits, signed.
    Int,
    /// A finite double.
    Float,
    /// An exact decimal of at most 18 digits, `scale` of them after the point.
    Decimal,
    /// A short text, of at most 255 characters unless `max_length` says otherwise.
    String,
    /// A text of at most 100,000 characters unless `max_length` says otherwise.
    Text,
    /// A UUID.
    Uuid,
    /// A day, as `2026-11-21`.
    Date,
    /// A time of day in microseconds, as `08:30:00`.
    Time,
    /// An instant in UTC in microseconds, as `2026-11-21T08:30:00Z`.
    Timestamp,
    /// A span of time in microseconds, as `PT1H30M`.
    Duration,
    /// Any JSON document.
    Json,
    /// Bytes, in JSON as base64.
    Bytes,
    /// One of the texts in `values`.
    Enum,
    /// A list of scalars, whose type `of` says.
    List,
    /// The id of a record of `model`.
    Ref,
    /// A text that can be written and never read back.
    Secret,
}

/// What becomes of a record when the one that its ref points to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnDeleteName {
    /// The deletion is refused.
    Restrict,
    /// It is deleted too.
    Cascade,
    /// The ref becomes null; the field has to be optional.
    SetNull,
}

/// An index over several fields.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
#[schemars(extend("required" = ["fields"]))]
pub(crate) struct IndexFile {
    /// The fields, in order.
    pub(crate) fields: Option<Vec<String>>,
    /// Whether no two live records may share the values. False unless given.
    pub(crate) unique: Option<bool>,
}

/// A validation of the whole record.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
#[schemars(extend("required" = ["rule", "message"]))]
pub(crate) struct CheckFile {
    /// What must hold whenever a record is written, in CEL.
    pub(crate) rule: Option<String>,
    /// What to tell the client when it does not.
    pub(crate) message: Option<String>,
}

/// The rules of a model.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct AllowFile {
    /// Who may see a record.
    pub(crate) read: Option<String>,
    /// Who may create one. Bare names are the new record's fields.
    pub(crate) create: Option<String>,
    /// Who may change one. It must hold of the record as it was and as it would be; `old` and `new` compare the two.
    pub(crate) update: Option<String>,
    /// Who may delete or restore one.
    pub(crate) delete: Option<String>,
}

/// A kind of channel: names under which clients send each other messages that are not stored.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
#[schemars(title = "Mainstay channel")]
pub(crate) struct ChannelFile {
    /// What it is for, for people.
    pub(crate) doc: Option<String>,
    /// What its channels are called: words and variables with `/` between, as `room/{room}/typing`.
    pub(crate) pattern: Option<String>,
    /// What the variables of the pattern can be: `string`, `int`, `uuid`, or a model, for the id of a record. `string` unless given.
    pub(crate) variables: BTreeMap<String, String>,
    /// The largest message, in bytes of its JSON. 16,384 unless given.
    #[schemars(range(min = 1, max = 65_536))]
    pub(crate) max_bytes: Option<usize>,
    /// Who may do what, in CEL over the variables and `auth`. What no rule allows is denied.
    pub(crate) allow: AllowOnChannel,
}

/// Who may do what on a channel.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table of rules")]
pub(crate) struct AllowOnChannel {
    /// Who may hear what is sent, and see who is here.
    pub(crate) subscribe: Option<String>,
    /// Who may send.
    pub(crate) publish: Option<String>,
    /// Who may be shown as being here.
    pub(crate) present: Option<String>,
}
