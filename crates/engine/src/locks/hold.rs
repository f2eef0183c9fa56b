//! Holding a lock: renewing and releasing it, looking at it, and writing under it.

use super::{Fields, Lease, Lock, LockName};
use crate::error::fenced;
use crate::{Caller, Code, Done, Engine, Error, FencingToken};
use mainstay_expr::{CompareOp, FieldId, Predicate, Value};
use mainstay_ports::{Authority, Fence, Outcome, Step, Transaction, Update};

impl Engine {
    /// The lock, while somebody holds it.
    ///
    /// # Errors
    /// [`Code::NotFound`] when nobody does, or the caller may not take it.
    pub async fn lock(&self, caller: &Caller, name: &LockName) -> Result<Lock, Error> {
        let now = self.lock_time().await?;
        let row = self.lock_row(name, &caller.vars("locks.get", now)).await?;
        let lock = row.and_then(|row| Fields::of(self.lock_model()).held(&row, name, now));
        lock.ok_or_else(|| Error::new(Code::NotFound, "nobody holds this lock"))
    }

    /// Lets the caller, which holds the lock with the number in [`Caller::fencing`], hold it for a lease from now on.
    ///
    /// # Errors
    /// [`Code::Fenced`] when it does not.
    pub async fn renew_lock(&self, caller: &Caller, name: &LockName, lease: Lease) -> Result<Lock, Error> {
        let now = self.lock_time().await?;
        let fields = Fields::of(self.lock_model());
        let expires_at = (fields.expires_at, lease.ends_at(now));
        let name_kept = name.clone();
        let renewed = move |outcomes: &[Outcome]| match outcomes {
            [Outcome::Record { record, .. }] => fields.held(record, &name_kept, now),
            _ => None,
        };
        let outcomes = self.write_held(caller, "locks.renew", name, expires_at, now, renewed.clone()).await?;
        renewed(&outcomes).ok_or_else(fenced)
    }

    /// Lets others take the lock, which the caller holds with the number in [`Caller::fencing`]. Writes with that number are refused from now on.
    ///
    /// # Errors
    /// [`Code::Fenced`] when the caller does not hold it.
    pub async fn release_lock(&self, caller: &Caller, name: &LockName) -> Result<(), Error> {
        let now = self.lock_time().await?;
        let expires_at = (Fields::of(self.lock_model()).expires_at, Value::Null);
        self.write_held(caller, "locks.release", name, expires_at, now, |_| None).await?;
        self.bells().of(name.id()).notify_waiters();
        Ok(())
    }

    /// Sets a field of a lock that the caller holds. `lock` makes of the outcomes what the answer is to tell, if anything.
    async fn write_held(
        &self,
        caller: &Caller,
        operation: &str,
        name: &LockName,
        set: (FieldId, Value),
        now: i64,
        lock: impl Fn(&[Outcome]) -> Option<Lock> + Send + Sync + 'static,
    ) -> Result<Vec<Outcome>, Error> {
        let model = self.lock_model();
        if !caller.fencing.iter().any(|token| token.name == *name) {
            let message =
                format!("send `Fencing-Token: {name}:number`, with the number that you hold the lock by");
            return Err(Error::new(Code::InvalidParameter, message));
        }
        let vars = caller.vars(operation, now);
        self.require_may_ever(model.allow.update.as_ref(), &vars)?;
        // Who knows the number, having seen it, is not yet the holder.
        let account = caller.user().map_or(Value::Null, Value::Uuid);
        let is_own = Predicate::equals(Fields::of(model).account, account);
        let (model, id) = (model.id, name.id());
        let step =
            Step::Update(Update { model, id, set: vec![set], if_version: None, require: Some(is_own) });
        let receipt = self.receipt(caller, move |idempotency, outcomes| match lock(outcomes) {
            Some(lock) => idempotency.encode(&Done::Lock(&lock)),
            None => idempotency.encode(&Done::Nothing),
        });
        let fences = self.fences_at(caller, now);
        let transaction = Transaction::new(Authority::Caller, vars, &caller.request_id, vec![step]);
        let committed = self.commit(Transaction { receipt, fences, ..transaction }).await;
        match committed.map_err(Error::or_first) {
            Err(error) if error.code == Code::RequirementFailed => Err(fenced()),
            result => Ok(result?.outcomes),
        }
    }

    /// What has to be so for a write of the caller to take effect: that it still holds the locks in [`Caller::fencing`].
    ///
    /// # Errors
    /// What the store failed with.
    pub(crate) async fn fences(&self, caller: &Caller) -> Result<Vec<Fence>, Error> {
        match caller.fencing.is_empty() {
            true => Ok(Vec::new()),
            false => Ok(self.fences_at(caller, self.lock_time().await?)),
        }
    }

    fn fences_at(&self, caller: &Caller, now: i64) -> Vec<Fence> {
        let model = self.lock_model();
        let fields = Fields::of(model);
        let fence = |token: &FencingToken| {
            let require = Predicate::All(vec![
                Predicate::equals(fields.fencing, Value::Int(token.fencing)),
                Predicate::compare(fields.expires_at, CompareOp::Greater, Value::Timestamp(now)),
            ]);
            Fence { model: model.id, id: token.name.id(), require }
        };
        caller.fencing.iter().map(fence).collect()
    }
}
