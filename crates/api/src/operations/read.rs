//! Get and list.

use super::perform::Context;
use super::{Ask, Of, Reply};
use mainstay_engine::{Error, GetRequest, ListAnswer, ListRequest, View};
use mainstay_expr::Value;
use mainstay_ports::Deleted;

/// How large the records of a page may be together, about; one alone may be larger.
const MAX_PAGE_BYTES: usize = 8 << 20;

/// About what a value takes beside its text: its name, and numbers.
const VALUE_BYTES: usize = 64;

pub(super) async fn get(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    let (id, freshness) = (ask.id()?, ask.freshness());
    let deleted = ask.parameters.deleted != Deleted::Exclude;
    let request =
        GetRequest { fields: ask.parameters.fields, expand: ask.parameters.expand, deleted, freshness };
    let model = context.model().id;
    let (view, position) = context.engine().get(context.caller, model, id, &request).await?;
    Ok(Reply::Record(view, position))
}

/// A page that keeps to [`MAX_PAGE_BYTES`]. One that would be larger is asked for anew with as many records as fit, so that its cursor
/// stands behind the last of them.
pub(super) async fn list(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    let freshness = ask.freshness();
    let mut request = ListRequest { freshness, ..ask.parameters.list_request()? };
    if let Some(Of { field, ids }) = ask.of {
        let model = context.model().id;
        // Boxed, so that a plain list need not carry the room for it.
        let pages = Box::pin(context.engine().list_of(context.caller, model, &field, &ids, &request));
        return Ok(Reply::Pages(pages.await?));
    }
    loop {
        let page = context.engine().list(context.caller, context.model().id, &request).await?;
        match fitting(&page, request.backward) {
            Some(fitting) => request.limit = u32::try_from(fitting).unwrap_or(1),
            None => return Ok(Reply::Page(page)),
        }
    }
}

/// How many records of a page fit, when not all do. The one with which it begins always does: backward that is the last.
fn fitting(page: &ListAnswer, backward: bool) -> Option<usize> {
    let sizes = page.items.iter().map(size);
    if backward { first_beyond(sizes.rev()) } else { first_beyond(sizes) }
}

fn first_beyond(sizes: impl Iterator<Item = usize>) -> Option<usize> {
    let mut bytes = 0;
    sizes.enumerate().find_map(|(index, size)| {
        bytes += size;
        (index > 0 && bytes > MAX_PAGE_BYTES).then_some(index)
    })
}

/// About how large a record is in an answer, in bytes.
fn size(view: &View) -> usize {
    let own: usize = view.record.values.iter().map(value_size).sum();
    let expanded = view.expanded.iter().filter_map(|(_, target)| target.as_deref());
    own + expanded.map(size).sum::<usize>()
}

fn value_size(value: &Value) -> usize {
    VALUE_BYTES
        + match value {
            Value::Text(text) | Value::Json(text) => text.len(),
            // In base64.
            Value::Bytes(bytes) => bytes.len() / 3 * 4,
            Value::List(values) => values.iter().map(value_size).sum(),
            _ => 0,
        }
}
