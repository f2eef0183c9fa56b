//! The scenario, and what a protocol makes of it.

use crate::mask::Mask;
use crate::support::Data;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// A step of the scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What it is about.
    pub(crate) says: String,
    /// The name of the operation.
    pub(crate) operation: String,
    /// Who asks.
    #[serde(rename = "as")]
    pub(crate) who: Option<String>,
    /// The id of the record.
    pub(crate) id: Option<String>,
    /// The name of the lock.
    pub(crate) name: Option<String>,
    /// `filter`, `order`, `fields`, `expand`, `limit`, `cursor` and `count`.
    #[serde(default)]
    pub(crate) parameters: Map<String, Value>,
    /// The version that the record must have.
    pub(crate) if_match: Option<i64>,
    /// The fields, as REST has them.
    pub(crate) body: Option<Value>,
    /// The name under which later steps find what came out: an id, a token, a cursor.
    #[serde(default)]
    pub(crate) keep: Option<String>,
    /// The code of the error that comes out; with several, any of them.
    pub(crate) fails: Option<Value>,
}

/// What comes out of an operation, in the form that is compared:
/// `{"record": …}`, `{"id": …}` of one that may not be read, `{"items": […], "more": …, "count": …}`, `{"count": …}`, `{"results": […]}`, `{"tokens": true}`, `{"nothing": true}`, or
/// `{"error": code, "fields": [[name, code], …]}`.
pub(crate) struct Outcome {
    pub(crate) value: Value,
    /// What is kept for later steps: an id, a token or key, the next page's cursor.
    pub(crate) kept: Option<String>,
}

/// Asks by one protocol.
pub(crate) trait Driver {
    /// Asks for an operation, with the access token or API key of who asks.
    fn ask(&mut self, step: &Step, token: Option<&str>) -> Outcome;
}

/// What a run of the scenario came to.
pub(crate) struct Run {
    /// What each step is about, and its outcome.
    pub(crate) steps: Vec<(String, Value)>,
    /// The changes that were made: model, operation, id and version of each.
    pub(crate) feed: Vec<Value>,
}

impl Outcome {
    pub(crate) fn new(value: Value) -> Self {
        Outcome { value, kept: None }
    }

    pub(crate) fn keeping(self, kept: impl Into<String>) -> Self {
        Outcome { kept: Some(kept.into()), ..self }
    }

    pub(crate) fn error(code: &str, mut fields: Vec<(String, String)>) -> Self {
        fields.sort();
        Outcome::new(json!({"error": code, "fields": fields}))
    }
}

/// Runs the scenario.
pub(crate) fn run(driver: &mut dyn Driver, data: &Data) -> Run {
    let steps: Vec<Step> = serde_json::from_str(include_str!("scenario.json")).unwrap();
    let (mut mask, mut kept) = (Mask::default(), HashMap::new());
    // A token that nobody was given.
    kept.insert("mallory.token".to_owned(), "mallory".to_owned());
    let mut seen = Vec::new();
    for step in steps {
        let step = filled(step, &kept);
        let token = step.who.as_ref().map(|who| kept[&format!("{who}.token")].clone());
        let outcome = driver.ask(&step, token.as_deref());
        assert_expected(&step, &outcome.value);
        if let (Some(name), Some(value)) = (&step.keep, outcome.kept) {
            let is_token = matches!(step.operation.as_str(), "auth.login" | "auth.keys.create");
            kept.insert(if is_token { format!("{name}.token") } else { name.clone() }, value);
        }
        seen.push((step.says, mask.apply(&outcome.value)));
    }
    Run { steps: seen, feed: feed(data, &mut mask) }
}

fn assert_expected(step: &Step, outcome: &Value) {
    let code = outcome.get("error");
    let is_expected = match &step.fails {
        None => code.is_none(),
        Some(Value::Array(codes)) => code.is_some_and(|code| codes.contains(code)),
        Some(expected) => code == Some(expected),
    };
    assert!(is_expected, "{}: {outcome}", step.says);
}

/// The step with what was kept in the place of `$name`.
fn filled(step: Step, kept: &HashMap<String, String>) -> Step {
    let fill = |text: String| match text.strip_prefix('$') {
        Some(name) if name != "ref" => kept.get(name).cloned().unwrap_or(text),
        _ => text,
    };
    Step {
        id: step.id.map(fill),
        body: step.body.map(|body| fill_within(body, &fill)),
        parameters: match fill_within(Value::Object(step.parameters), &fill) {
            Value::Object(entries) => entries,
            _ => Map::new(),
        },
        ..step
    }
}

fn fill_within(value: Value, fill: &dyn Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text)),
        Value::Array(values) => values.into_iter().map(|value| fill_within(value, fill)).collect(),
        Value::Object(entries) => {
            entries.into_iter().map(|(name, value)| (name, fill_within(value, fill))).collect()
        }
        other => other,
    }
}

/// What is in the feed of each change.
const CHANGES: &str = r#"SELECT "model", lower(hex("id")), "operation", coalesce("after", 'null') FROM "_mainstay_change" ORDER BY "offset""#;

/// The feed, as it lies in the database: the model, the record's id, what happened, and the record after it.
fn feed(data: &Data, mask: &mut Mask) -> Vec<Value> {
    let rows = data.sql(CHANGES);
    let change = |line: &str| {
        let mut parts = line.splitn(4, '|').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        let (model, id, operation) = (next(), next(), next());
        let after: Value = serde_json::from_str(&next()).unwrap();
        mask.apply(&json!({"model": model, "id": id, "operation": operation, "after": after}))
    };
    rows.lines().map(change).collect()
}
