//! Create, put, delete and restore.

use super::condition::explain_only_create;
use super::input::{decode, decode_for};
use super::perform::Context;
use super::{Ask, IfMatch, Reply};
use mainstay_engine::{Action, Code, Command, Error, GetRequest, Input, Written};
use mainstay_ports::Position;
use std::time::Duration;
use uuid::Uuid;

/// How often a write that depends on the record's version is tried when others are faster. One of them succeeds each time, so as many
/// as this may write to one record at once.
pub(super) const ATTEMPTS: u32 = 64;

/// The longest pause before another attempt.
const MAX_PAUSE: Duration = Duration::from_millis(16);

pub(super) async fn create(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let (id, input) = decode(context.model(), ask.take_body()?)?;
    let input = context.lower_record(context.model().id, input)?;
    one(context, Action::Create { id, input }).await
}

pub(super) async fn put(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let id = ask.id()?;
    let only_create = ask.conditions.only_create;
    let if_match = std::mem::take(&mut ask.conditions.if_match).narrowed(version(context, id)).await?;
    let input = decode_for(context.model(), id, ask.take_body()?)?;
    let input = context.lower_record(context.model().id, input)?;
    if if_match == IfMatch::Exists {
        return replace(context, id, input, only_create).await;
    }
    let action = Action::Put { id, input, if_version: if_match.version(), only_create };
    one(context, action).await.map_err(|error| explain_only_create(only_create, error))
}

pub(super) async fn delete(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let id = ask.id()?;
    let if_match = std::mem::take(&mut ask.conditions.if_match).narrowed(version(context, id)).await?;
    let action = Action::Delete { id, if_version: if_match.version() };
    one(context, action).await.map_err(|error| if_match.explain(error))
}

pub(super) async fn restore(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let id = ask.id()?;
    let if_match = std::mem::take(&mut ask.conditions.if_match);
    let if_match = if_match.narrowed(deleted_version(context, id)).await?;
    let action = Action::Restore { id, if_version: if_match.version() };
    one(context, action).await.map_err(|error| if_match.explain(error))
}

/// Runs an action on one record of the operation's model.
async fn one(context: Context<'_>, action: Action) -> Result<Reply, Error> {
    let (written, position) = write(context, action).await?;
    Ok(Reply::Written(vec![written], position))
}

/// Runs an action on the operation's model.
pub(super) async fn write(context: Context<'_>, action: Action) -> Result<(Written, Position), Error> {
    let model = context.model().id;
    let command = Command { model, action };
    let written = context.engine().write(context.caller, &context.operation.name, command).await;
    written.map_err(|error| context.raised_error(model, error))
}

/// The version that the record has now.
pub(super) async fn version(context: Context<'_>, id: Uuid) -> Result<i64, Error> {
    version_of(context, id, &GetRequest::default()).await
}

/// As [`version`], also of a deleted record.
async fn deleted_version(context: Context<'_>, id: Uuid) -> Result<i64, Error> {
    version_of(context, id, &GetRequest { deleted: true, ..GetRequest::default() }).await
}

async fn version_of(context: Context<'_>, id: Uuid, request: &GetRequest) -> Result<i64, Error> {
    let (view, _) = context.engine().get(context.caller, context.model().id, id, request).await?;
    Ok(view.record.version())
}

/// Replaces a record that has to exist ([`IfMatch::Exists`]): whichever version is there, seen first so that none is made.
/// With `only_create` both conditions hold of no record, so that none is replaced.
async fn replace(context: Context<'_>, id: Uuid, input: Input, only_create: bool) -> Result<Reply, Error> {
    for attempt in 0..ATTEMPTS {
        wait(attempt).await;
        let version = version(context, id).await.map_err(|error| IfMatch::Exists.explain(error))?;
        let action = Action::Put { id, input: input.clone(), if_version: Some(version), only_create };
        match one(context, action).await {
            Err(error) if error.code == Code::VersionMismatch => {}
            answer => return answer.map_err(|error| explain_only_create(only_create, error)),
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
