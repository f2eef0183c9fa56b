//! Running operations.

use crate::answer::{self, Members};
use crate::request::{Call, invalid};
use http::{Response, StatusCode};
use mainstay_api::operations::{Answered, Ask, Conditions, IfMatch, Once, Operations, Parameters, parse_id};
use mainstay_api::{batch_problem, rest_behind, rest_done, rest_reply};
use mainstay_engine::{Caller, Code, Error, FencingToken, Kept, Operation, OperationKind};
use mainstay_ports::Position;
use serde_json::Value;

/// The most locks that a write may name.
const MAX_FENCING: usize = 8;

/// Runs an operation, and answers it as REST would.
pub(crate) async fn run(operations: &Operations, caller: Caller, call: Call) -> Members {
    let request_id = caller.request_id.clone();
    let (is_batch, count) = (call.operation == "batch", batch_size(&call));
    match perform(operations, caller, call).await {
        Ok(members) => members,
        Err(error) if is_batch && error.code == Code::BatchFailed => {
            answer::of_problem(batch_problem(&error, count, &request_id)).await
        }
        Err(error) => answer::failed(&error, &request_id).await,
    }
}

fn batch_size(call: &Call) -> usize {
    let operations = call.body.as_ref().and_then(|body| body.get("operations"));
    operations.and_then(Value::as_array).map_or(0, Vec::len)
}

async fn perform(operations: &Operations, mut caller: Caller, call: Call) -> Result<Members, Error> {
    let operation = named(operations, &call.operation)?;
    if operation.kind.is_of_channels() || operation.kind == OperationKind::Watch {
        return Err(invalid(format!("`{}` is a request of its own", operation.name)));
    }
    check(operation, &call)?;
    caller.fencing = fencing(operation, &call.fencing)?;
    let key = call.idempotency_key.clone().filter(|_| operation.kind.writes());
    let Some(key) = key else {
        let reply = operations.call(&caller, operation, ask(operation, call)?).await?;
        return Ok(answer::of_reply(&rest_reply(operations.application(), operation, &reply)));
    };
    let parts = told_apart(&call);
    let (application, of) = (operations.application().clone(), operation.clone());
    let encode = move |done: &mainstay_engine::Done<'_>| {
        let response: Response<Vec<u8>> = rest_done(&application, &of, done);
        [response.status().as_str().as_bytes(), response.body()].concat()
    };
    let parts = [parts.as_bytes()];
    let once = Once { key: &key, parts: &parts, encode: Box::new(encode) };
    match operations.call_once(caller, operation, ask(operation, call)?, once).await? {
        Answered::Now(reply) => {
            Ok(answer::of_reply(&rest_reply(operations.application(), operation, &reply)))
        }
        Answered::Before(kept) => {
            let mut members = answer::of_reply(&replayed(operation, &kept)?);
            members.extend_from_slice(b",\"replayed\":true");
            Ok(members)
        }
    }
}

/// The answer in what was kept: three digits of the status, and the body.
fn replayed(operation: &Operation, kept: &Kept) -> Result<Response<Vec<u8>>, Error> {
    let malformed = || Error::internal("a kept answer has no meaning");
    let (status, body) = kept.answer.split_at_checked(3).ok_or_else(malformed)?;
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = StatusCode::from_bytes(status).map_err(|_| malformed())?;
    Ok(match kept.position {
        Some(position) => rest_behind(operation, response, position),
        None => response,
    })
}

/// The operation of this name.
///
/// # Errors
/// [`Code::NotFound`]
pub(crate) fn named<'a>(operations: &'a Operations, name: &str) -> Result<&'a Operation, Error> {
    operations.named(name).ok_or_else(|| Error::new(Code::NotFound, "there is no operation of this name"))
}

/// Sees that a call has no member that its operation would pass over.
fn check(operation: &Operation, call: &Call) -> Result<(), Error> {
    let kind = operation.kind;
    if call.record_id.is_some() && !is_of_one(kind) {
        return Err(invalid(format!("`{}` has no record: leave `record_id` out", operation.name)));
    }
    if call.name.is_some() && !kind.is_of_locks() {
        return Err(invalid(format!("`{}` has no `name`", operation.name)));
    }
    if call.body.is_some() && !takes_body(kind) {
        return Err(invalid(format!("`{}` has no `body`", operation.name)));
    }
    Ok(())
}

/// Whether it is about one record or API key that its caller names.
fn is_of_one(kind: OperationKind) -> bool {
    use OperationKind::*;
    matches!(kind, Get | Update | Put | Delete | Restore | GetKey | DeleteKey)
}

fn takes_body(kind: OperationKind) -> bool {
    use OperationKind::*;
    match kind {
        Create | Update | Put | UpdateMany | Batch | AcquireLock | RenewLock => true,
        Register | Login | Refresh | ChangePassword | CreateKey => true,
        List | Watch | Get | Delete | DeleteMany | Restore | GetLock | ReleaseLock => false,
        Logout | Me | ListKeys | GetKey | DeleteKey | AppCheck => false,
        Publish | Subscribe | Enter | WatchPresence => false,
    }
}

/// All that makes a request another one.
fn told_apart(call: &Call) -> String {
    let (body, if_match) = (call.body.as_ref().map(|body| Value::Object(body.clone())), &call.if_match);
    let rest = (&call.operation, &call.record_id, &call.name, &call.parameters, call.only_create);
    format!("live {rest:?} {if_match:?} {}", body.unwrap_or_default())
}

fn ask(operation: &Operation, call: Call) -> Result<Ask, Error> {
    let id = call
        .record_id
        .as_deref()
        .map(|id| parse_id(id).ok_or_else(|| Error::new(Code::InvalidId, "`record_id` is not a UUID")));
    Ok(Ask {
        id: id.transpose()?,
        name: call.name,
        parameters: Parameters::read(operation.kind, call.parameters)?,
        conditions: Conditions { if_match: if_match(call.if_match)?, only_create: call.only_create },
        position: position(call.position)?,
        body: call.body,
        ..Ask::default()
    })
}

fn if_match(value: Option<Value>) -> Result<IfMatch, Error> {
    let wrong = || invalid("`if_match` is a version, a list of versions, or `*`");
    Ok(match value {
        None | Some(Value::Null) => IfMatch::Anything,
        Some(Value::String(text)) if text == "*" => IfMatch::Exists,
        Some(Value::Number(version)) => IfMatch::Version(version.as_i64().ok_or_else(wrong)?),
        Some(Value::Array(versions)) => {
            let versions = versions.iter().map(|version| version.as_i64().ok_or_else(wrong));
            IfMatch::AnyOf(versions.collect::<Result<_, _>>()?)
        }
        Some(_) => return Err(wrong()),
    })
}

/// Reads a position, as it was in an answer.
///
/// # Errors
/// [`Code::InvalidParameter`]
pub(crate) fn position(text: Option<String>) -> Result<Option<Position>, Error> {
    let read = |text: String| text.parse().map_err(|_| invalid("`position` is one that was in an answer"));
    text.map(read).transpose()
}

fn fencing(operation: &Operation, tokens: &[String]) -> Result<Vec<FencingToken>, Error> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    if !operation.kind.is_fenced() || tokens.len() > MAX_FENCING {
        return Err(invalid(format!(
            "`fencing` names up to {MAX_FENCING} locks, for writes that can be fenced"
        )));
    }
    tokens.iter().map(|token| FencingToken::parse(token)).collect()
}
