//! Locks: something that one program holds at a time, for as long as it says so.
//!
//! A lock is a row of the internal model `_lock`, written by transactions like any other; the rule `[locks] allow` is its model's. Its *fencing
//! number* grows with each holder, and a write that names it takes effect only while that holder's lease lasts: the row is looked at within the
//! write's own transaction. A lease may end while its holder believes in it (a pause, a clock, a network), so it is the number that keeps two
//! holders from writing, and the lease that keeps them from trying.
//!
//! What the time is says the store, which is one for all nodes. It is asked before the transaction, so that it is never later than the commit: a
//! lease can seem to last longer than it does, which does no harm while nobody has taken the lock, and never shorter.

mod acquire;
mod bells;
mod hold;
mod name;

pub(crate) use bells::Bells;
pub use name::{FencingToken, LockName};

use crate::error::FieldError;
use crate::{Engine, Error};
use mainstay_expr::{FieldId, Value};
use mainstay_model::{Application, Model, base};
use mainstay_ports::Record;
use std::ops::RangeInclusive;
use std::time::Duration;
use uuid::Uuid;

/// How long a lease may be, in milliseconds.
pub const LEASE_MS: RangeInclusive<i64> = 100..=3_600_000;
/// The lease of who does not say how long, in milliseconds.
pub const DEFAULT_LEASE_MS: i64 = 30_000;
/// How long one may wait for a lock, in milliseconds.
pub const WAIT_MS: RangeInclusive<i64> = 0..=60_000;
/// The most characters of what a holder calls itself.
pub const MAX_HOLDER_LENGTH: usize = 200;

/// Rows of which nothing was heard for so long are removed. Numbers go on growing all the same, since a new row begins with the time.
pub(crate) const FORGOTTEN_AFTER: i64 = 30 * 86_400_000_000;

const MILLISECOND: i64 = 1_000;

/// A lock that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What it is called.
    pub name: LockName,
    /// Greater than that of each holder before.
    pub fencing: i64,
    /// The holder's account; `None` of somebody without one.
    pub account: Option<Uuid>,
    /// What the holder calls itself.
    pub holder: Option<String>,
    /// When the lease ends by the store's clock, in microseconds since 1970.
    pub expires_at: i64,
    /// How long it lasted when this was told, in milliseconds.
    pub lease_ms: i64,
}

/// Asks for a lock.
#[derive(Debug, Clone)]
pub struct AcquireLock {
    /// For how long.
    pub lease: Lease,
    /// How long to wait while another holds it. The time that a request may take bounds it too.
    pub wait: Duration,
    /// What the holder calls itself.
    pub holder: Option<String>,
}

/// How long a lock is held unless it is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    ms: i64,
}

impl Lease {
    /// A lease of so many milliseconds.
    ///
    /// # Errors
    /// [`crate::Code::ValidationFailed`] when they are not in [`LEASE_MS`].
    pub fn of(ms: i64) -> Result<Self, Error> {
        within("lease_ms", ms, &LEASE_MS).map(|ms| Lease { ms })
    }

    fn ends_at(self, now: i64) -> Value {
        Value::Timestamp(now.saturating_add(self.ms * MILLISECOND))
    }
}

impl AcquireLock {
    /// Reads the request.
    ///
    /// # Errors
    /// [`crate::Code::ValidationFailed`] for the first that is out of bounds.
    pub fn new(lease_ms: Option<i64>, wait_ms: Option<i64>, holder: Option<String>) -> Result<Self, Error> {
        let lease = Lease::of(lease_ms.unwrap_or(DEFAULT_LEASE_MS))?;
        let wait_ms = within("wait_ms", wait_ms.unwrap_or(0), &WAIT_MS)?;
        let too_long = |holder: &String| holder.chars().count() > MAX_HOLDER_LENGTH || holder.contains('\0');
        if holder.as_ref().is_some_and(too_long) {
            let message = format!("has at most {MAX_HOLDER_LENGTH} characters, without U+0000");
            return Err(Error::validation(vec![FieldError::new("holder", "max_length", message)]));
        }
        Ok(AcquireLock { lease, wait: Duration::from_millis(wait_ms.unsigned_abs()), holder })
    }
}

fn within(name: &str, value: i64, bounds: &RangeInclusive<i64>) -> Result<i64, Error> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    let code = if value < *bounds.start() { "min" } else { "max" };
    let message = format!("is from {} to {}", bounds.start(), bounds.end());
    Err(Error::validation(vec![FieldError::new(name, code, message)]))
}

/// The fields of a lock's row.
#[derive(Debug, Clone, Copy)]
struct Fields {
    name: FieldId,
    fencing: FieldId,
    account: FieldId,
    holder: FieldId,
    expires_at: FieldId,
}

impl Fields {
    fn of(model: &Model) -> Self {
        let field = |name: &str| model.field_named(name).expect("it is built in").id;
        Fields {
            name: field("name"),
            fencing: field("fencing"),
            account: field("account"),
            holder: field("holder"),
            expires_at: field("expires_at"),
        }
    }

    /// The lock that a row tells of, if somebody holds it at this time.
    fn held(self, row: &Record, name: &LockName, now: i64) -> Option<Lock> {
        let expires_at = row.get(self.expires_at).as_timestamp().filter(|end| *end > now)?;
        Some(Lock {
            name: name.clone(),
            fencing: self.fencing(row),
            account: row.get(self.account).as_uuid(),
            holder: row.get(self.holder).as_text().map(str::to_owned),
            expires_at,
            lease_ms: (expires_at - now) / MILLISECOND,
        })
    }

    fn fencing(self, row: &Record) -> i64 {
        row.get(self.fencing).as_int().unwrap_or(0)
    }
}

impl Engine {
    /// The time that leases go by.
    async fn lock_time(&self) -> Result<i64, Error> {
        Ok(self.store().now(self.now()).await?)
    }

    fn lock_model(&self) -> &Model {
        model(self.application())
    }
}

/// The model of locks.
pub(crate) fn model(application: &Application) -> &Model {
    application.model_named("_lock").expect("it is built in")
}

/// The field by which rows are forgotten.
pub(crate) const LAST_CHANGE: FieldId = base::UPDATED_AT;
