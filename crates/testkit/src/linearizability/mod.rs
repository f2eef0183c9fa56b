//! Linearizability (Herlihy and Wing, 1990): whether what concurrent clients were told could have been told by one object that did one call after
//! the other, each at some moment between its begin and its end.
//!
//! A [`Recorder`] takes down a history, a [`Specification`] says what the object does, and [`check`] looks for an order. An object that consists of
//! independent ones, as a store of records does, is linearizable if and only if each of them is, so that each record is checked by itself.

mod check;
mod history;

pub use check::{Refusal, check};
pub use history::{Invocation, Operation, Recorder};

use std::hash::Hash;

/// What an object does when it is called by one client alone.
pub trait Specification {
    /// What the object remembers.
    type State: Clone + Eq + Hash;
    /// What it is asked.
    type Call;
    /// What it answers.
    type Answer;

    /// The state before the first call.
    fn initial() -> Self::State;

    /// The state behind a call, `None` when the object would not have answered so. Where the answer got lost, the call was done all the same, and
    /// answered in whatever way.
    fn apply(state: &Self::State, call: &Self::Call, answer: Option<&Self::Answer>) -> Option<Self::State>;
}
