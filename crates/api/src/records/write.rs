//! Create, put, delete and restore.

use super::input::{decode, decode_for};
use crate::call::Call;
use crate::conditions::{self, IfMatch};
use crate::frame::Answer;
use axum::body::Body;
use mainstay_engine::{Action, Code, Command, Done, Error, GetRequest, Input, Written};
use mainstay_ports::Position;
use std::time::Duration;
use uuid::Uuid;

/// How often a write that depends on the record's version is tried when others are faster. One of them succeeds each time, so as many
/// as this may write to one record at once.
pub(super) const ATTEMPTS: u32 = 64;

/// The longest pause before another attempt.
const MAX_PAUSE: Duration = Duration::from_millis(16);

/// `POST /v1/rooms`
pub(crate) async fn create(call: Call, body: Body) -> Answer {
    let object = call.object(body).await?;
    let (id, input) = decode(call.model(), object)?;
    let (written, position) = write(&call, Action::Create { id, input }).await?;
    Ok(call.done(&Done::Written(&[written], position)))
}

/// `PUT /v1/rooms/{id}`
pub(crate) async fn put(call: Call, body: Body) -> Answer {
    let id = call.id()?;
    let if_match = IfMatch::of(call.headers(), version(&call, id)).await?;
    let only_create = conditions::only_create(call.headers())?;
    let object = call.object(body).await?;
    let input = decode_for(call.model(), id, object)?;
    let (written, position) = match if_match {
        IfMatch::Exists => replace(&call, id, input).await?,
        IfMatch::Anything | IfMatch::Version(_) => {
            let action = Action::Put { id, input, if_version: if_match.version(), only_create };
            write(&call, action).await.map_err(|error| conditions::explain_only_create(only_create, error))?
        }
    };
    Ok(call.done(&Done::Written(&[written], position)))
}

/// `DELETE /v1/rooms/{id}`
pub(crate) async fn delete(call: Call, body: Body) -> Answer {
    let id = call.id()?;
    let if_match = IfMatch::of(call.headers(), version(&call, id)).await?;
    call.no_body(body).await?;
    let action = Action::Delete { id, if_version: if_match.version() };
    let (written, position) = write(&call, action).await.map_err(|error| if_match.explain(error))?;
    Ok(call.done(&Done::Written(&[written], position)))
}

/// `POST /v1/rooms/{id}/restore`
pub(crate) async fn restore(call: Call, body: Body) -> Answer {
    let id = call.id()?;
    let if_match = IfMatch::of(call.headers(), deleted_version(&call, id)).await?;
    call.no_body(body).await?;
    let action = Action::Restore { id, if_version: if_match.version() };
    let (written, position) = write(&call, action).await.map_err(|error| if_match.explain(error))?;
    Ok(call.done(&Done::Written(&[written], position)))
}

/// Runs an action on the call's model.
pub(super) async fn write(call: &Call, action: Action) -> Result<(Written, Position), Error> {
    let command = Command { model: call.model().id, action };
    call.engine().write(&call.caller, call.operation(), command).await
}

/// The version that the record has now.
pub(super) async fn version(call: &Call, id: Uuid) -> Result<i64, Error> {
    version_of(call, id, &GetRequest::default()).await
}

/// As [`version`], also of a deleted record.
async fn deleted_version(call: &Call, id: Uuid) -> Result<i64, Error> {
    version_of(call, id, &GetRequest { deleted: true, ..GetRequest::default() }).await
}

async fn version_of(call: &Call, id: Uuid, request: &GetRequest) -> Result<i64, Error> {
    let (view, _) = call.engine().get(&call.caller, call.model().id, id, request).await?;
    Ok(view.record.version())
}

/// Replaces a record that has to exist (`If-Match: *`): whichever version is there, seen first so that none is made.
async fn replace(call: &Call, id: Uuid, input: Input) -> Result<(Written, Position), Error> {
    for attempt in 0..ATTEMPTS {
        wait(attempt).await;
        let version = version(call, id).await.map_err(|error| IfMatch::Exists.explain(error))?;
        let action = Action::Put { id, input: input.clone(), if_version: Some(version), only_create: false };
        match write(call, action).await {
            Err(error) if error.code == Code::VersionMismatch => {}
            answer => return answer,
        }
    }
    Err(contended())
}

/// Waits before an attempt that is not the first, longer each time, so that others get done.
pub(super) async fn wait(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(Duration::from_millis(attempt.into()).min(MAX_PAUSE)).await;
    }
}

/// The answer when others were faster each time.
pub(super) fn contended() -> Error {
    Error::new(Code::Busy, "the record changes too fast, try again").retry_after(1)
}
