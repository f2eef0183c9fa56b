//! Update by merge patch (RFC 7396).

use super::input::decode_for;
use super::perform::Context;
use super::write::{ATTEMPTS, contended, version, wait, write};
use super::{Ask, IfMatch, Reply, merge};
use mainstay_engine::{Action, Code, Error, GetRequest, Input, Written};
use mainstay_expr::FieldId;
use mainstay_ports::Position;
use serde_json::{Map, Value};
use uuid::Uuid;

pub(super) async fn update(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let id = ask.id()?;
    let if_match = std::mem::take(&mut ask.conditions.if_match).narrowed(version(context, id)).await?;
    let patch = ask.take_body()?;
    let fields = merge::merged_fields(context.model(), &patch);
    let result = if fields.is_empty() {
        set(context, id, patch, if_match.version()).await
    } else {
        merge_within(context, id, &patch, &fields, &if_match).await
    };
    let (written, position) = result.map_err(|error| if_match.explain(error))?;
    Ok(Reply::Written(vec![written], position))
}

async fn set(
    context: Context<'_>,
    id: Uuid,
    patch: Map<String, Value>,
    if_version: Option<i64>,
) -> Result<(Written, Position), Error> {
    let model = context.model();
    let input = decode_for(model, id, patch)?;
    match context.lower_update(model.id, input.clone(), None)? {
        Some(input) => write(context, Action::Update { id, input, if_version }).await,
        None => set_with_rest(context, id, &input, if_version).await,
    }
}

/// Sets fields of an older version that are stored together with others. What they become depends on those, so the write holds only for the
/// version that was read.
async fn set_with_rest(
    context: Context<'_>,
    id: Uuid,
    input: &Input,
    if_version: Option<i64>,
) -> Result<(Written, Position), Error> {
    let model = context.model().id;
    for attempt in 0..ATTEMPTS {
        wait(attempt).await;
        let (view, _) = context.engine().get(context.caller, model, id, &GetRequest::default()).await?;
        let lowered = context.lower_update(model, input.clone(), Some(&view.record))?;
        let lowered = lowered.ok_or_else(|| Error::internal("an update that a record does not complete"))?;
        let read = Some(if_version.unwrap_or_else(|| view.record.version()));
        match write(context, Action::Update { id, input: lowered, if_version: read }).await {
            Err(error) if error.code == Code::VersionMismatch && if_version.is_none() => {}
            answer => return answer,
        }
    }
    Err(contended())
}

/// Changes documents within. What they become depends on what they are, so the write holds only for the version that was read; when
/// another was faster, it is done again with what that one left.
async fn merge_within(
    context: Context<'_>,
    id: Uuid,
    patch: &Map<String, Value>,
    fields: &[FieldId],
    if_match: &IfMatch,
) -> Result<(Written, Position), Error> {
    let model = context.model();
    for attempt in 0..ATTEMPTS {
        wait(attempt).await;
        let request = GetRequest::default();
        let (view, _) = context.engine().get(context.caller, model.id, id, &request).await?;
        let merged = merge::applied(model, patch, fields, &context.raised_record(model.id, &view.record));
        merge::check_size(model, &merged, fields, context.operations.limits().body_bytes)?;
        let if_version = if_match.version().unwrap_or_else(|| view.record.version());
        match set(context, id, merged, Some(if_version)).await {
            Err(error) if error.code == Code::VersionMismatch && if_match.version().is_none() => {}
            answer => return answer,
        }
    }
    Err(contended())
}
