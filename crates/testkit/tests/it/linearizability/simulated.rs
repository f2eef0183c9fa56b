//! Long histories of clients of a simulated register, which is right, or wrong on purpose.

use super::register::{Answer, Call, Event, Register, answered};
use mainstay_testkit::linearizability::{Recorder, Refusal, check};

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn call(&mut self, values: u64) -> Call {
        let value = |random: &mut Self| random.below(values) as u8;
        match self.below(4) {
            0..2 => Call::Read,
            2 => Call::Write(value(self)),
            _ => Call::Swap(value(self), value(self)),
        }
    }
}

/// What is wrong with the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Now and then a read is answered from what was there two calls ago.
    StaleRead,
    /// Now and then a write is answered and not done.
    LostWrite,
    /// Now and then a swap does not look at what is there.
    LostUpdate,
}

const CLIENTS: usize = 6;
const STEPS: usize = 800;

/// The history of clients that each begin, are served and get their answer at random moments; one in thirty never gets it.
fn history(random: &mut Random, fault: Fault) -> Vec<Event> {
    let recorder = Recorder::default();
    let mut register = vec![0];
    let mut clients: Vec<Stage> = (0..CLIENTS).map(|_| Stage::Idle).collect();
    for _ in 0..STEPS {
        let client = random.below(CLIENTS as u64) as usize;
        clients[client] = match std::mem::replace(&mut clients[client], Stage::Idle) {
            Stage::Idle => {
                let call = random.call(20);
                Stage::Asked(recorder.begin(client, call), call)
            }
            Stage::Asked(invocation, call) => {
                Stage::Served(invocation, serve(&mut register, call, random, fault))
            }
            Stage::Served(invocation, answer) => {
                recorder.end(invocation, (random.below(30) > 0).then_some(answer));
                Stage::Idle
            }
        };
    }
    for stage in clients {
        match stage {
            Stage::Idle => {}
            Stage::Asked(invocation, _) | Stage::Served(invocation, _) => recorder.end(invocation, None),
        }
    }
    recorder.take()
}

enum Stage {
    Idle,
    Asked(mainstay_testkit::linearizability::Invocation<Call>, Call),
    Served(mainstay_testkit::linearizability::Invocation<Call>, Answer),
}

/// The register as it was and is.
fn serve(register: &mut Vec<u8>, call: Call, random: &mut Random, fault: Fault) -> Answer {
    let state = *register.last().unwrap();
    let (answer, after) = answered(state, call);
    let now = random.below(10) == 0;
    match (fault, call) {
        (Fault::StaleRead, Call::Read) if now => {
            return Answer::Is(register[register.len().saturating_sub(3)]);
        }
        (Fault::LostWrite, Call::Write(_)) if now => return answer,
        (Fault::LostUpdate, Call::Swap(_, new)) if now => {
            register.push(new);
            return Answer::Done;
        }
        _ => {}
    }
    if after != state {
        register.push(after);
    }
    answer
}

/// How many of so many histories are refused.
fn refused(fault: Fault, histories: u64) -> u64 {
    let mut random = Random(7);
    let mut refused = 0;
    for _ in 0..histories {
        match check::<Register>(&history(&mut random, fault)) {
            Ok(_) => {}
            Err(Refusal::NoOrder { .. }) => refused += 1,
            Err(Refusal::TooMany) => panic!("these are decided"),
        }
    }
    refused
}

#[test]
fn a_right_register_is_never_refused() {
    assert_eq!(refused(Fault::None, 200), 0);
}

#[test]
fn a_wrong_register_is_refused() {
    for fault in [Fault::StaleRead, Fault::LostWrite, Fault::LostUpdate] {
        let refused = refused(fault, 20);
        assert!(refused > 10, "{fault:?}: {refused} of 20");
    }
}
