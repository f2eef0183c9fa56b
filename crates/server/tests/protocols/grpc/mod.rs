//! Asks by gRPC, as a client that has learnt by reflection what there is.

pub(crate) mod connection;
mod convert;
pub(crate) mod problem;
pub(crate) mod reflection;

use crate::scenario::{Driver, Outcome, Step};
use connection::{Called, Connection};
use convert::{message, record};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, ReflectMessage};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;

pub(crate) struct Grpc {
    pub(crate) connection: Connection,
    pub(crate) pool: DescriptorPool,
}

impl Grpc {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let connection = Connection::open(address);
        let services = reflection::services(&connection);
        let pool = reflection::pool(&connection, &services);
        Grpc { connection, pool }
    }

    /// A method of the first version of the API.
    pub(crate) fn method(&self, service: &str, name: &str) -> MethodDescriptor {
        let is_meant = |package: &str| package.ends_with(".v1");
        let mut services = self.pool.services();
        let service =
            services.find(|found| found.name() == service && is_meant(found.package_name())).unwrap();
        service.methods().find(|method| method.name() == name).unwrap()
    }

    /// Calls a method with a request of these fields.
    pub(crate) fn call(
        &self,
        method: &MethodDescriptor,
        metadata: &[(&str, &str)],
        fields: &Value,
    ) -> Called {
        self.connection.call(&path(method), metadata, &self.request(method, fields))
    }

    /// The bytes of a request.
    pub(crate) fn request(&self, method: &MethodDescriptor, fields: &Value) -> Vec<u8> {
        message(&method.input(), fields.as_object().unwrap()).encode_to_vec()
    }

    /// The method of an operation.
    pub(crate) fn method_of(&self, operation: &str) -> MethodDescriptor {
        let (service, name) = place(operation);
        self.method(&service, &name)
    }

    /// A method of a version of the API: `app.v1`.
    pub(crate) fn method_in(&self, package: &str, service: &str, name: &str) -> MethodDescriptor {
        let full_name = format!("{package}.{service}");
        let service = self.pool.services().find(|found| found.full_name() == full_name).unwrap();
        service.methods().find(|method| method.name() == name).unwrap()
    }
}

/// `/chat.v1.RoomService/Get`
pub(crate) fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// The one message of an answer, by the descriptor of its method.
pub(crate) fn answer(method: &MethodDescriptor, called: &Called) -> DynamicMessage {
    let messages = called.messages();
    assert_eq!(messages.len(), 1, "{called:?}");
    DynamicMessage::decode(method.output(), messages[0].as_slice()).unwrap()
}

impl Driver for Grpc {
    fn ask(&mut self, step: &Step, token: Option<&str>) -> Outcome {
        let method = self.method_of(&step.operation);
        let bearer = token.map(|token| format!("Bearer {token}"));
        let metadata: Vec<(&str, &str)> =
            bearer.iter().map(|token| ("authorization", token.as_str())).collect();
        let called = self.call(&method, &metadata, &Value::Object(request(step, method.name())));
        if called.status() != 0 {
            return problem::outcome(&called);
        }
        outcome(&step.operation, &answer(&method, &called))
    }
}

/// The request of a step.
pub(crate) fn message_of(method: &MethodDescriptor, step: &Step) -> DynamicMessage {
    message(&method.input(), &request(step, method.name()))
}

/// The service and the method of an operation.
fn place(operation: &str) -> (String, String) {
    let (subject, verb) = operation.rsplit_once('.').unwrap_or(("", operation));
    let camel = |text: &str| {
        let words = text.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
        words.collect::<String>()
    };
    match (subject, verb) {
        ("", _) => ("BatchService".to_owned(), "Run".to_owned()),
        ("auth.keys", "list") => ("AuthService".to_owned(), "ListKeys".to_owned()),
        ("auth.keys", verb) => ("AuthService".to_owned(), format!("{}Key", camel(verb))),
        ("auth", "password") => ("AuthService".to_owned(), "ChangePassword".to_owned()),
        ("locks", verb) => ("LockService".to_owned(), camel(verb)),
        (subject, verb) => (format!("{}Service", camel(subject)), camel(verb)),
    }
}

/// The request of a step, field by field.
fn request(step: &Step, method: &str) -> Map<String, Value> {
    let mut request = step.parameters.clone();
    if let Some(Value::Array(keys)) = request.get("order") {
        let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        request.insert("order".to_owned(), Value::from(keys.join(",")));
    }
    for (name, value) in [("id", &step.id), ("name", &step.name)] {
        value.iter().for_each(|text| drop(request.insert(name.to_owned(), Value::from(text.as_str()))));
    }
    if let Some(version) = step.if_match {
        request.insert("if_version".to_owned(), json!([version]));
    }
    let Some(Value::Object(body)) = step.body.clone() else { return request };
    match (step.operation.as_str(), method) {
        ("auth.register", _) => register(body, &mut request),
        ("batch", _) => request.extend(batch(&body)),
        (_, "Create" | "Update" | "Put" | "UpdateMany") => masked(body, "record", &mut request),
        _ => request.extend(body),
    }
    request
}

/// The record, and the names of all its fields, so that null is said too.
fn masked(body: Map<String, Value>, name: &str, request: &mut Map<String, Value>) {
    let paths: Vec<String> = body.keys().map(|name| lower_camel(name)).collect();
    request.insert("mask".to_owned(), Value::from(paths.join(",")));
    request.insert(name.to_owned(), Value::Object(present(body)));
}

/// As the JSON form of a mask has it.
fn lower_camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |path, word| path + &word[..1].to_uppercase() + &word[1..])
}

fn present(body: Map<String, Value>) -> Map<String, Value> {
    body.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn register(mut body: Map<String, Value>, request: &mut Map<String, Value>) {
    for name in ["email", "password"] {
        body.remove(name).into_iter().for_each(|value| drop(request.insert(name.to_owned(), value)));
    }
    request.insert("record".to_owned(), Value::Object(body));
}

fn batch(body: &Map<String, Value>) -> Map<String, Value> {
    let operation = |operation: &Value| {
        let mut operation = operation.as_object().unwrap().clone();
        let verb = operation["op"].as_str().unwrap().to_uppercase();
        operation.insert("op".to_owned(), Value::from(format!("BATCH_VERB_{verb}")));
        operation.remove("as").into_iter().for_each(|name| drop(operation.insert("alias".to_owned(), name)));
        if let Some(Value::Object(data)) = operation.remove("data") {
            let model = operation["model"].as_str().unwrap().to_owned();
            let data = data.into_iter().map(|(name, value)| (name, reference(value))).collect();
            operation.insert(format!("{model}_record"), Value::Object(data));
        }
        Value::Object(operation)
    };
    let operations = body["operations"].as_array().unwrap().iter().map(operation);
    Map::from_iter([("operations".to_owned(), operations.collect())])
}

fn reference(value: Value) -> Value {
    match value.get("$ref") {
        Some(name) => Value::from(format!("$ref:{}", name.as_str().unwrap())),
        None => value,
    }
}

pub(crate) fn outcome(operation: &str, answer: &DynamicMessage) -> Outcome {
    let shown = record(answer);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match operation {
        "auth.login" => Outcome::new(json!({"tokens": true})).keeping(text(&shown["access_token"])),
        "auth.keys.create" => Outcome::new(json!({"record": shown})).keeping(text(&shown["key"])),
        "batch" => Outcome::new(json!({"results": results(&shown)})),
        name if name.ends_with("_many") => Outcome::new(json!({"count": shown["count"]})),
        name if name.ends_with("list") => {
            let next = text(&shown["next"]);
            let items = shown.get("items").cloned().unwrap_or_else(|| json!([]));
            let page = json!({"items": items, "more": !next.is_empty(), "count": shown["count"]});
            Outcome::new(page).keeping(next)
        }
        _ if answer.descriptor().full_name() == "google.protobuf.Empty" => {
            Outcome::new(json!({"nothing": true}))
        }
        _ => Outcome::new(json!({"record": shown})).keeping(text(&shown["id"])),
    }
}

/// The results of a batch as REST has them.
fn results(shown: &Value) -> Value {
    let result = |result: &Value| {
        let flag = |name: &str| result.get(name).is_some_and(|value| value == true);
        let status = if flag("created") {
            201
        } else if flag("deleted") {
            204
        } else {
            200
        };
        let mut shown = json!({"status": status, "id": result["id"]});
        if let Some(records) = result.get("expand").and_then(Value::as_object) {
            shown["record"] = records.values().next().unwrap().clone();
        }
        shown
    };
    shown["results"].as_array().unwrap().iter().map(result).collect()
}
