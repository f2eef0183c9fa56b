//! Asks by REST.

use crate::scenario::{Driver, Outcome, Step};
use crate::support::{Answer, Client};
use serde_json::{Value, json};
use std::net::SocketAddr;

pub(crate) struct Rest {
    address: SocketAddr,
}

impl Rest {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Rest { address }
    }
}

impl Driver for Rest {
    fn ask(&mut self, step: &Step, token: Option<&str>) -> Outcome {
        let client = Client { address: self.address, token: token.map(str::to_owned) };
        let (method, path) = place(step);
        let if_match = step.if_match.map(|version| format!("if-match: \"{version}\"\r\n"));
        let body = step.body.as_ref().map(Value::to_string);
        let answer = client.ask(
            method,
            &format!("{path}{}", query(step)),
            &if_match.unwrap_or_default(),
            body.as_deref(),
        );
        outcome(&step.operation, &answer)
    }
}

/// The method and the path of the operation.
pub(crate) fn place(step: &Step) -> (&'static str, String) {
    let (subject, verb) = step.operation.rsplit_once('.').unwrap_or(("", &step.operation));
    let collection = match subject {
        "shelf" => "shelves".to_owned(),
        name => format!("{name}s"),
    };
    let id = step.id.as_deref().unwrap_or_default();
    match (subject, verb) {
        ("", "batch") => ("POST", "/v1/batch".to_owned()),
        ("auth", "me") => ("GET", "/v1/auth/me".to_owned()),
        ("auth", verb) => ("POST", format!("/v1/auth/{verb}")),
        ("auth.keys", "create") => ("POST", "/v1/auth/keys".to_owned()),
        ("auth.keys", "list") => ("GET", "/v1/auth/keys".to_owned()),
        ("locks", "acquire") => ("POST", format!("/v1/locks/{}", step.name.as_deref().unwrap())),
        ("locks", "get") => ("GET", format!("/v1/locks/{}", step.name.as_deref().unwrap())),
        (_, "list") => ("GET", format!("/v1/{collection}")),
        (_, "create") => ("POST", format!("/v1/{collection}")),
        (_, "get") => ("GET", format!("/v1/{collection}/{id}")),
        (_, "update") => ("PATCH", format!("/v1/{collection}/{id}")),
        (_, "put") => ("PUT", format!("/v1/{collection}/{id}")),
        (_, "delete") => ("DELETE", format!("/v1/{collection}/{id}")),
        (_, "restore") => ("POST", format!("/v1/{collection}/{id}/restore")),
        (_, "update_many") => ("PATCH", format!("/v1/{collection}")),
        (_, "delete_many") => ("DELETE", format!("/v1/{collection}")),
        other => panic!("no place for {other:?}"),
    }
}

pub(crate) fn query(step: &Step) -> String {
    let pair = |(name, value): (&String, &Value)| format!("{name}={}", encoded(&text(value)));
    let pairs: Vec<String> = step.parameters.iter().map(pair).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A parameter as REST writes it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>().join(","),
        Value::Bool(true) => "exact".to_owned(),
        other => other.to_string(),
    }
}

fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02x}"),
    };
    text.bytes().map(byte).collect()
}

fn outcome(operation: &str, answer: &Answer) -> Outcome {
    if answer.status == 204 {
        return Outcome::new(json!({"nothing": true}));
    }
    of_json(operation, answer.status < 400, &answer.json())
}

/// The outcome in what REST answers, which the live socket answers too.
pub(crate) fn of_json(operation: &str, is_ok: bool, body: &Value) -> Outcome {
    if !is_ok {
        return failure(body);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match operation {
        "auth.login" => Outcome::new(json!({"tokens": true})).keeping(text(&body["access_token"])),
        "auth.keys.create" => Outcome::new(json!({"record": body})).keeping(text(&body["key"])),
        "batch" => Outcome::new(json!({"results": body["results"]})),
        name if name.ends_with("_many") => Outcome::new(json!({"count": body["count"]})),
        name if name.ends_with("list") => {
            let next = &body["next"];
            let items = json!({"items": body["items"], "more": !next.is_null(), "count": body["count"]});
            Outcome::new(items).keeping(text(next))
        }
        _ => Outcome::new(json!({"record": body})).keeping(text(&body["id"])),
    }
}

/// The outcome in a problem document.
fn failure(problem: &Value) -> Outcome {
    let none = Vec::new();
    let faults = problem["errors"].as_array().unwrap_or(&none).iter();
    let fields = faults.map(|fault| {
        (fault["field"].as_str().unwrap().to_owned(), fault["code"].as_str().unwrap().to_owned())
    });
    Outcome::error(problem["code"].as_str().unwrap(), fields.collect())
}
