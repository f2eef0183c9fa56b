//! Subscriptions: watches whose events are shown by a selection.

use super::told::WholeFormat;
use super::{Run, ask};
use crate::catalog::{EventPart, Prop};
use crate::error::Failure;
use crate::execute::given::Given;
use crate::plan::{CallPlan, Item, Key, Plan, RootWhat, Shape, What};
use bytes::Bytes;
use mainstay_engine::{Code, Ended, Event, Format, View, Watch, WatchRequest};
use mainstay_model::{Application, json};
use mainstay_ports::Operation;
use ring::digest::{SHA256, digest};
use std::sync::Arc;
use uuid::Uuid;

/// Opens the watch of a subscription.
///
/// # Errors
/// What is wrong with its arguments, and what the watch is refused with.
pub(crate) async fn watch(
    run: &Run<'_>,
    plan: &Arc<Plan>,
    token: Option<Arc<str>>,
) -> Result<Watch, Failure> {
    let call = call_of(plan)?;
    let known = run.built.catalog.call(call.call);
    let mut given = Given(call.arguments.fill(run.variables)?);
    let model = known.operation.model.ok_or_else(|| Failure::internal("a watch is of a model"))?;
    let context = run.context();
    let request = WatchRequest {
        filter: super::filter::condition(context.catalog, context.application, model, &mut given)?,
        fields: Vec::new(),
        snapshot: given.flag("snapshot").unwrap_or(true),
        order: ask::order(&mut given),
        limit: given.limit("limit"),
        last_event_id: given.text("lastEventId"),
        at_least: given.position("position")?.or(run.position),
        token,
        format: match call.shape.as_ref().is_some_and(|shape| shape.loads) {
            true => Arc::new(WholeFormat),
            false => Arc::new(SelectionFormat::new(plan.clone())),
        },
    };
    Ok(run.operations.watch(run.caller, &known.operation, request).await?)
}

/// The one call of a subscription.
pub(super) fn call_of(plan: &Plan) -> Result<&CallPlan, Failure> {
    match plan.fields.as_slice() {
        [field] => match &field.what {
            RootWhat::Call(call) => Ok(call),
            _ => {
                Err(Failure::new(Code::InvalidDocument, "a subscription selects a field that can be watched"))
            }
        },
        _ => Err(Failure::new(Code::InvalidDocument, "a subscription selects one field")),
    }
}

/// Writes events as a selection shows them: `{"messages":{…}}`, one a line. The end of a watch is told outside of the data, so that it is the line
/// `!` with the reason's code.
pub(crate) struct SelectionFormat {
    plan: Arc<Plan>,
    /// Tells the selection from others: watchers who select the same share their events.
    name: String,
}

impl SelectionFormat {
    fn new(plan: Arc<Plan>) -> Self {
        let mut text = Vec::new();
        if let Ok(CallPlan { shape: Some(shape), .. }) = call_of(&plan) {
            text.extend_from_slice(&plan.fields[0].key.json);
            describe(shape, &mut text);
        }
        let digest: String =
            digest(&SHA256, &text).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        SelectionFormat { plan, name: format!("graphql {digest}") }
    }
}

/// Appends what a shape shows, so that two that show the same have the same text.
fn describe(shape: &Shape, out: &mut Vec<u8>) {
    out.push(b'{');
    for item in &shape.items {
        out.extend_from_slice(&item.key.json);
        match &item.what {
            What::Typename(name) => out.extend_from_slice(name),
            What::Leaf(prop) => out.extend_from_slice(format!("{prop:?}").as_bytes()),
            What::Object(prop, shape) => {
                out.extend_from_slice(format!("{prop:?}").as_bytes());
                describe(shape, out);
            }
            What::Any(_) | What::Ref(_) | What::Children(_) => {}
        }
        out.push(b',');
    }
    out.push(b'}');
}

impl Format for SelectionFormat {
    fn name(&self) -> &str {
        &self.name
    }

    fn encode(&self, _: &Application, event: &Event<'_>, out: &mut Vec<u8>) {
        if let Event::End(reason) = event {
            return end(*reason, out);
        }
        if let Ok(CallPlan { shape: Some(shape), .. }) = call_of(&self.plan) {
            out.push(b'{');
            out.extend_from_slice(&self.plan.fields[0].key.json);
            object(shape, |item, out| part(item, event, out), out);
            out.extend_from_slice(b"}\n");
        }
    }
}

/// How the line of an end begins.
const END: char = '!';

/// How a line begins that is the whole body of an answer, and not the data alone.
pub(super) const BODY: u8 = b'+';

/// Appends the line of an end.
pub(super) fn end(reason: Ended, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{END}{}\n", reason.as_str()).as_bytes());
}

/// A line of a watch.
pub(crate) enum Line<'a> {
    /// The data of an event.
    Data(&'a [u8]),
    /// The body of an answer.
    Body(&'a [u8]),
    /// The watch ends.
    End(Ended),
}

/// The lines of what a watch gives at once.
pub(crate) fn lines(bytes: &Bytes) -> impl Iterator<Item = Line<'_>> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| {
        if let [BODY, body @ ..] = line {
            return Line::Body(body);
        }
        let code = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix(END));
        let reason = code.map(|code| Ended::ALL.into_iter().find(|reason| reason.as_str() == code));
        match reason {
            Some(reason) => Line::End(reason.unwrap_or(Ended::Unavailable)),
            None => Line::Data(line),
        }
    })
}

fn object(shape: &Shape, write: impl Fn(&Item, &mut Vec<u8>), out: &mut Vec<u8>) {
    let mut separator = b'{';
    for item in &shape.items {
        out.push(separator);
        separator = b',';
        let Key { json, .. } = &item.key;
        out.extend_from_slice(json);
        match &item.what {
            What::Typename(name) => out.extend_from_slice(name),
            _ => write(item, out),
        }
    }
    out.push(b'}');
}

/// What an event has of itself.
pub(super) struct Parts<'a> {
    pub(super) ty: &'static str,
    pub(super) id: Option<&'a str>,
    pub(super) operation: Option<Operation>,
    pub(super) view: Option<&'a View>,
    pub(super) record: Option<Uuid>,
}

pub(super) fn parts<'a>(event: &Event<'a>) -> Parts<'a> {
    let none = Parts { ty: "MARK", id: None, operation: None, view: None, record: None };
    match event {
        Event::Snapshot { view } => {
            Parts { ty: "SNAPSHOT", view: Some(view), record: Some(view.record.id()), ..none }
        }
        Event::Ready { id, .. } => Parts { ty: "READY", id: Some(id), ..none },
        Event::Enter { id, operation, view } => changed("ENTER", id, *operation, view),
        Event::Change { id, operation, view } => changed("CHANGE", id, *operation, view),
        Event::Leave { id, record } => Parts { ty: "LEAVE", id: Some(id), record: Some(*record), ..none },
        Event::Mark { id } => Parts { id: Some(id), ..none },
        Event::End(_) => none,
    }
}

fn changed<'a>(ty: &'static str, id: &'a str, operation: Operation, view: &'a View) -> Parts<'a> {
    let record = Some(view.record.id());
    Parts { ty, id: Some(id), operation: Some(operation), view: Some(view), record }
}

fn part(item: &Item, event: &Event<'_>, out: &mut Vec<u8>) {
    let Parts { ty, id, operation, view, record } = parts(event);
    let prop = match &item.what {
        What::Leaf(Prop::Event(part)) | What::Object(Prop::Event(part), _) => *part,
        _ => return null(out),
    };
    match (prop, &item.what, event) {
        (EventPart::Type, ..) => json::encode_str(ty, out),
        (EventPart::Id, ..) => text(id, out),
        (EventPart::Operation, ..) => text(operation.map(name_of), out),
        (EventPart::RecordId, ..) => text(record.map(|id| id.to_string()).as_deref(), out),
        (EventPart::Count, _, Event::Ready { count, .. }) => {
            out.extend_from_slice(count.to_string().as_bytes());
        }
        (EventPart::More, _, Event::Ready { more, .. }) => out.extend_from_slice(more.to_string().as_bytes()),
        (EventPart::Record, What::Object(_, shape), _) => match view {
            Some(view) => object(shape, |item, out| value(item, view, out), out),
            None => null(out),
        },
        _ => null(out),
    }
}

fn value(item: &Item, view: &View, out: &mut Vec<u8>) {
    match item.what {
        What::Leaf(Prop::Value(field)) if !view.hidden.contains(&field) => {
            json::encode(&view.record.values[field.index()], out);
        }
        _ => null(out),
    }
}

pub(super) fn name_of(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Restore => "RESTORE",
        Operation::Delete | Operation::Purge => "DELETE",
    }
}

fn text(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => json::encode_str(text, out),
        None => null(out),
    }
}

fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"null");
}
