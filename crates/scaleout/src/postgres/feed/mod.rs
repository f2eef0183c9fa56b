//! The change feed: a table that is written in the same transaction as the rows.
//!
//! A sequence is drawn before the commit, so that numbers drawn by two transactions can become visible in the wrong order, and a reader who
//! goes by numbers would step over the one that commits late. Here numbers are drawn as the last thing in a transaction, under a lock that
//! the server holds until the commit is visible: whoever numbers next numbers higher, and who sees a number sees all lower ones that
//! will ever be there. Numbers that were drawn in vain, by a transaction that then failed, are left out for ever.
//!
//! What was trimmed away is remembered in `_mainstay_meta`, so that a position before it is recognised.

mod append;
mod doorbell;
mod end;
mod find;
mod history;
mod read;
mod receipts;
mod trim;

pub(crate) use append::{Append, Appended, NewChanges};
pub(crate) use doorbell::Doorbell;
pub(crate) use end::{End, Ends, Look};
pub(crate) use read::{ask, touched};
pub(crate) use receipts::{Placing, Receipts};
pub(crate) use trim::trim;

/// The lock under which changes are numbered: one for the database. It is taken when everything else of a transaction is done.
pub(crate) const FEED_LOCK: i64 = 0x4d4e_5354_0000_0002;

/// PostgreSQL has signed integers only; no feed comes near their end.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
