//! `POST /v1/batch`: several writes, one transaction.

mod decode;
mod names;

use crate::call::Call;
use crate::encode;
use crate::frame::{Answer, ask_for_account};
use crate::json::kind;
use crate::object::{Object, names_text};
use crate::problem::batch_problem;
use axum::body::Body;
use decode::Decoder;
use http::{Response, StatusCode};
use mainstay_engine::{Code, Command, Done, Error, Written};
use mainstay_model::{Application, json};
use mainstay_ports::{Isolation, Position};
use serde_json::Value;

/// `POST /v1/batch`
pub(crate) async fn batch(call: Call, body: Body) -> Answer {
    let (operations, isolation) = operations(&call, body).await?;
    let count = operations.len();
    let result = match Decoder::new(call.engine()).commands(operations) {
        Ok(commands) => write(&call, commands, isolation).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(response) => Ok(response),
        Err(error) if error.code == Code::BatchFailed => Ok(failure(&call, error, count)),
        Err(error) => Err(error),
    }
}

/// The list of operations in the body, with a length that is allowed, and how it is to be kept from others.
async fn operations(call: &Call, body: Body) -> Result<(Vec<Value>, Isolation), Error> {
    let mut object = Object::new(call.object(body).await?);
    let isolation = isolation(&mut object);
    let operations = match object.take("operations") {
        Some(Value::Array(operations)) => operations,
        other => {
            let found = other.as_ref().map_or("missing", kind);
            object.fault("operations", "type", format!("is {found}, an array was expected"));
            Vec::new()
        }
    };
    object.end()?;
    let max = call.state.limits.batch_operations;
    match operations.len() {
        0 => Err(Error::new(Code::InvalidJson, "`operations` is empty")),
        count if count > max => Err(Error::new(
            Code::BatchTooLarge,
            format!("a batch has at most {max} operations, these are {count}"),
        )),
        _ => Ok((operations, isolation)),
    }
}

/// The levels, by the names of the SQL standard.
pub(crate) const ISOLATION: [(&str, Isolation); 2] =
    [("read_committed", Isolation::ReadCommitted), ("serializable", Isolation::Serializable)];

fn isolation(object: &mut Object) -> Isolation {
    let Some(name) = object.optional_text("isolation") else { return Isolation::default() };
    let level = ISOLATION.iter().find(|(known, _)| *known == name).map(|(_, level)| *level);
    level.unwrap_or_else(|| {
        let known = names_text(ISOLATION.iter().map(|(known, _)| *known));
        object.fault("isolation", "enum", format!("is one of {known}"));
        Isolation::default()
    })
}

async fn write(call: &Call, commands: Vec<Command>, isolation: Isolation) -> Answer {
    let engine = call.engine();
    let (written, position) = engine.write_all(&call.caller, call.operation(), commands, isolation).await?;
    Ok(call.done(&Done::Written(&written, position)))
}

/// `{"results": [{"status": 201, "id": …, "record": {…}}, …], "position": …}`
pub(crate) fn body(application: &Application, written: &[Written], position: Position) -> Vec<u8> {
    let mut out = b"{\"results\":[".to_vec();
    for (index, written) in written.iter().enumerate() {
        encode::separate(index, &mut out);
        result(application, written, &mut out);
    }
    out.extend_from_slice(b"],\"position\":");
    json::encode_str(&position.to_string(), &mut out);
    out.push(b'}');
    out
}

fn result(application: &Application, written: &Written, out: &mut Vec<u8>) {
    let status = match (written.deleted, written.created) {
        (true, _) => StatusCode::NO_CONTENT,
        (false, true) => StatusCode::CREATED,
        (false, false) => StatusCode::OK,
    };
    out.extend_from_slice(format!("{{\"status\":{}", status.as_u16()).as_bytes());
    if let Some(id) = written.id {
        out.extend_from_slice(format!(",\"id\":\"{id}\"").as_bytes());
    }
    if let Some(view) = written.view.as_ref().filter(|_| !written.deleted) {
        out.extend_from_slice(b",\"record\":");
        encode::record(application, view, out);
    }
    out.push(b'}');
}

/// The problem document with a result for each operation.
fn failure(call: &Call, mut error: Error, count: usize) -> Response<Body> {
    if call.caller.identity.is_none() {
        error = ask_for_account(error);
    }
    batch_problem(&error, count, &call.caller.request_id)
}
