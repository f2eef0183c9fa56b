//! The search for an order (Wing and Gong, 1993), which never looks at the same state behind the same calls twice (Lowe, 2017).

use super::{Operation, Specification};
use std::collections::HashSet;
use std::fmt;

/// The most states that are looked at. Histories of a few hundred calls need thousands.
const MAX_STATES: usize = 5_000_000;

/// Why no order was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is none. The history is not linearizable.
    NoOrder {
        /// The longest order of some of the calls, by their places in the history: what lies near its end tells where it went wrong.
        longest: Vec<usize>,
    },
    /// The search was given up: too many calls overlap. The history says nothing.
    TooMany,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoOrder { longest } => {
                write!(
                    out,
                    "not linearizable: no order explains more than {} of the calls: {longest:?}",
                    longest.len()
                )
            }
            Refusal::TooMany => write!(out, "undecided after {MAX_STATES} states"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Finds an order of the calls, as places in the history, in which one object alone would have given these answers: a call that ended before
/// another began comes before it, each answered call is in it, and of those without an answer any.
///
/// # Errors
/// See [`Refusal`].
pub fn check<S: Specification>(history: &[Operation<S::Call, S::Answer>]) -> Result<Vec<usize>, Refusal> {
    let mut by_begin: Vec<usize> = (0..history.len()).collect();
    by_begin.sort_by_key(|place| history[*place].began);
    let mut search = Search::<S> {
        operations: by_begin.iter().map(|place| &history[*place]).collect(),
        taken: vec![0; history.len().div_ceil(64)],
        order: Vec::new(),
        state: S::initial(),
        unanswered: history.iter().filter(|operation| operation.answer.is_some()).count(),
        seen: HashSet::new(),
    };
    let places = |order: &[usize]| order.iter().map(|index| by_begin[*index]).collect();
    match search.run() {
        Ok(()) => Ok(places(&search.chosen())),
        Err(Some(longest)) => Err(Refusal::NoOrder { longest: places(&longest) }),
        Err(None) => Err(Refusal::TooMany),
    }
}

type Calls<'a, S> = Vec<&'a Operation<<S as Specification>::Call, <S as Specification>::Answer>>;

struct Search<'a, S: Specification> {
    /// By their begin.
    operations: Calls<'a, S>,
    /// A bit for each call that is in the order.
    taken: Vec<u64>,
    /// The calls that are in the order, each with the state before it.
    order: Vec<(usize, S::State)>,
    state: S::State,
    /// How many calls that got an answer are not in the order yet.
    unanswered: usize,
    /// Where the search has been: the same calls, however ordered, with the same state behind them lead to nothing new.
    seen: HashSet<(Vec<u64>, S::State)>,
}

impl<S: Specification> Search<'_, S> {
    /// Goes forward as long as a call can come next, and else back to the last choice. The error is the longest order, or nothing when there
    /// was too much to look at.
    fn run(&mut self) -> Result<(), Option<Vec<usize>>> {
        let (mut from, mut longest) = (0, Vec::new());
        while self.unanswered > 0 {
            match self.candidate(from) {
                Some((index, state)) => {
                    self.take(index, state);
                    let is_new = self.seen.insert((self.taken.clone(), self.state.clone()));
                    from = if is_new { 0 } else { self.give_back().expect("one was taken") + 1 };
                }
                None => from = self.give_back().ok_or_else(|| Some(std::mem::take(&mut longest)))? + 1,
            }
            if self.order.len() > longest.len() {
                longest = self.chosen();
            }
            if self.seen.len() > MAX_STATES {
                return Err(None);
            }
        }
        Ok(())
    }

    /// The first call from `from` on that can come next, with the state behind it. One can when it began before any of those that are left ended.
    fn candidate(&self, from: usize) -> Option<(usize, S::State)> {
        let mut first_end = u64::MAX;
        for index in self.left(0) {
            // What begins behind an end does not end before it.
            if self.operations[index].began > first_end {
                break;
            }
            first_end = first_end.min(self.operations[index].ended());
        }
        let mut can_come_next = self.left(from).take_while(|index| self.operations[*index].began < first_end);
        can_come_next.find_map(|index| Some((index, self.state_behind(index)?)))
    }

    /// The calls from `from` on that are not in the order.
    fn left(&self, from: usize) -> impl Iterator<Item = usize> {
        (from..self.operations.len()).filter(|index| !self.is_taken(*index))
    }

    /// The state behind a call if it comes next. One that nobody answered and that changes nothing helps no other.
    fn state_behind(&self, index: usize) -> Option<S::State> {
        let Operation { call, answer, .. } = self.operations[index];
        let answer = answer.as_ref().map(|(answer, _)| answer);
        S::apply(&self.state, call, answer).filter(|after| answer.is_some() || *after != self.state)
    }

    fn take(&mut self, index: usize, state: S::State) {
        self.order.push((index, std::mem::replace(&mut self.state, state)));
        self.taken[index / 64] |= 1 << (index % 64);
        self.unanswered -= usize::from(self.operations[index].answer.is_some());
    }

    /// Takes the last call out of the order again.
    fn give_back(&mut self) -> Option<usize> {
        let (index, state) = self.order.pop()?;
        self.state = state;
        self.taken[index / 64] &= !(1 << (index % 64));
        self.unanswered += usize::from(self.operations[index].answer.is_some());
        Some(index)
    }

    fn is_taken(&self, index: usize) -> bool {
        self.taken[index / 64] >> (index % 64) & 1 == 1
    }

    fn chosen(&self) -> Vec<usize> {
        self.order.iter().map(|(index, _)| *index).collect()
    }
}
