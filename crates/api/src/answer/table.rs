//! A page of records as CSV.

use crate::answer;
use crate::call::Call;
use crate::encode;
use axum::body::Body;
use http::header::LINK;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use mainstay_content::{Format, table};
use mainstay_engine::{Code, Error, ListAnswer, View};
use mainstay_model::{Application, Model, base};
use serde_json::{Map, Value};

/// How many records match, which JSON has in the body.
const MAINSTAY_COUNT: HeaderName = HeaderName::from_static("mainstay-count");

/// A column is there for each field that was asked for, whether or not the caller may see it in a record, so that pages have the same columns.
///
/// # Errors
/// [`Code::InvalidExpand`]: a line has no room for another record.
pub(crate) fn page(call: &Call, page: &ListAnswer) -> Result<Response<Body>, Error> {
    if call.query.get("expand").is_some_and(|refs| !refs.is_empty()) {
        return Err(Error::new(Code::InvalidExpand, "CSV has no room for the records that refs point to"));
    }
    let application = call.operations.application();
    let model = call.operation().model.expect("a list is about a model");
    let columns = columns(application.model(model), call.query.get("fields").unwrap_or_default());
    let rows: Vec<Map<String, Value>> = page.items.iter().map(|view| row(application, view)).collect();
    let text = table(&columns, &rows);
    let response = answer::bytes(StatusCode::OK, "text/csv; charset=utf-8; header=present", text);
    debug_assert_eq!(Format::Csv.media_type(), "text/csv");
    Ok(answer::at(answer::private(with_rest(call, page, response)), page.position))
}

fn columns<'a>(model: &'a Model, asked: &str) -> Vec<&'a str> {
    let names: Vec<&str> = asked.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_asked = |name: &str| names.is_empty() || names.contains(&name);
    let fields = model.answer_order.iter().map(|field| model.field(*field));
    let fields = fields.filter(|field| !field.is_secret());
    let fields = fields.filter(|field| model.soft_delete || field.id != base::DELETED_AT);
    fields.map(|field| field.name.as_str()).filter(|name| is_asked(name)).collect()
}

fn row(application: &Application, view: &View) -> Map<String, Value> {
    serde_json::from_slice(&encode::record_body(application, view)).unwrap_or_default()
}

/// Adds what stands beside the records: where the next page is (RFC 8288), and how many there are.
fn with_rest(call: &Call, page: &ListAnswer, mut response: Response<Body>) -> Response<Body> {
    if let Some(link) = page.next.as_ref().and_then(|cursor| next(call, cursor)) {
        response.headers_mut().insert(LINK, link);
    }
    if let Some(count) = page.count {
        response.headers_mut().insert(MAINSTAY_COUNT, HeaderValue::from(count));
    }
    response
}

fn next(call: &Call, cursor: &str) -> Option<HeaderValue> {
    let uri = &call.parts.uri;
    let pairs = uri.query().unwrap_or_default().split('&');
    let others = pairs.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let cursor = format!("cursor={cursor}");
    let query: Vec<&str> = others.chain([cursor.as_str()]).collect();
    HeaderValue::try_from(format!("<{}?{}>; rel=\"next\"", uri.path(), query.join("&"))).ok()
}
