//! A record of a model that keeps no deleted ones, as the reference of REST describes it.

use mainstay_testkit::linearizability::{Operation, Specification};

/// The model, in which a record has a number.
pub(crate) const MODEL: (&str, &str) = (
    "models/cell.toml",
    "soft_delete = false\n[fields]\nnumber = \"int\"\n\
     [allow]\nread = \"true\"\ncreate = \"true\"\nupdate = \"true\"\ndelete = \"true\"\n",
);

pub(crate) struct Record;

/// What is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Cell {
    pub(crate) version: i64,
    pub(crate) number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Get,
    /// `PUT`, with the version that has to be there.
    Put {
        number: u64,
        if_version: Option<i64>,
    },
    /// `PUT` with `If-None-Match: *`.
    Create {
        number: u64,
    },
    /// `PATCH`, with the version that has to be there.
    Update {
        number: u64,
        if_version: Option<i64>,
    },
    Delete {
        if_version: Option<i64>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200 or 201, with the record.
    Is(Cell),
    /// 204.
    Gone,
    /// 404.
    Missing,
    /// 412.
    Mismatch,
}

pub(crate) type Event = Operation<Call, Answer>;

impl Specification for Record {
    type State = Option<Cell>;
    type Call = Call;
    type Answer = Answer;

    fn initial() -> Option<Cell> {
        None
    }

    fn apply(state: &Option<Cell>, call: &Call, answer: Option<&Answer>) -> Option<Option<Cell>> {
        let (right, after) = answered(*state, *call);
        answer.is_none_or(|answer| *answer == right).then_some(after)
    }
}

/// What is answered, and what is there then.
fn answered(state: Option<Cell>, call: Call) -> (Answer, Option<Cell>) {
    let refused = |answer| (answer, state);
    let written = |number| {
        let cell = Cell { version: state.map_or(1, |cell| cell.version + 1), number };
        (Answer::Is(cell), Some(cell))
    };
    match (call, state) {
        (Call::Get, Some(cell)) => refused(Answer::Is(cell)),
        (Call::Put { if_version: Some(_), .. }, None) | (Call::Create { .. }, Some(_)) => {
            refused(Answer::Mismatch)
        }
        (Call::Get | Call::Update { .. } | Call::Delete { .. }, None) => refused(Answer::Missing),
        (
            Call::Put { if_version: Some(wanted), .. }
            | Call::Update { if_version: Some(wanted), .. }
            | Call::Delete { if_version: Some(wanted) },
            Some(cell),
        ) if wanted != cell.version => refused(Answer::Mismatch),
        (Call::Put { number, .. } | Call::Create { number } | Call::Update { number, .. }, _) => {
            written(number)
        }
        (Call::Delete { .. }, Some(_)) => (Answer::Gone, None),
    }
}
