//! Events on their way to a subscriber who is shown more than the records themselves: whole, so that what they point to can be loaded.

use super::watch::{Line, lines, name_of, parts};
use bytes::Bytes;
use mainstay_engine::{Event, Format, View};
use mainstay_expr::{FieldId, ModelId, Value};
use mainstay_model::{Application, Model, json};
use mainstay_ports::Record;
use serde::Deserialize;
use serde_json::Value as Json;
use std::sync::Arc;

/// What an event tells.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    #[serde(rename = "type")]
    pub(super) ty: String,
    pub(super) id: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) record: Option<String>,
    pub(super) count: Option<u64>,
    pub(super) more: Option<bool>,
    shown: Option<Shown>,
    #[serde(skip)]
    pub(super) view: Option<Arc<View>>,
}

/// A record as the watchers of a class see it.
#[derive(Debug, Deserialize)]
struct Shown {
    model: u16,
    hidden: Vec<u16>,
    /// In the order of the model's fields.
    values: Vec<Json>,
}

/// Writes events whole, one a line; the end of a watch as [`SelectionFormat`](super::watch::SelectionFormat) does. All subscribers of a class who are shown
/// more than records share these lines, and the answers of each are made of them.
pub(super) struct WholeFormat;

impl Format for WholeFormat {
    fn name(&self) -> &'static str {
        "graphql whole"
    }

    fn encode(&self, application: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
        if let Event::End(reason) = event {
            return super::watch::end(*reason, out);
        }
        let parts = parts(event);
        let (count, more) = match event {
            Event::Ready { count, more, .. } => (Some(*count), Some(*more)),
            _ => (None, None),
        };
        let head = serde_json::json!({
            "type": parts.ty, "id": parts.id, "operation": parts.operation.map(name_of),
            "record": parts.record.map(|id| id.to_string()), "count": count, "more": more,
        });
        let head = head.to_string();
        // The record goes into the same object.
        out.extend_from_slice(head.trim_end_matches('}').as_bytes());
        if let Some(view) = parts.view {
            out.extend_from_slice(b",\"shown\":");
            shown(application.model(view.model), view, out);
        }
        out.extend_from_slice(b"}\n");
    }
}

/// What of a record the watchers may see.
fn shown(model: &Model, view: &View, out: &mut Vec<u8>) {
    let hidden: Vec<String> = view.hidden.iter().map(|field| field.0.to_string()).collect();
    let head = format!("{{\"model\":{},\"hidden\":[{}],\"values\":", view.model.0, hidden.join(","));
    out.extend_from_slice(head.as_bytes());
    let mut separator = b'[';
    for (field, value) in model.fields.iter().zip(&view.record.values) {
        out.push(separator);
        separator = b',';
        let is_shown = !field.is_secret() && !view.hidden.contains(&field.id);
        json::encode(if is_shown { value } else { &Value::Null }, out);
    }
    out.extend_from_slice(b"]}");
}

/// A line of [`WholeFormat`].
pub(super) enum Whole {
    Told(Arc<Told>),
    /// As it is.
    End(Bytes),
}

/// The events in what a watch gives at once.
pub(super) fn read(application: &Application, bytes: &Bytes) -> Vec<Whole> {
    let line = |line: Line<'_>| match line {
        Line::Data(data) => Told::read(application, data).map(Arc::new).map(Whole::Told),
        Line::End(reason) => {
            let mut out = Vec::new();
            super::watch::end(reason, &mut out);
            Some(Whole::End(out.into()))
        }
        Line::Body(_) => None,
    };
    lines(bytes).filter_map(line).collect()
}

impl Told {
    fn read(application: &Application, line: &[u8]) -> Option<Told> {
        let mut told: Told = serde_json::from_slice(line).ok()?;
        told.view = told.shown.take().and_then(|shown| shown.view(application)).map(Arc::new);
        Some(told)
    }
}

impl Shown {
    fn view(self, application: &Application) -> Option<View> {
        let model = application.model(ModelId(self.model));
        let value = |(field, json): (&mainstay_model::Field, &Json)| match json {
            Json::Null => Some(Value::Null),
            json => json::decode_type(&field.ty, json).ok(),
        };
        let values = model.fields.iter().zip(&self.values).map(value).collect::<Option<Vec<_>>>()?;
        let hidden = self.hidden.into_iter().map(FieldId).collect();
        let record = Record { values };
        Some(View { model: model.id, record, hidden, selected: None, expanded: Vec::new() })
    }
}
