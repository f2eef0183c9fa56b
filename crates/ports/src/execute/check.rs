//! What has to be so for a transaction to take effect, though it writes nothing of it: fences and checks.

use super::judge::Records;
use super::write::require_version;
use super::{Execution, Stop};
use crate::{Check, CheckMany, Fence, Outcome, Rejection, StoreError};

impl Execution<'_> {
    /// Sees that each fence stands, before anything else is looked at: who has lost a lock should learn that, and not what became of the records
    /// since.
    pub(super) fn require_fences(&mut self) -> Result<(), StoreError> {
        let transaction = self.transaction;
        for fence in &transaction.fences {
            match self.stands(fence) {
                Ok(true) => {}
                Ok(false) | Err(Stop::Rejected(_)) => {
                    return Err(StoreError::Rejected(vec![(transaction.steps.len(), Rejection::Fenced)]));
                }
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    fn stands(&mut self, fence: &Fence) -> Result<bool, Stop> {
        let model = self.application.model(fence.model);
        let Some(record) = self.rows.hold(model.id, fence.id)? else { return Ok(false) };
        self.require_visible(model, &record)?;
        self.holds(&fence.require, Records::only(&record))
    }

    pub(super) fn check(&mut self, check: &Check) -> Result<Outcome, Stop> {
        let model = self.application.model(check.model);
        let record = self.rows.hold(model.id, check.id)?.filter(|record| record.deleted_at().is_none());
        let record = record.ok_or(Rejection::NotFound)?;
        self.require_visible(model, &record)?;
        require_version(&record, check.if_version)?;
        if let Some(require) = &check.require
            && !self.holds(require, Records::only(&record))?
        {
            return Err(Rejection::RequirementFailed.into());
        }
        self.outcome(model, record, false)
    }

    /// One more than may match is looked for, so that too many are noticed, and not more than have to.
    pub(super) fn check_many(&mut self, check: &CheckMany) -> Result<Outcome, Stop> {
        let model = self.application.model(check.model);
        let condition = self.visible_matches(model, &check.filter);
        let limit = check.at_most.map_or(check.at_least, |most| most.saturating_add(1));
        let found = self.rows.search(model.id, &condition, limit as usize)?.len() as u64;
        let expected = u64::from(check.at_least)..=check.at_most.map_or(u64::MAX, u64::from);
        if expected.contains(&found) {
            Ok(Outcome::Count(found))
        } else {
            Err(Rejection::RequirementFailed.into())
        }
    }
}
