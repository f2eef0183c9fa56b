//! The schema of an application, as text in GraphQL's schema definition language and as what its names stand for.
//!
//! The text is what the validator reads, what introspection answers and what `mainstay graphql` prints, so that there is one.

mod filters;
mod inputs;
mod objects;
mod roots;
mod scalars;
mod text;

use crate::catalog::Catalog;
use crate::names::{Taken, pascal};
use apollo_compiler::collections::HashMap;
use apollo_compiler::schema::Implementers;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};
use mainstay_engine::Operation;
use mainstay_model::{Application, FieldType, Model};
use std::sync::Arc;
use text::Text;
use tokio::sync::Semaphore;

/// Names of types that are ours, whatever models are called.
const OWN: &[&str] = &[
    "ApiKey",
    "AppCheck",
    "ApiKeyCreate",
    "BatchIsolation",
    "BatchOperation",
    "BatchPayload",
    "BatchResult",
    "BatchVerb",
    "BigInt",
    "Boolean",
    "Bytes",
    "CountPayload",
    "Date",
    "DateTime",
    "Decimal",
    "DeletePayload",
    "Deleted",
    "Duration",
    "Float",
    "ID",
    "Int",
    "JSON",
    "Lock",
    "Mutation",
    "NewApiKey",
    "OrderDirection",
    "PageInfo",
    "Query",
    "Record",
    "String",
    "Subscription",
    "Time",
    "Tokens",
    "UUID",
    "WatchEvent",
    "WatchOperation",
];

/// Scalars whose filters are ours too.
const FILTERED: &[&str] = &[
    "BigInt", "Boolean", "Bytes", "Date", "DateTime", "Decimal", "Duration", "Float", "JSON", "String",
    "Time", "UUID",
];

/// A schema.
pub(crate) struct Built {
    /// Its text.
    pub(crate) text: String,
    /// As the validator has it.
    pub(crate) schema: Valid<Schema>,
    /// Which types implement which interface, for introspection.
    pub(crate) implementers: HashMap<Name, Implementers>,
    /// Whose turn it is to be told the schema.
    pub(crate) introspecting: Arc<Semaphore>,
    /// What its names stand for.
    pub(crate) catalog: Catalog,
}

/// Builds the schema of an application's operations.
///
/// # Errors
/// What is wrong with it, which is a fault of ours.
pub(crate) fn build(application: &Application, operations: &[Operation]) -> Result<Built, String> {
    let mut builder = Builder::new(application);
    scalars::write(&mut builder.text);
    objects::write(&mut builder);
    filters::write(&mut builder);
    inputs::write(&mut builder);
    roots::write(&mut builder, operations);
    let Builder { text, catalog, .. } = builder;
    let text = text.finish();
    let schema = Schema::parse_and_validate(&text, "schema.graphql").map_err(|faults| faults.to_string())?;
    let implementers = schema.implementers_map();
    let introspecting = Arc::new(Semaphore::new(1));
    Ok(Built { text, schema, implementers, introspecting, catalog })
}

/// A schema that is being built.
struct Builder<'a> {
    application: &'a Application,
    text: Text,
    catalog: Catalog,
    types: Taken,
    names: Vec<ModelTypes>,
}

/// The names of the types of a model, by its place among the models.
#[derive(Debug, Clone, Default)]
struct ModelTypes {
    record: String,
    connection: String,
    edge: String,
    filter: String,
    order: String,
    order_field: String,
    create: String,
    update: String,
    payload: String,
    event: String,
    /// The enums of its fields, by field.
    enums: Vec<(String, String)>,
}

impl<'a> Builder<'a> {
    fn new(application: &'a Application) -> Self {
        let mut builder = Builder {
            application,
            text: Text::default(),
            catalog: Catalog::default(),
            types: Taken::of(OWN),
            names: vec![ModelTypes::default(); application.models.len()],
        };
        for scalar in FILTERED {
            builder.types.take(format!("{scalar}Filter"));
            builder.types.take(format!("{scalar}ListFilter"));
        }
        // The models' own names go first, so that a model is called as it should be even where a derived name is the same.
        for model in public(application) {
            let name = builder.types.take(pascal(&model.name));
            builder.catalog.records.push((model.id, name.clone()));
            builder.names[model.id.index()].record = name;
        }
        for model in public(application) {
            builder.derive_names(model);
        }
        builder
    }

    fn derive_names(&mut self, model: &Model) {
        let record = self.names[model.id.index()].record.clone();
        let mut name = |suffix: &str| self.types.take(format!("{record}{suffix}"));
        let derived = ModelTypes {
            connection: name("Connection"),
            edge: name("Edge"),
            filter: name("Filter"),
            order: name("Order"),
            order_field: name("OrderField"),
            create: name("Create"),
            update: name("Update"),
            payload: name("Payload"),
            event: name("Event"),
            enums: enums(model).map(|field| (field.to_owned(), name(&pascal(field)))).collect(),
            record: record.clone(),
        };
        self.names[model.id.index()] = derived;
    }

    /// The names of a model's types.
    fn names(&self, model: &Model) -> &ModelTypes {
        &self.names[model.id.index()]
    }

    /// The type of a field's values.
    fn value_type(&self, model: &Model, field: &str, ty: &FieldType) -> String {
        if let FieldType::List(of) = ty {
            return format!("[{}!]", self.value_type(model, field, of));
        }
        let named = self.names(model).enums.iter().find(|(name, _)| name == field);
        match named.filter(|_| matches!(ty, FieldType::Enum(_))) {
            Some((_, name)) => name.clone(),
            None => scalars::name(ty).to_owned(),
        }
    }
}

/// The models that clients see.
fn public(application: &Application) -> impl Iterator<Item = &Model> {
    application.models.iter().filter(|model| !model.internal)
}

/// The fields of a model that become enums: whose values can all be names.
fn enums(model: &Model) -> impl Iterator<Item = &str> {
    let is_enum = |ty: &FieldType| match ty {
        FieldType::Enum(values) => values.iter().all(|value| crate::names::is_enum_value(value)),
        _ => false,
    };
    let fields = model.fields.iter().filter(move |field| match &field.ty {
        FieldType::List(of) => is_enum(of),
        ty => is_enum(ty),
    });
    fields.map(|field| field.name.as_str())
}
