//! All small histories by chance, against a search through every order, which is slow and plainly right.

use super::register::{Answer, Call, Event, Register, answered};
use super::simulated::Random;
use mainstay_testkit::linearizability::{Operation, check};

const HISTORIES: usize = 30_000;

#[test]
fn agrees_with_trying_every_order() {
    let mut random = Random(1);
    let mut verdicts = [0_usize; 2];
    for _ in 0..HISTORIES {
        let history = history(&mut random);
        let left: Vec<&Event> = history.iter().collect();
        let expected = explains(0, &left);
        match check::<Register>(&history) {
            Ok(order) => {
                assert!(expected, "{history:#?}");
                assert!(is_an_order(&history, &order), "{order:?} of {history:#?}");
            }
            Err(refusal) => assert!(!expected, "{refusal}: {history:#?}"),
        }
        verdicts[usize::from(expected)] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > HISTORIES / 10), "one-sided: {verdicts:?}");
}

/// Up to six calls with whatever answers, each of which overlaps whichever others.
fn history(random: &mut Random) -> Vec<Event> {
    let calls = 1 + random.below(6);
    let mut times: Vec<u64> = (0..2 * calls).collect();
    for place in (1..times.len()).rev() {
        times.swap(place, random.below(place as u64 + 1) as usize);
    }
    let pairs = times.chunks(2).map(|pair| (pair[0].min(pair[1]), pair[0].max(pair[1])));
    pairs.zip(0..).map(|((began, ended), client)| event(random, client, began, ended)).collect()
}

fn event(random: &mut Random, client: usize, began: u64, ended: u64) -> Event {
    let call = random.call(3);
    let answer = match (random.below(5), call) {
        (0, _) => None,
        (_, Call::Read) => Some(Answer::Is(random.below(3) as u8)),
        (_, Call::Write(_)) => Some(Answer::Done),
        (roll, Call::Swap(..)) => Some(if roll < 3 { Answer::Done } else { Answer::Refused }),
    };
    Operation { client, call, began, answer: answer.map(|answer| (answer, ended)) }
}

/// Whether what is left can go on from this state: each call that none of the others had to come before is tried as the next.
fn explains(state: u8, left: &[&Event]) -> bool {
    if left.iter().all(|event| event.answer.is_none()) {
        return true;
    }
    (0..left.len()).any(|place| {
        let mut others = left.to_vec();
        let next = others.remove(place);
        let (right, after) = answered(state, next.call);
        others.iter().all(|other| next.began < other.ended())
            && next.answer.is_none_or(|(answer, _)| answer == right)
            && explains(after, &others)
    })
}

/// Whether an order that was found is one.
fn is_an_order(history: &[Event], order: &[usize]) -> bool {
    let mut state = 0;
    let right = order.iter().all(|place| {
        let (right, after) = answered(state, history[*place].call);
        state = after;
        history[*place].answer.is_none_or(|(answer, _)| answer == right)
    });
    let in_time = order
        .iter()
        .enumerate()
        .all(|(index, one)| order[index..].iter().all(|later| history[*one].began < history[*later].ended()));
    let complete = (0..history.len()).all(|place| history[place].answer.is_none() || order.contains(&place));
    right && in_time && complete
}
