//! Update and delete by filter.

use super::input::decode_all;
use super::perform::Context;
use super::{Ask, Object, Parameters, Reply, merge};
use mainstay_engine::{Code, Error, Matching};

pub(super) async fn update_many(context: Context<'_>, mut ask: Ask) -> Result<Reply, Error> {
    let matching = matching(&ask.parameters)?;
    let patch = ask.take_body()?;
    let model = context.model();
    let merged = merge::merged_fields(model, &patch);
    let mut object = Object::new(patch);
    if object.take("id").is_some() {
        object.fault("id", "read_only", "many records have no id in common");
    }
    let input = context.lower_blindly(model.id, decode_all(model, object)?)?;
    let merged = context.lower_fields(model.id, &merged);
    let updated = context.engine().update_many(context.caller, model.id, &matching, input, &merged).await;
    let (count, position) = updated.map_err(|error| context.raised_error(model.id, error))?;
    Ok(Reply::Count(count, position))
}

pub(super) async fn delete_many(context: Context<'_>, ask: Ask) -> Result<Reply, Error> {
    let matching = matching(&ask.parameters)?;
    let model = context.model().id;
    let (count, position) = context.engine().delete_many(context.caller, model, &matching).await?;
    Ok(Reply::Count(count, position))
}

/// Which records: those of a filter that has to be there, so that nobody writes to all of them by leaving it out.
fn matching(parameters: &Parameters) -> Result<Matching, Error> {
    let filter = parameters.filter.clone().ok_or_else(|| {
        Error::new(Code::InvalidParameter, "say which records by `filter`; `filter=true` means all of them")
    })?;
    Ok(Matching { filter, limit: parameters.limit })
}
