//! Asks by GraphQL.
//!
//! Its schema has types where REST has texts, so that some of what is wrong is wrong before the operation is asked: what is told then is put into the
//! operation's own words here.

use crate::scenario::{Driver, Outcome, Step};
use crate::support::Client;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;

pub(crate) struct Graphql {
    address: SocketAddr,
    /// The fields of each model's type that are values.
    fields: HashMap<&'static str, Vec<String>>,
}

/// The models: name, type, plural, and the refs.
const MODELS: [(&str, &str, &str, &[&str]); 3] = [
    ("user", "User", "Users", &[]),
    ("shelf", "Shelf", "Shelves", &["owner"]),
    ("book", "Book", "Books", &["shelf"]),
];

const LOCK: &str = "name fencing token account holder expires_at lease_ms";
const KEY: &str = "id user name prefix scopes expires_at last_used_at created_at";

impl Graphql {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let mut driver = Graphql { address, fields: HashMap::new() };
        for (model, ty, ..) in MODELS {
            let document = "query($name: String!) { __type(name: $name) { fields { name args { name } type { kind ofType { kind } } } } }";
            let answer = driver.send(document, json!({ "name": ty }), None);
            let fields = answer["data"]["__type"]["fields"].as_array().unwrap().clone();
            let is_value = |field: &&Value| {
                let kinds = [&field["type"]["kind"], &field["type"]["ofType"]["kind"]];
                field["args"] == json!([]) && !kinds.contains(&&json!("OBJECT"))
            };
            let names =
                fields.iter().filter(is_value).map(|field| field["name"].as_str().unwrap().to_owned());
            driver.fields.insert(model, names.collect());
        }
        driver
    }

    fn send(&self, document: &str, variables: Value, token: Option<&str>) -> Value {
        let client = Client { address: self.address, token: token.map(str::to_owned) };
        let mut body = json!({ "query": document });
        body["variables"] = variables;
        client.post("/v1/graphql", &body).json()
    }

    /// The selection of a model's records: what the step asks for, or all.
    fn selection(&self, model: &str, step: &Step) -> String {
        let refs = refs(model);
        let chosen = step.parameters.get("fields").and_then(Value::as_array);
        let wanted = |name: &&String| {
            chosen.is_none_or(|chosen| chosen.iter().any(|field| field.as_str() == Some(plain(refs, name))))
        };
        let mut names: Vec<String> = self.fields[model].iter().filter(wanted).cloned().collect();
        for path in step.parameters.get("expand").and_then(Value::as_array).into_iter().flatten() {
            let path = path.as_str().unwrap();
            names.push(format!("{path} {{ {} }}", self.fields[path].join(" ")));
        }
        names.join(" ")
    }

    /// The document and the variables of a step.
    fn document(&self, step: &Step) -> (String, Value) {
        let (subject, verb) = step.operation.rsplit_once('.').unwrap_or(("", &step.operation));
        let body = || step.body.clone().unwrap_or_else(|| json!({}));
        match (subject, verb) {
            ("", "batch") => {
                // A key cannot stand for fields of different types, so that each has the type's name before it.
                let aliased = |ty: &str, name: &String| format!("{ty}__{name}: {name}");
                let records = MODELS.map(|(model, ty, ..)| {
                    let fields: Vec<String> =
                        self.fields[model].iter().map(|name| aliased(ty, name)).collect();
                    format!("... on {ty} {{ {} }}", fields.join(" "))
                });
                let document = format!(
                    "mutation($operations: [BatchOperation!]!) {{ it: batch(operations: $operations) {{ results {{ id created deleted record {{ __typename {} }} }} }} }}",
                    records.join(" ")
                );
                (document, body())
            }
            ("auth", "register") => {
                let mut data = body();
                let [email, password] = ["email", "password"].map(|name| data.as_object_mut().unwrap().remove(name));
                let fields = self.fields["user"].join(" ");
                let document = format!("mutation($email: String!, $password: String!, $data: JSON) {{ it: register(email: $email, password: $password, data: $data) {{ {fields} }} }}");
                (document, json!({"email": email, "password": password, "data": data}))
            }
            ("auth", "login") => ("mutation($email: String!, $password: String!) { it: login(email: $email, password: $password) { access_token } }".to_owned(), body()),
            ("auth", "me") => (format!("{{ it: me {{ {} }} }}", self.fields["user"].join(" ")), json!({})),
            ("auth", "logout") => ("mutation { it: logout }".to_owned(), json!({})),
            ("auth.keys", "create") => (format!("mutation($data: ApiKeyCreate!) {{ it: createApiKey(data: $data) {{ {KEY} key }} }}"), json!({"data": body()})),
            ("auth.keys", "list") => (format!("{{ it: apiKeys {{ {KEY} }} }}"), json!({})),
            ("locks", "acquire") => {
                let mut variables = json!({"name": step.name, "lease": body()["lease_ms"], "holder": body()["holder"]});
                variables.as_object_mut().unwrap().retain(|_, value| !value.is_null());
                (format!("mutation($name: String!, $lease: BigInt, $holder: String) {{ it: acquireLock(name: $name, leaseMs: $lease, holder: $holder) {{ {LOCK} }} }}"), variables)
            }
            ("locks", "get") => (format!("query($name: String!) {{ it: lock(name: $name) {{ {LOCK} }} }}"), json!({"name": step.name})),
            (model, verb) => self.of_model(model, verb, step, &body()),
        }
    }

    fn of_model(&self, model: &str, verb: &str, step: &Step, data: &Value) -> (String, Value) {
        let (_, ty, plural, _) = MODELS.into_iter().find(|(name, ..)| *name == model).unwrap();
        let fields = self.selection(model, step);
        let payload = format!("{{ id record {{ {} }} }}", self.fields[model].join(" "));
        let parameter = |name: &str| step.parameters.get(name).cloned().unwrap_or_default();
        let mut variables = json!({
            "id": step.id, "data": data, "version": step.if_match, "where": parameter("filter"), "first": parameter("limit"),
            "after": parameter("cursor"), "order": order(&parameter("order")),
        });
        let document = match verb {
            "get" => format!("query($id: UUID!) {{ it: {model}(id: $id) {{ {fields} }} }}"),
            "list" => {
                let count = if parameter("count") == true { "totalCount" } else { "" };
                format!(
                    "query($where: String, $first: Int, $after: String, $order: [{ty}Order!]) {{
                        it: {}(where: $where, first: $first, after: $after, order: $order) {{ nodes {{ {fields} }} {count} pageInfo {{ hasNextPage endCursor }} }}
                    }}",
                    plural.to_lowercase()
                )
            }
            "create" => format!("mutation($data: {ty}Create!) {{ it: create{ty}(data: $data) {payload} }}"),
            "update" => format!(
                "mutation($id: UUID!, $data: {ty}Update!, $version: BigInt) {{ it: update{ty}(id: $id, data: $data, ifVersion: $version) {payload} }}"
            ),
            "put" => format!(
                "mutation($id: UUID!, $data: {ty}Create!) {{ it: put{ty}(id: $id, data: $data) {payload} }}"
            ),
            "delete" => format!("mutation($id: UUID!) {{ it: delete{ty}(id: $id) {{ id }} }}"),
            "restore" => format!("mutation($id: UUID!) {{ it: restore{ty}(id: $id) {payload} }}"),
            "update_many" => format!(
                "mutation($where: String, $data: {ty}Update!) {{ it: update{plural}(where: $where, data: $data) {{ count }} }}"
            ),
            "delete_many" => {
                format!("mutation($where: String) {{ it: delete{plural}(where: $where) {{ count }} }}")
            }
            other => panic!("no document for {other}"),
        };
        variables.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        (document, variables)
    }
}

impl Driver for Graphql {
    fn ask(&mut self, step: &Step, token: Option<&str>) -> Outcome {
        let (document, variables) = self.document(step);
        let answer = self.send(&document, variables, token);
        match answer["errors"].get(0) {
            Some(error) => failure(step, error),
            None => outcome(step, &answer["data"]["it"]),
        }
    }
}

fn refs(model: &str) -> &'static [&'static str] {
    MODELS.into_iter().find(|(name, ..)| *name == model).map_or(&[], |(.., refs)| refs)
}

/// The name that REST has for a field: the id in a ref is the ref's own there.
fn plain<'a>(refs: &[&str], name: &'a str) -> &'a str {
    name.strip_suffix("_id").filter(|name| refs.contains(name)).unwrap_or(name)
}

fn order(order: &Value) -> Value {
    let key = |key: &Value| {
        let name = key.as_str().unwrap();
        let field = name.strip_prefix('-').unwrap_or(name);
        json!({"field": field, "direction": if name.starts_with('-') { "DESC" } else { "ASC" }})
    };
    order.as_array().map(|keys| keys.iter().map(key).collect()).unwrap_or_default()
}

/// A record as REST has it: refs under their own names, what was followed under `expand`, and without what one may not see.
fn record(model: &str, step: &Step, record: &Value) -> Value {
    let (mut fields, mut expand) = (Map::new(), Map::new());
    for (key, value) in record.as_object().into_iter().flatten().filter(|(name, _)| *name != "__typename") {
        let name = key.split_once("__").map_or(key.as_str(), |(_, name)| name);
        if refs(model).contains(&name) {
            expand.insert(name.to_owned(), self::record(name, step, value));
        } else if !(name == "note" && value.is_null() && step.who.as_deref() != Some("ann")) {
            fields.insert(plain(refs(model), name).to_owned(), value.clone());
        }
    }
    if !expand.is_empty() {
        fields.insert("expand".to_owned(), expand.into());
    }
    fields.into()
}

fn outcome(step: &Step, data: &Value) -> Outcome {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (subject, verb) = step.operation.rsplit_once('.').unwrap_or(("", &step.operation));
    match (subject, verb) {
        ("auth", "login") => Outcome::new(json!({"tokens": true})).keeping(text(&data["access_token"])),
        ("auth.keys", "create") => Outcome::new(json!({ "record": data })).keeping(text(&data["key"])),
        ("auth.keys", "list") => Outcome::new(json!({"items": data, "more": false, "count": null})),
        ("", "batch") => Outcome::new(
            json!({"results": data["results"].as_array().unwrap().iter().map(|one| result(step, one)).collect::<Vec<_>>()}),
        ),
        (_, "logout" | "delete") => Outcome::new(json!({"nothing": true})),
        (_, "update_many" | "delete_many") => Outcome::new(json!({"count": data["count"]})),
        (model, "list") => {
            let items: Vec<Value> =
                data["nodes"].as_array().unwrap().iter().map(|node| record(model, step, node)).collect();
            let more = &data["pageInfo"]["hasNextPage"];
            let outcome = Outcome::new(json!({"items": items, "more": more, "count": data["totalCount"]}));
            outcome.keeping(text(&data["pageInfo"]["endCursor"]))
        }
        ("auth" | "locks", _) => {
            Outcome::new(json!({"record": record("user", step, data)})).keeping(text(&data["id"]))
        }
        (model, "get") => {
            Outcome::new(json!({"record": record(model, step, data)})).keeping(text(&data["id"]))
        }
        (model, _) => {
            Outcome::new(json!({"record": record(model, step, &data["record"])})).keeping(text(&data["id"]))
        }
    }
}

/// What REST answers of an operation of a batch.
fn result(step: &Step, result: &Value) -> Value {
    let status = match (&result["deleted"], &result["created"]) {
        (Value::Bool(true), _) => 204,
        (_, Value::Bool(true)) => 201,
        _ => 200,
    };
    let model = result["record"]["__typename"].as_str().unwrap_or_default().to_lowercase();
    json!({"status": status, "id": result["id"], "record": record(&model, step, &result["record"])})
}

fn failure(step: &Step, error: &Value) -> Outcome {
    let extensions = &error["extensions"];
    let none = Vec::new();
    let faults = extensions["errors"].as_array().unwrap_or(&none).iter();
    let fields = faults.map(|fault| {
        (fault["field"].as_str().unwrap().to_owned(), fault["code"].as_str().unwrap().to_owned())
    });
    // An order is one of an enum's values in the schema.
    let is_order = error["message"].as_str().is_some_and(|message| message.contains("OrderField"));
    let code = match extensions["code"].as_str().unwrap() {
        "invalid_variables" if is_order => "invalid_order",
        code => code,
    };
    assert_ne!(code, "invalid_document", "{}: {error}", step.says);
    Outcome::error(code, fields.collect())
}
