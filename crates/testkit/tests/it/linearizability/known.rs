//! Histories whose verdict is known. They are drawn: a line for each call, which lasts from its first letter to its last.

use super::register::{Answer, Call, Register};
use mainstay_testkit::linearizability::{Operation, Refusal, Specification, check};
use std::collections::VecDeque;

/// A call from the first `|` to the last of a drawing; without a second one the answer never came.
fn drawn<C, A>(line: &str, call: C, answer: Option<A>, number: u64) -> Operation<C, A> {
    let place = |at: usize| at as u64 * 100 + number;
    let (began, ended) = (line.find('|').unwrap(), line.rfind('|').unwrap());
    assert_eq!(answer.is_some(), began < ended, "{line}");
    let answer = answer.map(|answer| (answer, place(ended)));
    Operation { client: number as usize, call, began: place(began), answer }
}

/// A line of a drawing, the call and its answer.
type Line<'a, S> = (&'a str, <S as Specification>::Call, Option<<S as Specification>::Answer>);

fn verdict<S: Specification>(calls: Vec<Line<'_, S>>) -> bool {
    let drawn =
        calls.into_iter().zip(0..).map(|((line, call, answer), number)| drawn(line, call, answer, number));
    match check::<S>(&drawn.collect::<Vec<_>>()) {
        Ok(_) => true,
        Err(Refusal::NoOrder { .. }) => false,
        Err(Refusal::TooMany) => panic!("small histories are decided"),
    }
}

#[test]
fn registers() {
    use Answer::{Done, Is, Refused};
    use Call::{Read, Swap, Write};
    let check = |expected: bool, calls: Vec<Line<'_, Register>>| {
        let shown = format!("{calls:?}");
        assert_eq!(verdict::<Register>(calls), expected, "{shown}");
    };
    check(true, vec![]);
    // A read beside a write may see what was before or what is after,
    check(true, vec![("|-----|", Write(1), Some(Done)), ("  |--| ", Read, Some(Is(0)))]);
    check(true, vec![("|-----|", Write(1), Some(Done)), ("  |--| ", Read, Some(Is(1)))]);
    // but not the old value once another has seen the new one,
    check(
        false,
        vec![
            ("|-------|", Write(1), Some(Done)),
            (" |-|     ", Read, Some(Is(1))),
            ("     |-| ", Read, Some(Is(0))),
        ],
    );
    // nor behind the write (a stale read), nor what nobody wrote.
    check(false, vec![("|-|    ", Write(1), Some(Done)), ("    |-|", Read, Some(Is(0)))]);
    check(false, vec![("|-|    ", Write(1), Some(Done)), ("    |-|", Read, Some(Is(2)))]);
    // A write that nobody answered may be done later, or never, but not twice and not before it began.
    let lost = |first: u8, second: u8, third: u8| {
        vec![
            ("  |                 ", Write(1), None),
            ("|-|               ", Read, Some(Is(first))),
            ("      |-|         ", Read, Some(Is(second))),
            ("          |-|     ", Write(2), Some(Done)),
            ("              |-| ", Read, Some(Is(third))),
        ]
    };
    for (expected, [first, second, third]) in
        [(true, [0, 0, 2]), (true, [0, 1, 2]), (true, [0, 0, 1]), (false, [0, 1, 1]), (false, [0, 1, 0])]
    {
        check(expected, lost(first, second, third));
    }
    check(false, vec![("   |", Write(1), None), ("|-| ", Read, Some(Is(1)))]);
    // Of two that exchange the same value one wins; that both do is a lost update.
    check(true, vec![("|--|", Swap(0, 1), Some(Done)), ("|--|", Swap(0, 2), Some(Refused))]);
    check(false, vec![("|--|", Swap(0, 1), Some(Done)), ("|--|", Swap(0, 2), Some(Done))]);
}

struct Queue;

#[derive(Debug, Clone, Copy)]
enum QueueCall {
    Enqueue(char),
    Dequeue,
}

impl Specification for Queue {
    type State = VecDeque<char>;
    type Call = QueueCall;
    /// What was taken out.
    type Answer = Option<char>;

    fn initial() -> VecDeque<char> {
        VecDeque::new()
    }

    fn apply(
        state: &VecDeque<char>,
        call: &QueueCall,
        answer: Option<&Option<char>>,
    ) -> Option<VecDeque<char>> {
        let mut state = state.clone();
        let right = match call {
            QueueCall::Enqueue(item) => {
                state.push_back(*item);
                None
            }
            QueueCall::Dequeue => state.pop_front(),
        };
        answer.is_none_or(|answer| *answer == right).then_some(state)
    }
}

/// Of the kinds that Herlihy and Wing begin with (1990, section 1.2).
#[test]
fn queues() {
    use QueueCall::{Dequeue, Enqueue};
    let check = |expected: bool, calls: Vec<Line<'_, Queue>>| {
        let shown = format!("{calls:?}");
        assert_eq!(verdict::<Queue>(calls), expected, "{shown}");
    };
    // Two are put in at once: either may come out first.
    check(
        true,
        vec![
            ("|----|         ", Enqueue('x'), Some(None)),
            (" |--|          ", Enqueue('y'), Some(None)),
            ("       |--|    ", Dequeue, Some(Some('y'))),
            ("        |----| ", Dequeue, Some(Some('x'))),
        ],
    );
    // One after the other: the first comes out first.
    check(
        false,
        vec![
            ("|--|            ", Enqueue('x'), Some(None)),
            ("     |--|       ", Enqueue('y'), Some(None)),
            ("          |--|  ", Dequeue, Some(Some('y'))),
        ],
    );
    // Taken out while it is still being put in.
    check(true, vec![("|-------|", Enqueue('x'), Some(None)), ("   |--|  ", Dequeue, Some(Some('x')))]);
    // Taken out twice.
    check(
        false,
        vec![
            ("|--|           ", Enqueue('x'), Some(None)),
            (" |--|          ", Enqueue('y'), Some(None)),
            ("       |--|    ", Dequeue, Some(Some('y'))),
            ("        |----| ", Dequeue, Some(Some('y'))),
        ],
    );
}
