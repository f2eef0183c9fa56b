//! Answers, written straight into bytes.

use super::load::Loaded;
use super::source::{Change, Page, Source};
use super::told::Told;
use crate::catalog::{EventPart, Prop};
use crate::error::{Fault, Step};
use crate::plan::{Children, Item, Reference, Shape, What};
use mainstay_engine::{Error, View};
use mainstay_expr::FieldId;
use mainstay_model::json;
use mainstay_ports::Position;
use serde_json::Value;
use std::collections::HashSet;
use uuid::Uuid;

/// Writes what a shape shows of a source.
pub(super) struct Encoder<'a> {
    loaded: &'a Loaded,
    out: Vec<u8>,
    path: Vec<At<'a>>,
    faults: Vec<Fault>,
    /// What it was told of that could not be loaded: each once.
    failed: HashSet<usize>,
}

/// A step on the way to where it writes.
#[derive(Clone, Copy)]
enum At<'a> {
    Key(&'a str),
    Index(usize),
}

/// What an object of an answer is made from.
#[derive(Clone, Copy)]
enum From<'a> {
    Record(&'a View),
    Page(&'a Page),
    /// A record of a page, by its place.
    Edge(&'a Page, usize),
    Change(&'a Change, Option<Position>),
    Batch(&'a [Change], Option<Position>),
    Count(u64, Option<Position>),
    Made(&'a View, &'a str),
    Object(&'a serde_json::Map<String, Value>),
    Event(&'a Told),
}

/// About how much a record takes, to make room at once.
const RECORD_BYTES: usize = 384;

/// Stands for a position that is not known yet: a byte that JSON does not have.
const POSITION: u8 = 1;

/// The bytes that were kept, with the position in them.
pub(super) fn with_position(kept: &[u8], position: Option<Position>) -> Vec<u8> {
    let text = position.map_or("null".to_owned(), |position| format!("\"{position}\""));
    let parts: Vec<&[u8]> = kept.split(|byte| *byte == POSITION).collect();
    parts.join(text.as_bytes())
}

/// The bytes of a source, and what went wrong on the way.
pub(super) fn encode(
    key: &str,
    shape: Option<&Shape>,
    source: &Source,
    loaded: &Loaded,
) -> (Vec<u8>, Vec<Fault>) {
    let out = Vec::with_capacity(RECORD_BYTES * source.len());
    let (faults, failed) = (Vec::new(), HashSet::new());
    let mut encoder = Encoder { loaded, out, path: vec![At::Key(key)], faults, failed };
    match shape {
        Some(shape) => encoder.source(shape, source),
        None => encoder.out.extend_from_slice(b"true"),
    }
    (encoder.out, encoder.faults)
}

impl<'a> Encoder<'a> {
    fn source(&mut self, shape: &'a Shape, source: &'a Source) {
        match source {
            Source::Record(view) => self.object(shape, From::Record(view)),
            Source::Records(views) => self.list(views, |this, view| this.object(shape, From::Record(view))),
            Source::Page(page) => self.object(shape, From::Page(page)),
            Source::Written(change, position) => self.object(shape, From::Change(change, *position)),
            Source::Batch(changes, position) => self.object(shape, From::Batch(changes, *position)),
            Source::Count(count, position) => self.object(shape, From::Count(*count, *position)),
            Source::Made(view, key) => self.object(shape, From::Made(view, key)),
            Source::Object(members) => self.object(shape, From::Object(members)),
            Source::Event(told) => self.object(shape, From::Event(told)),
            Source::Nothing => self.null(),
        }
    }

    fn object(&mut self, shape: &'a Shape, from: From<'_>) {
        let mut separator = b'{';
        for item in &shape.items {
            self.out.push(separator);
            separator = b',';
            self.out.extend_from_slice(&item.key.json);
            self.member(item, from);
        }
        if separator == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }

    fn member(&mut self, item: &'a Item, from: From<'_>) {
        match &item.what {
            What::Typename(name) => self.out.extend_from_slice(name),
            What::Leaf(prop) => self.leaf(*prop, from),
            what => {
                self.path.push(At::Key(&item.key.name));
                match (what, from) {
                    (What::Object(prop, shape), from) => self.inner(*prop, shape, from),
                    (What::Any(shapes), From::Change(change, _)) => {
                        let view = change.view.as_deref().filter(|_| !change.deleted);
                        let shape =
                            view.and_then(|view| shapes.iter().find(|(model, _)| *model == view.model));
                        self.either(view.zip(shape), |this, (view, (_, shape))| {
                            this.object(shape, From::Record(view));
                        });
                    }
                    (What::Ref(reference), From::Record(view)) => self.reference(reference, view),
                    (What::Children(children), From::Record(view)) => {
                        self.children(children, view.record.id());
                    }
                    _ => self.null(),
                }
                self.path.pop();
            }
        }
    }

    fn inner(&mut self, prop: Prop, shape: &'a Shape, from: From<'_>) {
        match (prop, from) {
            (Prop::Nodes, From::Page(page)) => {
                self.list(&page.items, |this, view| this.object(shape, From::Record(view)));
            }
            (Prop::Edges, From::Page(page)) => {
                let places: Vec<usize> = (0..page.items.len()).collect();
                self.list(&places, |this, place| this.object(shape, From::Edge(page, *place)));
            }
            (Prop::PageInfo, From::Page(_)) => self.object(shape, from),
            (Prop::Node, From::Edge(page, place)) => self.object(shape, From::Record(&page.items[place])),
            (Prop::Record, From::Change(change, _)) => {
                let view = change.view.as_deref().filter(|_| !change.deleted);
                self.either(view, |this, view| this.object(shape, From::Record(view)));
            }
            (Prop::Event(EventPart::Record), From::Event(told)) => {
                self.either(told.view.as_deref(), |this, view| this.object(shape, From::Record(view)));
            }
            (Prop::Results, From::Batch(changes, position)) => {
                self.list(changes, |this, change| this.object(shape, From::Change(change, position)));
            }
            _ => self.null(),
        }
    }

    fn reference(&mut self, reference: &'a Reference, view: &View) {
        let target = self.loaded.target(view, reference);
        if target.is_none() {
            self.failure(reference);
        }
        self.either(target, |this, view| this.object(&reference.shape, From::Record(&view)));
    }

    fn children(&mut self, children: &'a Children, id: Uuid) {
        let page = self.loaded.children(id, children);
        if page.is_none() {
            self.failure(children);
        }
        self.either(page, |this, page| this.object(&children.shape, From::Page(&page)));
    }

    fn leaf(&mut self, prop: Prop, from: From<'_>) {
        match (prop, from) {
            (Prop::Value(field), From::Record(view) | From::Made(view, _)) => self.value(field, view),
            (Prop::Cursor, From::Edge(page, place)) => self.cursor(page, Some(place)),
            (Prop::StartCursor, From::Page(page)) => self.cursor(page, Some(0)),
            (Prop::EndCursor, From::Page(page)) => self.cursor(page, page.items.len().checked_sub(1)),
            (Prop::HasNextPage, From::Page(page)) => self.flag(page.has_next),
            (Prop::HasPreviousPage, From::Page(page)) => self.flag(page.has_previous),
            (Prop::TotalCount, From::Page(page)) => self.json(&page.count.into()),
            (Prop::Count, From::Count(count, _)) => self.json(&count.into()),
            (Prop::Created, From::Change(change, _)) => self.flag(change.created),
            (Prop::Deleted, From::Change(change, _)) => self.flag(change.deleted),
            (Prop::Id, From::Change(change, _)) => self.json(&change.id.map(|id| id.to_string()).into()),
            (Prop::Position, from) => match from.position() {
                Some(position) => self.json(&position.to_string().into()),
                None => self.out.push(POSITION),
            },
            (Prop::Event(part), From::Event(told)) => self.told(part, told),
            (Prop::Member(name), From::Object(members)) => {
                self.json(members.get(name).unwrap_or(&Value::Null));
            }
            (Prop::Member(_), From::Made(_, key)) => json::encode_str(key, &mut self.out),
            _ => self.null(),
        }
    }

    fn told(&mut self, part: EventPart, told: &Told) {
        let value = match part {
            EventPart::Type => told.ty.as_str().into(),
            EventPart::Id => told.id.as_deref().into(),
            EventPart::Operation => told.operation.as_deref().into(),
            EventPart::RecordId => told.record.as_deref().into(),
            EventPart::Count => told.count.into(),
            EventPart::More => told.more.into(),
            EventPart::Record => Value::Null,
        };
        self.json(&value);
    }

    /// A value of a record, where the caller may see it.
    fn value(&mut self, field: FieldId, view: &View) {
        if view.hidden.contains(&field) {
            self.null();
        } else {
            json::encode(&view.record.values[field.index()], &mut self.out);
        }
    }

    fn cursor(&mut self, page: &Page, place: Option<usize>) {
        match place.and_then(|place| page.cursors.get(place)).filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => json::encode_str(cursor, &mut self.out),
            None => self.null(),
        }
    }

    fn list<T>(&mut self, elements: &[T], write: impl Fn(&mut Self, &T)) {
        self.out.push(b'[');
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.path.push(At::Index(index));
            write(self, element);
            self.path.pop();
        }
        self.out.push(b']');
    }

    fn either<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    /// Tells why something could not be loaded, if that is so.
    fn failure<T>(&mut self, node: &T) {
        if let Some((place, error)) = self.loaded.failure(node)
            && self.failed.insert(place)
        {
            self.fault(error.clone());
        }
    }

    fn fault(&mut self, error: Error) {
        let step = |at: &At<'_>| match at {
            At::Key(name) => Step::Key((*name).to_owned()),
            At::Index(index) => Step::Index(*index),
        };
        let path = self.path.iter().map(step).collect();
        self.faults.push(Fault { error, places: Vec::new(), path });
    }

    fn flag(&mut self, flag: bool) {
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    fn json(&mut self, value: &Value) {
        serde_json::to_writer(&mut self.out, value).expect("memory takes what is written");
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }
}

impl From<'_> {
    fn position(self) -> Option<Position> {
        match self {
            From::Page(page) => Some(page.position),
            From::Change(_, position) | From::Batch(_, position) | From::Count(_, position) => position,
            _ => None,
        }
    }
}

impl Source {
    /// About how many records it has.
    fn len(&self) -> usize {
        match self {
            Source::Page(page) => page.items.len().max(1),
            Source::Records(views) => views.len().max(1),
            Source::Batch(changes, _) => changes.len(),
            _ => 1,
        }
    }
}
