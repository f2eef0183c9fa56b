//! Records and pages as JSON, written straight into bytes.

use mainstay_engine::{ListAnswer, View};
use mainstay_model::{Application, json};
use uuid::Uuid;

/// About how much a record takes, to make room at once.
const RECORD_BYTES: usize = 384;

/// Appends what a caller sees of a record: its fields in the model's order, and below `expand` the records that its refs point to.
pub fn record(application: &Application, view: &View, out: &mut Vec<u8>) {
    let model = application.model(view.model);
    json::encode_record(model, &view.record.values, view.fields(model), out);
    if !view.expanded.is_empty() {
        reopen(out);
        expanded(application, view, out);
        out.push(b'}');
    }
}

/// A record as a body of its own.
pub(crate) fn record_body(application: &Application, view: &View) -> Vec<u8> {
    let mut out = Vec::with_capacity(RECORD_BYTES);
    record(application, view, &mut out);
    out
}

/// A record as a body of its own, with one more member: a text.
pub(crate) fn record_body_with(application: &Application, view: &View, name: &str, text: &str) -> Vec<u8> {
    let mut out = record_body(application, view);
    reopen(&mut out);
    json::encode_str(name, &mut out);
    out.push(b':');
    json::encode_str(text, &mut out);
    out.push(b'}');
    out
}

/// What is said of a record that the caller has written and may not read: `{"id": …}`.
pub(crate) fn id_body(id: Uuid) -> Vec<u8> {
    format!("{{\"id\":\"{id}\"}}").into_bytes()
}

/// A page of records: `{"items": […], "next": …, "position": …}`, and `count` when it was asked for.
pub(crate) fn page_body(application: &Application, page: &ListAnswer) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + RECORD_BYTES * page.items.len());
    out.extend_from_slice(b"{\"items\":[");
    records(application, &page.items, &mut out);
    out.extend_from_slice(b"],\"next\":");
    match &page.next {
        Some(cursor) => json::encode_str(cursor, &mut out),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"position\":");
    json::encode_str(&page.position.to_string(), &mut out);
    if let Some(count) = page.count {
        out.extend_from_slice(format!(",\"count\":{count}").as_bytes());
    }
    out.push(b'}');
    out
}

/// Appends records, separated by commas.
pub(crate) fn records(application: &Application, views: &[View], out: &mut Vec<u8>) {
    for (index, view) in views.iter().enumerate() {
        separate(index, out);
        record(application, view, out);
    }
}

/// Appends the comma before every element but the first.
pub(crate) fn separate(index: usize, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
}

/// Takes the closing brace of an object back, so that another member can follow.
fn reopen(out: &mut Vec<u8>) {
    out.pop();
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

fn expanded(application: &Application, view: &View, out: &mut Vec<u8>) {
    let model = application.model(view.model);
    out.extend_from_slice(b"\"expand\":{");
    for (index, (field, target)) in view.expanded.iter().enumerate() {
        separate(index, out);
        json::encode_str(&model.field(*field).name, out);
        out.push(b':');
        match target {
            Some(target) => record(application, target, out),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b'}');
}
