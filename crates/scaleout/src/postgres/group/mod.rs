//! Groups: many transactions in one of the database, which is one wait for the disk and a few round trips for all of them.
//!
//! A lane takes all that waits and runs each command over what is known so far, [`Facts`], and over what the commands before it wrote. A
//! question whose answer is not known is noted; all that were noted are asked at once, within the transaction and with the locks that
//! keep the answers true, and the commands are run again. They are nothing but computation over their answers, so that this has no effect. When nothing is left
//! to ask, what they wrote is sent as a few statements with the changes of all behind them, numbered as one, and the commit.
//!
//! What a group cannot do goes its own way, see [`super::transact`]: a command that searches, deletes or checks, one whose question is about
//! what the group has written, and all that one command of a group that failed could have been at fault of.

mod commit;
mod facts;
mod lane;
mod overlay;
mod rows;

pub(crate) use lane::Lanes;
pub(crate) use rows::{UniqueKey, unique_keys};

use mainstay_ports::{Isolation, Step, Transaction};

/// The most commands of a group.
const GROUP_COMMANDS: usize = 256;
/// The most steps of a command in a group: the others wait for it.
const MAX_STEPS: usize = 32;
/// How often the commands of a group are run to learn their questions. A question can depend on the answer to another.
const MAX_PASSES: usize = 4;

/// Begins the transaction of a group. As each on these connections, it does not wait long for what others have locked: most of its commands have no
/// business with that, and those that do can wait by themselves.
const BEGIN: &str = "BEGIN";

/// Whether a transaction can be part of a group, as far as its steps tell.
pub(crate) fn fits(transaction: &Transaction) -> bool {
    let is_plain = |step: &Step| matches!(step, Step::Create(_) | Step::Update(_) | Step::Put(_));
    transaction.isolation == Isolation::ReadCommitted
        && transaction.steps.len() <= MAX_STEPS
        && transaction.steps.iter().all(is_plain)
}
