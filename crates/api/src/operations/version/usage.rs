//! What of a version a client uses: the operation, and the fields that it names.

use crate::operations::{Ask, Operations};
use mainstay_engine::{Caller, Operation, OperationKind, OrderKey, WatchRequest};
use mainstay_expr::ModelId;
use mainstay_model::{Application, Model};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Notes what a request uses. A project with one version that stays has no use for it.
pub(crate) fn note(operations: &Operations, caller: &Caller, operation: &Operation, ask: &Ask) {
    if !operations.counts_uses() {
        return;
    }
    let mut uses = Uses::new(operations.application(), operation);
    if let Some(model) = operation.model {
        let parameters = &ask.parameters;
        uses.named(model, &parameters.fields, &parameters.order, parameters.filter.as_deref());
        ask.body.iter().for_each(|body| uses.body(model, body));
    } else if operation.kind == OperationKind::Batch {
        ask.body.iter().for_each(|body| uses.batch(body));
    }
    operations.engine().note_api_uses(operations.version(), caller, uses.found.into_iter());
}

/// As [`note`], of a watch.
pub(crate) fn note_watch(
    operations: &Operations,
    caller: &Caller,
    operation: &Operation,
    request: &WatchRequest,
) {
    if !operations.counts_uses() {
        return;
    }
    let mut uses = Uses::new(operations.application(), operation);
    if let Some(model) = operation.model {
        uses.named(model, &request.fields, &request.order, request.filter.as_deref());
    }
    operations.engine().note_api_uses(operations.version(), caller, uses.found.into_iter());
}

/// What was found, each once. Only what there is has a name here, so that nobody can make up new ones.
struct Uses<'a> {
    application: &'a Application,
    found: BTreeSet<String>,
}

impl<'a> Uses<'a> {
    fn new(application: &'a Application, operation: &Operation) -> Self {
        Uses { application, found: BTreeSet::from([operation.name.clone()]) }
    }

    fn named(&mut self, model: ModelId, fields: &[String], order: &[OrderKey], filter: Option<&str>) {
        let model = self.application.model(model);
        fields.iter().for_each(|name| self.field(model, name));
        order.iter().for_each(|key| self.field(model, &key.field));
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = filter.unwrap_or_default().split(|c: char| !is_name(c));
        words.for_each(|word| self.field(model, word));
    }

    fn body(&mut self, model: ModelId, body: &Map<String, Value>) {
        let model = self.application.model(model);
        body.keys().for_each(|name| self.field(model, name));
    }

    fn batch(&mut self, body: &Map<String, Value>) {
        for operation in body.get("operations").and_then(Value::as_array).into_iter().flatten() {
            let name = operation["model"].as_str().unwrap_or_default();
            let Some(model) = self.application.model_named(name).filter(|model| !model.internal) else {
                continue;
            };
            if let Some(data) = operation["data"].as_object() {
                self.body(model.id, data);
            }
        }
    }

    fn field(&mut self, model: &Model, name: &str) {
        if model.declared().iter().any(|field| field.name == name) {
            self.found.insert(format!("{}.{name}", model.name));
        }
    }
}
