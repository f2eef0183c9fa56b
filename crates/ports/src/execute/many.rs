//! Changing and deleting what matches.
//!
//! Which records match is decided once, before the first write, so that no write can bring a record into the set or back into it (the
//! Halloween problem). Each is then fetched by itself: a thousand large records are not held at once.

use super::judge::Records;
use super::{Execution, MAX_CASCADE, Stop};
use crate::{DeleteMany, Outcome, Record, Rejection, UpdateMany};
use mainstay_expr::{FieldId, Frame, Predicate, Value};
use mainstay_model::{Model, base, json};
use uuid::Uuid;

/// The most records whose refusal is told.
const MAX_TOLD: usize = 10;

/// What was refused so far.
#[derive(Default)]
struct Refused(Vec<(Uuid, Rejection)>);

impl Execution<'_> {
    pub(super) fn update_many(&mut self, update: &UpdateMany) -> Result<Outcome, Stop> {
        let model = self.application.model(update.model);
        let set = update.set.iter().map(|(field, _)| *field);
        let sent: Vec<FieldId> = set.chain(update.merge.iter().map(|(field, _)| *field)).collect();
        let ids = self.matching(model, &update.filter, update.limit)?;
        let mut refused = Refused::default();
        for id in &ids {
            let updated = self.update_match(model, *id, update, &sent);
            refused.note(*id, updated)?;
        }
        refused.outcome(ids.len())
    }

    fn update_match(
        &mut self,
        model: &Model,
        id: Uuid,
        update: &UpdateMany,
        sent: &[FieldId],
    ) -> Result<(), Stop> {
        let old = self.live(model, id)?;
        let mut new = old.clone();
        for (field, value) in &update.set {
            new.set(*field, value.clone());
        }
        for (field, patch) in &update.merge {
            new.set(*field, merged(&old, *field, patch, update.max_document_bytes)?);
        }
        self.change(model, &old, new, sent).map(drop)
    }

    pub(super) fn delete_many(&mut self, delete: &DeleteMany) -> Result<Outcome, Stop> {
        let model = self.application.model(delete.model);
        let ids = self.matching(model, &delete.filter, delete.limit)?;
        let mut refused = Refused::default();
        let mut left = MAX_CASCADE;
        for id in &ids {
            let deleted = self.delete_match(model, *id, left);
            left -= refused.note(*id, deleted)?.unwrap_or(0);
        }
        refused.outcome(ids.len())
    }

    /// Deletes a record, unless another of the set has taken it along. Answers how many went.
    fn delete_match(&mut self, model: &Model, id: Uuid, limit: usize) -> Result<usize, Stop> {
        let record = self.rows.get(model.id, id)?.filter(|record| record.deleted_at().is_none());
        let Some(record) = record else { return Ok(0) };
        if !self.allows(model.allow.delete.as_ref(), Records::only(&record))? {
            return Err(Rejection::Forbidden.into());
        }
        Ok(self.cascade(model, record, limit)?.1)
    }

    /// The ids of the live records that match and that the caller may see, in their order.
    fn matching(&mut self, model: &Model, filter: &Predicate, limit: u32) -> Result<Vec<Uuid>, Stop> {
        let condition = self.visible_matches(model, filter);
        let mut ids = self.rows.search(model.id, &condition, limit as usize + 1)?;
        if ids.len() > limit as usize {
            return Err(Rejection::TooManyMatches { limit }.into());
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// The condition of the live records that match and that the caller may see.
    pub(super) fn visible_matches(&self, model: &Model, filter: &Predicate) -> Predicate {
        let mut conditions = vec![Predicate::equals(base::DELETED_AT, Value::Null), filter.clone()];
        if !self.is_system() {
            let rule = model.allow.read.as_ref().map(|rule| rule.predicate.as_ref().clone());
            conditions.push(rule.unwrap_or(Predicate::Const(false)));
        }
        let frame = Frame { vars: Some(&self.transaction.vars), ..Frame::default() };
        Predicate::All(conditions).reduce(&frame)
    }
}

impl Refused {
    /// Takes what a record came to. `Err` ends the step: a fault of the engine, or enough refusals to tell.
    fn note<T>(&mut self, id: Uuid, result: Result<T, Stop>) -> Result<Option<T>, Stop> {
        match result {
            Ok(done) => Ok(Some(done)),
            Err(Stop::Rejected(rejection)) => {
                self.0.push((id, rejection));
                let enough = self.0.len() == MAX_TOLD;
                if enough { Err(Rejection::Records(std::mem::take(&mut self.0)).into()) } else { Ok(None) }
            }
            Err(failed) => Err(failed),
        }
    }

    fn outcome(self, count: usize) -> Result<Outcome, Stop> {
        if self.0.is_empty() {
            Ok(Outcome::Count(count as u64))
        } else {
            Err(Rejection::Records(self.0).into())
        }
    }
}

/// The document in a field with a patch applied.
fn merged(
    old: &Record,
    field: FieldId,
    patch: &serde_json::Value,
    max_bytes: usize,
) -> Result<Value, Rejection> {
    let document = match old.get(field) {
        Value::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => serde_json::Value::Null,
    };
    let text = json::merge(document, patch.clone()).to_string();
    if text.len() > max_bytes {
        let message = format!("must have at most {max_bytes} bytes when merged");
        return Err(Rejection::Check { field: Some(field), message });
    }
    Ok(Value::Json(text))
}
