//! Messages, enums and services, before they are text or descriptors.

mod accounts;
mod app;
mod batch;
mod descriptor;
mod model;
mod project;
mod shared;
mod text;

pub(crate) use batch::NUMBERS as BATCH;
pub(crate) use model::{expansion_name, field_name, message_names, wanted};
pub use shared::{WRITE, WriteNumbers};

use std::collections::BTreeMap;

/// Everything that the `.proto` file of one version of an application's API says.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The package: `chat.v1`.
    pub package: String,
    pub(crate) doc: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) enums: Vec<Enum>,
    /// The services.
    pub services: Vec<Service>,
    /// The name of the message of each model, by the model's name.
    pub(crate) records: BTreeMap<String, String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) fields: Vec<Field>,
    /// Numbers and names of fields that are gone.
    pub(crate) reserved: Vec<(u32, String)>,
}

/// A field of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) ty: Type,
    pub(crate) label: Label,
    pub(crate) doc: String,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int32,
    Int64,
    Double,
    String,
    Bytes,
    /// A message or enum of another package, by its full name, or of this one, by its name.
    Message(String),
    Enum(String),
}

/// How often a field may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// Once; a scalar that is not there is its zero.
    One,
    /// Once or not at all, told apart.
    Optional,
    /// Any number of times.
    Repeated,
    /// At most one field of this group is there.
    OneOf(&'static str),
}

/// An enum. Its first value is 0, and stands for none.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Enum {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    /// The values after 0, from 1 on.
    pub(crate) values: &'static [(&'static str, &'static str)],
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its name within the package: `RoomService`.
    pub name: String,
    pub(crate) doc: String,
    /// Its methods.
    pub methods: Vec<Method>,
}

/// A method of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// Its name: `Get`.
    pub name: &'static str,
    pub(crate) input: String,
    pub(crate) output: String,
    /// Whether it answers a stream of messages.
    pub streams: bool,
    pub(crate) doc: String,
    /// The name of the operation that it calls: `room.get`.
    pub operation: String,
}

/// Nothing, as a message.
pub(crate) const EMPTY: &str = "google.protobuf.Empty";
pub(crate) const FIELD_MASK: &str = "google.protobuf.FieldMask";
pub(crate) const TIMESTAMP: &str = "google.protobuf.Timestamp";
pub(crate) const DURATION: &str = "google.protobuf.Duration";
pub(crate) const JSON_VALUE: &str = "google.protobuf.Value";

impl Type {
    /// The name in a `.proto` file and in the lock file.
    pub(crate) fn name(&self) -> &str {
        match self {
            Type::Bool => "bool",
            Type::Int32 => "int32",
            Type::Int64 => "int64",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Message(name) | Type::Enum(name) => name,
        }
    }

    fn message(name: &str) -> Self {
        Type::Message(name.to_owned())
    }
}

impl Message {
    fn new(name: impl Into<String>, doc: impl Into<String>, fields: Vec<Field>) -> Self {
        Message { name: name.into(), doc: doc.into(), fields, reserved: Vec::new() }
    }
}

impl Field {
    fn new(number: u32, name: impl Into<String>, ty: Type, label: Label, doc: impl Into<String>) -> Self {
        Field { name: name.into(), number, ty, label, doc: doc.into() }
    }

    fn one(number: u32, name: &str, ty: Type, doc: &str) -> Self {
        Field::new(number, name, ty, Label::One, doc)
    }

    fn optional(number: u32, name: &str, ty: Type, doc: &str) -> Self {
        Field::new(number, name, ty, Label::Optional, doc)
    }

    fn repeated(number: u32, name: &str, ty: Type, doc: &str) -> Self {
        Field::new(number, name, ty, Label::Repeated, doc)
    }
}

impl Schema {
    /// The methods of a service, with the paths at which they are called.
    pub fn service_methods<'a>(&'a self, service: &'a Service) -> impl Iterator<Item = (String, &'a Method)> {
        let path = |method: &Method| format!("/{}.{}/{}", self.package, service.name, method.name);
        service.methods.iter().map(move |method| (path(method), method))
    }

    /// The path of the `.proto` file: `chat/v1/chat.proto`.
    pub fn file_name(&self) -> String {
        let (name, version) = self.package.split_once('.').unwrap_or((&self.package, ""));
        format!("{name}/{version}/{name}.proto")
    }
}
