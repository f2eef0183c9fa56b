//! Update and delete by filter.

use super::input::decode_all;
use crate::call::Call;
use crate::frame::Answer;
use crate::merge;
use crate::object::Object;
use axum::body::Body;
use mainstay_engine::{Code, Done, Error, Matching};

/// `PATCH /v1/rooms?filter=…`
pub(crate) async fn update_many(call: Call, body: Body) -> Answer {
    let matching = matching(&call)?;
    let patch = call.object(body).await?;
    let merged = merge::merged_fields(call.model(), &patch);
    let mut object = Object::new(patch);
    if object.take("id").is_some() {
        object.fault("id", "read_only", "many records have no id in common");
    }
    let input = decode_all(call.model(), object)?;
    let model = call.model().id;
    let (count, position) = call.engine().update_many(&call.caller, model, &matching, input, &merged).await?;
    Ok(call.done(&Done::Count(count, position)))
}

/// `DELETE /v1/rooms?filter=…`
pub(crate) async fn delete_many(call: Call, body: Body) -> Answer {
    let matching = matching(&call)?;
    call.no_body(body).await?;
    let (count, position) = call.engine().delete_many(&call.caller, call.model().id, &matching).await?;
    Ok(call.done(&Done::Count(count, position)))
}

/// Which records: those of a filter that has to be there, so that nobody writes to all of them by leaving it out.
fn matching(call: &Call) -> Result<Matching, Error> {
    let filter = call.query.filter().ok_or_else(|| {
        Error::new(Code::InvalidParameter, "say which records by `filter`; `filter=true` means all of them")
    })?;
    Ok(Matching { filter, limit: call.query.bulk_limit()? })
}
