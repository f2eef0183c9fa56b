//! Update by merge patch (RFC 7396).

use super::input::decode_for;
use super::write::{ATTEMPTS, contended, version, wait, write};
use crate::call::Call;
use crate::conditions::IfMatch;
use crate::frame::Answer;
use crate::merge;
use axum::body::Body;
use mainstay_engine::{Action, Code, Done, Error, GetRequest, Written};
use mainstay_expr::FieldId;
use mainstay_ports::Position;
use serde_json::{Map, Value};
use uuid::Uuid;

/// `PATCH /v1/rooms/{id}`
pub(crate) async fn update(call: Call, body: Body) -> Answer {
    let id = call.id()?;
    let if_match = IfMatch::of(call.headers(), version(&call, id)).await?;
    let patch = call.object(body).await?;
    let fields = merge::merged_fields(call.model(), &patch);
    let result = if fields.is_empty() {
        set(&call, id, patch, if_match.version()).await
    } else {
        merge_within(&call, id, &patch, &fields, if_match).await
    };
    let (written, position) = result.map_err(|error| if_match.explain(error))?;
    Ok(call.done(&Done::Written(&[written], position)))
}

async fn set(
    call: &Call,
    id: Uuid,
    patch: Map<String, Value>,
    if_version: Option<i64>,
) -> Result<(Written, Position), Error> {
    let input = decode_for(call.model(), id, patch)?;
    write(call, Action::Update { id, input, if_version }).await
}

/// Changes documents within. What they become depends on what they are, so the write holds only for the version that was read; when
/// another was faster, it is done again with what that one left.
async fn merge_within(
    call: &Call,
    id: Uuid,
    patch: &Map<String, Value>,
    fields: &[FieldId],
    if_match: IfMatch,
) -> Result<(Written, Position), Error> {
    let model = call.model();
    for attempt in 0..ATTEMPTS {
        wait(attempt).await;
        let (view, _) = call.engine().get(&call.caller, model.id, id, &GetRequest::default()).await?;
        let merged = merge::applied(model, patch, fields, &view.record);
        merge::check_size(model, &merged, fields, call.state.limits.body_bytes)?;
        let if_version = if_match.version().unwrap_or_else(|| view.record.version());
        match set(call, id, merged, Some(if_version)).await {
            Err(error) if error.code == Code::VersionMismatch && if_match.version().is_none() => {}
            answer => return answer,
        }
    }
    Err(contended())
}
