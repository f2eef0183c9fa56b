//! Answers as clients of an older version know them.

use super::ask::Selected;
use super::scopes::raised_key;
use crate::operations::Reply;
use mainstay_engine::{Done, Encode, Error, FieldError, ListAnswer, MadeKey, View, Written};
use mainstay_expr::ModelId;
use mainstay_model::{Application, Face};
use mainstay_ports::Record;
use std::sync::Arc;

/// A record as the version has it.
pub(super) fn view(face: &Face, selected: &Selected, view: &View) -> View {
    let model = view.model;
    let expanded = view.expanded.iter().filter_map(|(field, target)| {
        let target = target.as_deref().map(|target| Arc::new(self::view(face, &None, target)));
        Some((face.raise_field(model, *field)?, target))
    });
    View {
        model,
        record: Record { values: face.raise(model, &view.record.values) },
        hidden: face.raise_hidden(model, &view.hidden),
        selected: selected.clone(),
        expanded: expanded.collect(),
    }
}

/// A reply as the version has it.
pub(crate) fn reply(face: &Face, newest: &Application, selected: &Selected, reply: Reply) -> Reply {
    match reply {
        Reply::Record(record, position) => Reply::Record(view(face, selected, &record), position),
        Reply::Account(account) => Reply::Account(view(face, &None, &account)),
        Reply::Registered(account) => Reply::Registered(view(face, &None, &account)),
        Reply::Written(done, position) => Reply::Written(written(face, &done), position),
        Reply::Page(page) => {
            let items = page.items.iter().map(|item| view(face, selected, item)).collect();
            Reply::Page(ListAnswer { items, ..page })
        }
        Reply::Pages(pages) => {
            let page = |page: ListAnswer| {
                let items = page.items.iter().map(|item| view(face, selected, item)).collect();
                ListAnswer { items, ..page }
            };
            Reply::Pages(pages.into_iter().map(page).collect())
        }
        Reply::Made(key) => Reply::Made(made(face, newest, &key)),
        Reply::Key(key) => Reply::Key(raised_key(face, newest, &key)),
        Reply::Keys(keys) => Reply::Keys(keys.iter().map(|key| raised_key(face, newest, key)).collect()),
        other @ (Reply::Count(..) | Reply::Tokens(_) | Reply::Lock(_) | Reply::App(_) | Reply::Nothing) => {
            other
        }
    }
}

fn made(face: &Face, newest: &Application, key: &MadeKey) -> MadeKey {
    MadeKey { view: raised_key(face, newest, &key.view), key: key.key.clone() }
}

fn written(face: &Face, done: &[Written]) -> Vec<Written> {
    let one = |done: &Written| Written {
        view: done.view.as_ref().map(|record| view(face, &None, record)),
        ..done.clone()
    };
    done.iter().map(one).collect()
}

/// Makes the answer that is kept in the version's form.
pub(crate) fn raised_kept(
    face: Option<&Arc<Face>>,
    newest: &Arc<Application>,
    encode: Box<Encode>,
) -> Box<Encode> {
    let Some(face) = face.cloned() else { return encode };
    let newest = newest.clone();
    Box::new(move |done| match done {
        Done::Key(key) => encode(&Done::Key(&made(&face, &newest, key))),
        Done::Written(records) => encode(&Done::Written(&written(&face, records))),
        Done::Registered(account) => encode(&Done::Registered(&view(&face, &None, account))),
        other => encode(other),
    })
}

/// What is wrong with fields of the application, in the version's names.
pub(crate) fn raised_error(face: &Face, newest: &Application, model: ModelId, error: Error) -> Error {
    let known = newest.model(model);
    let field = |fault: FieldError| match face.raise_fault(model, known, &fault.field) {
        Some(name) => FieldError { field: name.to_owned(), ..fault },
        None => fault,
    };
    let part = |(part, error)| (part, raised_error(face, newest, model, error));
    Error {
        fields: error.fields.into_iter().map(field).collect(),
        parts: error.parts.into_iter().map(part).collect(),
        ..error
    }
}
