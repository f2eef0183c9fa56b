//! Operations as REST has them.

use crate::answer::{self, has_etag, table};
use crate::call::Call;
use crate::conditions;
use crate::frame::Answer;
use crate::operations::{Ask, Reply, ask_for_account, perform};
use crate::problem::batch_problem;
use crate::protobuf;
use axum::body::Body;
use http::Response;
use http::header::IF_NONE_MATCH;
use mainstay_content::Format;
use mainstay_engine::{Code, Error, OperationKind, View};
use mainstay_model::Model;
use serde_json::Value;

/// Reads what is asked of an operation, and answers it.
pub(crate) async fn answer(call: Call, body: Body) -> Answer {
    if call.operation().kind == OperationKind::List {
        conditions::check_read(call.headers(), None)?;
    }
    let ask = call.ask(body).await?;
    if call.operation().kind == OperationKind::Batch {
        return Box::pin(batch(call, ask)).await;
    }
    let reply = perform(&call.operations, &call.caller, call.operation(), ask).await?;
    if let Reply::Record(view, position) = &reply
        && let Some(response) = unchanged(&call, view)?
    {
        return Ok(answer::at(response, *position));
    }
    match &reply {
        Reply::Page(page) if call.format == Format::Csv => table::page(&call, page),
        reply => Ok(encoded(&call, reply)),
    }
}

fn encoded(call: &Call, reply: &Reply) -> Response<Body> {
    match call.format {
        Format::Protobuf => protobuf::response(&call.operations, call.operation(), reply),
        _ => answer::reply(call.operations.application(), call.operation(), reply),
    }
}

/// A batch that failed is answered with the result of each of its operations.
async fn batch(call: Call, ask: Ask) -> Answer {
    let operations = ask.body.as_ref().and_then(|body| body.get("operations")).and_then(Value::as_array);
    let count = operations.map_or(0, Vec::len);
    match perform(&call.operations, &call.caller, call.operation(), ask).await {
        Ok(reply) => Ok(encoded(&call, &reply)),
        Err(error) if error.code == Code::BatchFailed && call.format != Format::Protobuf => {
            Ok(failure(&call, error, count))
        }
        Err(error) => Err(error),
    }
}

/// The problem document with a result for each operation.
fn failure(call: &Call, mut error: Error, count: usize) -> Response<Body> {
    if call.caller.identity.is_none() {
        error = ask_for_account(error);
    }
    batch_problem(&error, count, &call.caller.request_id)
}

/// The answer to one who has the record already, unless it has to be sent.
fn unchanged(call: &Call, view: &View) -> Result<Option<Response<Body>>, Error> {
    let version = view.record.version();
    conditions::check_read(call.headers(), has_etag(view).then_some(version))?;
    let model = call.operations.application().model(view.model);
    let is_known = is_unchanged(call, model, view)?;
    Ok(is_known.then(|| answer::not_modified(version)))
}

/// Whether the client's copy is what it would get. The version says so of the record itself, but neither of other records in the
/// answer nor of what a rule for a field hides today.
fn is_unchanged(call: &Call, model: &Model, view: &View) -> Result<bool, Error> {
    if !call.headers().contains_key(IF_NONE_MATCH) {
        return Ok(false);
    }
    let mut etag = conditions::etag(view.record.version());
    if call.format != Format::Json {
        etag = conditions::marked(&etag, call.format.as_str());
    }
    let known = conditions::is_known(call.headers(), &etag)?;
    Ok(known && has_etag(view) && model.fields.iter().all(|field| field.read.is_none()))
}
