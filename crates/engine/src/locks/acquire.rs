//! Taking a lock, at once or when it is free.

use super::{AcquireLock, Fields, Lock, LockName, MILLISECOND};
use crate::{Caller, Code, Done, Engine, Error};
use mainstay_expr::{Value, Vars};
use mainstay_ports::{Authority, Create, Deleted, Outcome, Query, Record, Step, Transaction, Update};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often those who wait look by themselves: a release on another node rings no bell here.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often in a row others may be faster.
const TRIES: u32 = 16;
/// How much of a request's time is left for the answer behind the waiting.
const LEFT_FOR_ANSWER: Duration = Duration::from_secs(1);

/// What an attempt came to.
enum Attempt {
    Taken(Lock),
    Held(Lock),
    /// Another wrote to the row at the same time.
    Lost,
}

impl Engine {
    /// Takes a lock for the caller, once nobody holds it.
    ///
    /// # Errors
    /// [`Code::LockHeld`] when another held it for as long as the caller would wait; [`Code::Forbidden`].
    pub async fn acquire_lock(
        &self,
        caller: &Caller,
        name: &LockName,
        request: &AcquireLock,
    ) -> Result<Lock, Error> {
        let patience = Instant::now() + request.wait.min(self.longest_wait());
        let mut place = None;
        let mut tries = 0;
        loop {
            // Before the look, so that a release behind it is heard.
            let rung = self.bells().of(name.id()).notified();
            match self.try_acquire(caller, name, request).await? {
                Attempt::Taken(lock) => return Ok(lock),
                Attempt::Held(lock) if Instant::now() >= patience => return Err(held(&lock)),
                Attempt::Held(lock) => {
                    // Who waits among many loses to another of them each time that the lock is free.
                    tries = 0;
                    if place.is_none() {
                        place = Some(self.bells().place()?);
                    }
                    let left = Duration::from_millis(lock.lease_ms.unsigned_abs() + 1);
                    let look = (Instant::now() + left.min(LOOK_EVERY)).min(patience);
                    let _ = timeout_at(look, rung).await;
                }
                Attempt::Lost if tries < TRIES => tries += 1,
                Attempt::Lost => return Err(contended()),
            }
        }
    }

    fn longest_wait(&self) -> Duration {
        let request = Duration::from_millis(self.application().config.server.request_timeout_ms);
        request.saturating_sub(LEFT_FOR_ANSWER).max(request / 2)
    }

    async fn try_acquire(
        &self,
        caller: &Caller,
        name: &LockName,
        request: &AcquireLock,
    ) -> Result<Attempt, Error> {
        let now = self.lock_time().await?;
        let vars = caller.vars("locks.acquire", now);
        let model = self.lock_model();
        self.require_may_ever(model.allow.create.as_ref(), &vars)?;
        let row = self.lock_row(name, &vars).await?;
        let fields = Fields::of(model);
        if let Some(lock) = row.as_ref().and_then(|row| fields.held(row, name, now)) {
            return Ok(Attempt::Held(lock));
        }
        let step = self.taking(caller, name, request, row.as_ref(), now);
        self.take(caller, name, vars, step).await
    }

    /// The row of a lock, if there is one and the caller may take the lock.
    pub(super) async fn lock_row(&self, name: &LockName, vars: &Vars) -> Result<Option<Record>, Error> {
        let model = self.lock_model();
        let may_read = self.rights(model, vars, Deleted::Exclude).read;
        let page = self.store().query(Query::one(model.id, name.id()).filtered(may_read)).await?;
        Ok(page.rows.into_iter().next().map(|row| row.record))
    }

    /// The step that takes a lock which is free, if nobody is faster. A number that begins with the time is greater than those of a row that was
    /// forgotten.
    fn taking(
        &self,
        caller: &Caller,
        name: &LockName,
        request: &AcquireLock,
        row: Option<&Record>,
        now: i64,
    ) -> Step {
        let model = self.lock_model();
        let fields = Fields::of(model);
        let last = row.map_or(0, |row| fields.fencing(row));
        let set = vec![
            (fields.fencing, Value::Int(last.saturating_add(1).max(now / MILLISECOND))),
            (fields.account, caller.user().map_or(Value::Null, Value::Uuid)),
            (fields.holder, request.holder.clone().map_or(Value::Null, Value::Text)),
            (fields.expires_at, request.lease.ends_at(now)),
        ];
        let (model, id) = (model.id, name.id());
        match row {
            Some(row) => {
                Step::Update(Update { model, id, set, if_version: Some(row.version()), require: None })
            }
            None => {
                let name = (fields.name, Value::Text(name.as_str().to_owned()));
                let values = std::iter::once(name).chain(set).collect();
                Step::Create(Create { model, id, values, given: Vec::new() })
            }
        }
    }

    async fn take(&self, caller: &Caller, name: &LockName, vars: Vars, step: Step) -> Result<Attempt, Error> {
        let (fields, now, name) = (Fields::of(self.lock_model()), vars.now, name.clone());
        let taken = move |outcomes: &[Outcome]| match outcomes {
            [Outcome::Record { record, .. }] => fields.held(record, &name, now),
            _ => None,
        };
        let kept = taken.clone();
        let receipt = self.receipt(caller, move |idempotency, outcomes| {
            kept(outcomes).map(|lock| idempotency.encode(&Done::Lock(&lock))).unwrap_or_default()
        });
        let transaction = Transaction::new(Authority::Caller, vars, &caller.request_id, vec![step]);
        match self.commit(Transaction { receipt, ..transaction }).await.map_err(Error::or_first) {
            Ok(committed) => {
                let lock = taken(&committed.outcomes);
                lock.map(Attempt::Taken).ok_or_else(|| Error::internal("a lock that was taken is not held"))
            }
            Err(error) if matches!(error.code, Code::AlreadyExists | Code::VersionMismatch) => {
                Ok(Attempt::Lost)
            }
            Err(error) => Err(error),
        }
    }
}

fn held(lock: &Lock) -> Error {
    let seconds = lock.lease_ms.unsigned_abs().div_ceil(1_000).max(1);
    Error::new(Code::LockHeld, "another holds the lock").retry_after(seconds)
}

fn contended() -> Error {
    Error::new(Code::Busy, "too many take this lock at the same time, try again soon").retry_after(1)
}
