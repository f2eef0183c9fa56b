//! Clients that call the same few records at once, and what is made of what they were told.

use crate::client::{Cache, Lie, Outcome, call, lie};
use crate::random::Random;
use crate::record::{Answer, Call, Event, Record};
use crate::wire::Wire;
use mainstay_testkit::linearizability::{Recorder, Refusal, check};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;
use uuid::Uuid;

/// Few records, so that calls meet; few calls of each, so that the search is short.
const RECORDS: usize = 3;
const CLIENTS: usize = 6;
/// The most calls of a client in a round.
const CALLS: usize = 60;

/// Where the nodes listen, as far as they run.
pub(crate) type Nodes = RwLock<Vec<SocketAddr>>;

/// Calls of all clients, from the first use of some records to the last.
pub(crate) struct Round<'a> {
    nodes: &'a Nodes,
    lie: Lie,
    records: Vec<Uuid>,
    histories: BTreeMap<Uuid, Recorder<Call, Answer>>,
    /// No two calls write the same number.
    numbers: AtomicU64,
    cache: Cache,
    over: AtomicBool,
}

/// What the checked histories had in them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    pub(crate) unanswered: usize,
    pub(crate) refused: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.calls += other.calls;
        self.unanswered += other.unanswered;
        self.refused += other.refused;
    }
}

impl<'a> Round<'a> {
    pub(crate) fn new(nodes: &'a Nodes, lie: Lie, random: &mut Random) -> Self {
        let id = |_| Uuid::from_u128(u128::from(random.next()) << 64 | u128::from(random.next()));
        let records: Vec<Uuid> = (0..RECORDS).map(id).collect();
        let histories = records.iter().map(|id| (*id, Recorder::default())).collect();
        Round {
            nodes,
            lie,
            records,
            histories,
            numbers: AtomicU64::new(1),
            cache: Cache::default(),
            over: AtomicBool::new(false),
        }
    }

    /// Lets the clients call until all have made their calls, or `meanwhile` and some more calls are done.
    pub(crate) fn run(&self, random: &mut Random, meanwhile: impl FnOnce()) {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let random = random.fork();
                    scope.spawn(move || self.client(number, random))
                })
                .collect();
            // Also when it panics: else the clients would go on looking for a node for ever.
            let over = Over(&self.over);
            meanwhile();
            while self.nodes.read().unwrap().is_empty() {
                sleep(Duration::from_millis(1));
            }
            sleep(Duration::from_millis(30));
            drop(over);
            clients.into_iter().for_each(|client| client.join().unwrap());
        });
    }

    /// Reads all records once more, and checks what was told of each.
    pub(crate) fn check(self, random: &mut Random) -> Result<Tally, (Refusal, Vec<Event>)> {
        let mut wire = self.connect(random).expect("a node runs");
        let mut tally = Tally::default();
        for (id, recorder) in &self.histories {
            let read = recorder.begin(CLIENTS, Call::Get);
            match call(&mut wire, *id, Call::Get).unwrap() {
                Outcome::Answered(answer) => recorder.end(read, Some(answer)),
                Outcome::Refused | Outcome::Unknown => {
                    panic!("a read came to nothing while nothing is wrong")
                }
            }
            let history = recorder.take();
            tally.calls += history.len();
            tally.unanswered += history.iter().filter(|event| event.answer.is_none()).count();
            tally.refused +=
                history.iter().filter(|event| matches!(event.answer, Some((Answer::Mismatch, _)))).count();
            check::<Record>(&history).map_err(|refusal| (refusal, history))?;
        }
        Ok(tally)
    }

    fn client(&self, number: usize, mut random: Random) {
        let mut left = CALLS;
        while left > 0 && !self.over.load(Ordering::Relaxed) {
            let Some(mut wire) = self.connect(&mut random) else {
                sleep(Duration::from_millis(1));
                continue;
            };
            while left > 0 && !self.over.load(Ordering::Relaxed) && self.call(number, &mut random, &mut wire)
            {
                left -= 1;
            }
        }
    }

    fn connect(&self, random: &mut Random) -> Option<Wire> {
        let address = random.pick(&self.nodes.read().unwrap()).copied()?;
        Wire::open(address).ok()
    }

    /// Makes a call, and notes it; `false` when the connection broke.
    fn call(&self, client: usize, random: &mut Random, wire: &mut Wire) -> bool {
        let id = *random.pick(&self.records).unwrap();
        let asked = self.next_call(id, random);
        let recorder = &self.histories[&id];
        let invocation = recorder.begin(client, asked);
        match lie(self.lie, random, &self.cache, wire, id, asked) {
            Ok(Outcome::Answered(answer)) => recorder.end(invocation, Some(answer)),
            // What was not done changes nothing, so nothing is to be explained.
            Ok(Outcome::Refused) => sleep(Duration::from_millis(1)),
            Ok(Outcome::Unknown) => recorder.end(invocation, None),
            Err(_) => {
                recorder.end(invocation, None);
                return false;
            }
        }
        true
    }

    fn next_call(&self, id: Uuid, random: &mut Random) -> Call {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        // Conditions that hold now and then, whoever it was that was told the version last.
        let known = self.histories[&id].last_answer().and_then(|answer| match answer {
            Answer::Is(cell) => Some(cell.version),
            _ => None,
        });
        match random.below(100) {
            0..45 => Call::Get,
            45..55 => Call::Put { number, if_version: None },
            55..60 => Call::Put { number, if_version: known },
            60..65 => Call::Create { number },
            65..75 => Call::Update { number, if_version: None },
            75..93 => Call::Update { number, if_version: known },
            93..97 => Call::Delete { if_version: known },
            _ => Call::Delete { if_version: None },
        }
    }
}

/// What a person needs to see what went wrong.
pub(crate) fn explained(refusal: &Refusal, history: &[Event]) -> String {
    let mut events: Vec<(usize, &Event)> = history.iter().enumerate().collect();
    events.sort_by_key(|(_, event)| event.began);
    let lines = events.iter().map(|(place, event)| {
        let Event { client, call, began, answer } = event;
        format!("\n  {place:>4}: client {client} from {began}: {call:?} -> {answer:?}")
    });
    format!("{refusal}\nby their begin:{}", lines.collect::<String>())
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
