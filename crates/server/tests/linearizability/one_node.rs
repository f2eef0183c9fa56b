//! One node on SQLite, which is killed and comes back.

use crate::client::Lie;
use crate::random::{Random, is_long};
use crate::record::{Event, MODEL};
use crate::round::{Nodes, Round, Tally, explained};
use crate::support::{Project, Server};
use mainstay_testkit::linearizability::Refusal;
use std::sync::RwLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Rounds in a normal run and in a long one. In each the program is killed once.
const ROUNDS: u64 = 25;
const ROUNDS_OF_LONG: u64 = 1_000;
/// How many times as many there may be.
const MOST: u64 = 8;

#[test]
fn records_are_linearizable_on_one_node_that_is_killed() {
    let mut random = Random::seeded("linearizability");
    let rounds = if is_long() { ROUNDS_OF_LONG } else { ROUNDS };
    let mut node = Node::new();
    let (started, mut sum) = (Instant::now(), Tally::default());
    let mut round = 0;
    // A busy machine gets few calls in before the kill: then there are more rounds, until enough calls have met.
    while round < rounds || (sum.refused as u64 <= rounds && round < MOST * rounds) {
        let tally = node.round(Lie::None, &mut random).unwrap_or_else(|(refusal, history)| {
            panic!("round {round}: {}", explained(&refusal, &history));
        });
        sum.add(tally);
        round += 1;
    }
    println!("{round} kills, {sum:?}, {:.1} s", started.elapsed().as_secs_f64());
    assert!(sum.unanswered as u64 > rounds / 5, "hardly a call was interrupted");
    assert!(sum.refused as u64 > rounds, "hardly a condition failed, so that hardly any calls met");
}

/// A checker that finds nothing proves nothing.
#[test]
fn lies_about_records_are_found_out() {
    let mut random = Random::seeded("lies");
    let mut node = Node::new();
    for lie in [Lie::StaleRead, Lie::LostWrite, Lie::LostUpdate] {
        let found = (0..20).find(|_| node.round(lie, &mut random).is_err());
        assert!(found.is_some(), "{lie:?} was not found out");
        println!("{lie:?} was found out in round {found:?}");
    }
}

struct Node {
    project: Project,
    nodes: Nodes,
    server: Option<Server>,
}

impl Node {
    fn new() -> Self {
        let project = Project::of(&[MODEL]);
        let server = project.serve();
        Node { project, nodes: RwLock::new(vec![server.address]), server: Some(server) }
    }

    /// Lets clients call new records while the program is killed and started again, and checks what they were told.
    fn round(&mut self, lie: Lie, random: &mut Random) -> Result<Tally, (Refusal, Vec<Event>)> {
        let Node { project, nodes, server } = self;
        let moment = Duration::from_micros(random.below(60_000));
        let round = Round::new(nodes, lie, random);
        round.run(random, || {
            sleep(moment);
            nodes.write().unwrap().clear();
            // Its guard kills it.
            drop(server.take());
            let started = project.serve();
            nodes.write().unwrap().push(started.address);
            *server = Some(started);
        });
        round.check(random)
    }
}
