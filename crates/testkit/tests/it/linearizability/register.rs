//! A register: one number, which is 0 at first.

use mainstay_testkit::linearizability::{Operation, Specification};

pub(crate) struct Register;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Read,
    Write(u8),
    /// Writes the second where the first is there.
    Swap(u8, u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Is(u8),
    Done,
    Refused,
}

pub(crate) type Event = Operation<Call, Answer>;

impl Specification for Register {
    type State = u8;
    type Call = Call;
    type Answer = Answer;

    fn initial() -> u8 {
        0
    }

    fn apply(state: &u8, call: &Call, answer: Option<&Answer>) -> Option<u8> {
        let (right, state) = answered(*state, *call);
        answer.is_none_or(|answer| *answer == right).then_some(state)
    }
}

/// What the register answers, and what is in it then.
pub(crate) fn answered(state: u8, call: Call) -> (Answer, u8) {
    match call {
        Call::Read => (Answer::Is(state), state),
        Call::Write(value) => (Answer::Done, value),
        Call::Swap(old, new) if state == old => (Answer::Done, new),
        Call::Swap(..) => (Answer::Refused, state),
    }
}
