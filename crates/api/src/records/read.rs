//! Get and list.

use crate::call::Call;
use crate::frame::Answer;
use crate::{answer, conditions, encode};
use axum::body::Body;
use http::StatusCode;
use http::header::IF_NONE_MATCH;
use mainstay_engine::{Error, GetRequest, ListRequest, View};
use mainstay_model::Model;
use mainstay_ports::Position;

/// How large the records of a page may be together; one alone may be larger.
const MAX_PAGE_BYTES: usize = 8 << 20;

/// `GET /v1/rooms/{id}`
pub(crate) async fn get(call: Call, _: Body) -> Answer {
    let request = GetRequest {
        fields: call.query.names("fields"),
        expand: call.query.names("expand"),
        deleted: call.query.includes_deleted()?,
        freshness: call.freshness()?,
    };
    let model = call.model();
    let (view, position) = call.engine().get(&call.caller, model.id, call.id()?, &request).await?;
    conditions::check_read(call.headers(), answer::has_etag(&view).then(|| view.record.version()))?;
    if is_unchanged(&call, model, &view)? {
        return Ok(answer::at(answer::not_modified(view.record.version()), position));
    }
    Ok(answer::at(answer::record(call.engine().application(), StatusCode::OK, &view), position))
}

/// `GET /v1/rooms`
pub(crate) async fn list(call: Call, _: Body) -> Answer {
    conditions::check_read(call.headers(), None)?;
    let request = ListRequest { freshness: call.freshness()?, ..call.query.list_request()? };
    let (body, position) = page(&call, request).await?;
    Ok(answer::at(answer::private(answer::json(StatusCode::OK, body)), position))
}

/// A page that keeps to [`MAX_PAGE_BYTES`]. One that would be larger is asked for anew with as many records as fit, so that its cursor
/// stands behind the last of them.
async fn page(call: &Call, mut request: ListRequest) -> Result<(Vec<u8>, Position), Error> {
    loop {
        let page = call.engine().list(&call.caller, call.model().id, &request).await?;
        match encode::page_body(call.engine().application(), &page, MAX_PAGE_BYTES) {
            Ok(body) => return Ok((body, page.position)),
            Err(fitting) => request.limit = u32::try_from(fitting).unwrap_or(1),
        }
    }
}

/// Whether the client's copy is what it would get. The version says so of the record itself, but neither of other records in the
/// answer nor of what a rule for a field hides today.
fn is_unchanged(call: &Call, model: &Model, view: &View) -> Result<bool, Error> {
    if !call.headers().contains_key(IF_NONE_MATCH) {
        return Ok(false);
    }
    let known = conditions::is_known(call.headers(), &conditions::etag(view.record.version()))?;
    Ok(known && answer::has_etag(view) && model.fields.iter().all(|field| field.read.is_none()))
}
