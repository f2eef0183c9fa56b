//! Writes to all records that match a filter, in one transaction.

use crate::{Caller, Code, Done, Engine, Error, Input};
use mainstay_expr::{FieldId, ModelId, Predicate, Value, Vars};
use mainstay_model::{FieldType, Model};
use mainstay_ports::{Authority, DeleteMany, Outcome, Position, Step, Transaction, UpdateMany};
use std::sync::Arc;

/// Which records a write is about.
#[derive(Debug, Clone)]
pub struct Matching {
    /// A condition in CEL.
    pub filter: String,
    /// The most records that may match; `limits.bulk_records` when `None`.
    pub limit: Option<u32>,
}

impl Engine {
    /// Changes fields of all records that match and that the caller may see, or of none. `merged` are `json` fields of the input whose values
    /// are merged into the documents that are there (RFC 7396). Answers how many match.
    ///
    /// # Errors
    /// [`Code::TooManyMatches`]; [`Code::BulkFailed`] with the errors of records in [`Error::parts`]; what is wrong with the filter.
    pub async fn update_many(
        &self,
        caller: &Caller,
        model: ModelId,
        matching: &Matching,
        mut input: Input,
        merged: &[FieldId],
    ) -> Result<(u64, Position), Error> {
        let model = self.application().model(model);
        let vars = caller.vars(&format!("{}.update_many", model.name), self.now());
        self.require_may_ever(model.allow.update.as_ref(), &vars)?;
        let (filter, limit) = self.matching(model, matching)?;
        let merge = merged.iter().filter_map(|field| Some((*field, patch(model, *field, &mut input)?)));
        let update = UpdateMany {
            model: model.id,
            filter,
            merge: merge.collect(),
            set: input.values,
            max_document_bytes: self.application().config.limits.body_bytes,
            limit,
        };
        self.write_many(caller, vars, Step::UpdateMany(update)).await
    }

    /// Deletes all records that match and that the caller may see, or none. Answers how many match.
    ///
    /// # Errors
    /// As [`Engine::update_many`].
    pub async fn delete_many(
        &self,
        caller: &Caller,
        model: ModelId,
        matching: &Matching,
    ) -> Result<(u64, Position), Error> {
        let model = self.application().model(model);
        let vars = caller.vars(&format!("{}.delete_many", model.name), self.now());
        self.require_may_ever(model.allow.delete.as_ref(), &vars)?;
        let (filter, limit) = self.matching(model, matching)?;
        self.write_many(caller, vars, Step::DeleteMany(DeleteMany { model: model.id, filter, limit })).await
    }

    fn matching(&self, model: &Model, matching: &Matching) -> Result<(Predicate, u32), Error> {
        let max = self.application().config.limits.bulk_records;
        let limit = matching.limit.unwrap_or(max);
        if !(1..=max).contains(&limit) {
            return Err(Error::new(Code::InvalidLimit, format!("`limit` is a number from 1 to {max}")));
        }
        Ok((Arc::unwrap_or_clone(self.filter(model.id, &matching.filter)?), limit))
    }

    async fn write_many(&self, caller: &Caller, vars: Vars, step: Step) -> Result<(u64, Position), Error> {
        let receipt = self.receipt_with_position(caller, |idempotency, outcomes| {
            idempotency.encode(&Done::Count(count(outcomes)))
        });
        let transaction = Transaction::new(Authority::Caller, vars, &caller.request_id, vec![step]);
        let fences = self.fences(caller).await?;
        let transaction = Transaction { receipt, fences, ..transaction };
        let committed = self.commit(transaction).await.map_err(Error::or_first)?;
        Ok((count(&committed.outcomes), committed.position))
    }
}

fn count(outcomes: &[Outcome]) -> u64 {
    match outcomes {
        [Outcome::Count(count)] => *count,
        _ => 0,
    }
}

/// Takes what is to be merged into the documents of a field out of the input.
fn patch(model: &Model, field: FieldId, input: &mut Input) -> Option<serde_json::Value> {
    match input.take(field)? {
        Value::Json(text) if model.field(field).ty == FieldType::Json => serde_json::from_str(&text).ok(),
        _ => None,
    }
}
