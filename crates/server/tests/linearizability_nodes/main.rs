//! As the tests of `linearizability`, with three nodes on one PostgreSQL, of which one after the other is killed and comes back; and with one that is alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "seeds are for whoever repeats a run")]

#[allow(dead_code, reason = "the tests of one node lie")]
#[path = "../linearizability/client.rs"]
mod client;
#[allow(dead_code, reason = "shared with the tests of durability")]
#[path = "../durability/random.rs"]
mod random;
#[path = "../linearizability/record.rs"]
mod record;
#[path = "../linearizability/round.rs"]
mod round;
#[allow(dead_code, unused_imports, reason = "shared with the other black-box tests")]
#[path = "../program/support/mod.rs"]
mod support;
#[path = "../durability/wire.rs"]
mod wire;

use client::Lie;
use mainstay_services::postgres::{self, Database};
use random::{Random, is_long};
use record::MODEL;
use round::{Nodes, Round, Tally, explained};
use std::sync::RwLock;
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::{Project, Server};

/// Rounds in a normal run and in a long one. In each one node is killed.
const ROUNDS: u64 = 12;
const ROUNDS_OF_LONG: u64 = 300;
/// How many times as many there may be.
const MOST: u64 = 8;

#[test]
fn records_are_linearizable_on_three_nodes_of_which_one_is_killed() {
    let tally = check(3, ROUNDS, "linearizability of nodes");
    assert!(tally.unanswered > 0, "no call was interrupted");
}

#[test]
fn records_are_linearizable_on_a_node_that_is_alone_and_killed() {
    let tally = check(1, ROUNDS, "linearizability of a node");
    assert!(tally.unanswered as u64 > ROUNDS / 2, "hardly a call was interrupted");
}

/// Runs rounds on so many nodes; all are checked.
fn check(nodes: u64, rounds: u64, name: &str) -> Tally {
    let mut random = Random::seeded(name);
    let rounds = if is_long() { ROUNDS_OF_LONG } else { rounds };
    let mut cluster = Cluster::of(nodes);
    let (started, mut sum) = (Instant::now(), Tally::default());
    let mut number = 0;
    // A busy machine gets few calls in before the kill: then there are more rounds, until enough calls have met.
    while number < rounds || (sum.refused as u64 <= rounds && number < MOST * rounds) {
        let round = Round::new(&cluster.addresses, Lie::None, &mut random);
        let (moment, victim) = (Duration::from_micros(random.below(60_000)), random.below(nodes) as usize);
        let (addresses, nodes) = (&cluster.addresses, &mut cluster.nodes);
        round.run(&mut random, || {
            sleep(moment);
            nodes[victim].restart(addresses);
        });
        let tally = round.check(&mut random);
        sum.add(tally.unwrap_or_else(|(refusal, history)| {
            panic!("round {number}: {}", explained(&refusal, &history));
        }));
        number += 1;
    }
    println!("{number} kills, {sum:?}, {:.1} s", started.elapsed().as_secs_f64());
    assert!(sum.refused as u64 > rounds, "hardly a condition failed, so that hardly any calls met");
    sum
}

/// Nodes on one database.
struct Cluster {
    // The first to go: what is connected to the database ends before it.
    nodes: Vec<Node>,
    addresses: Nodes,
    _database: Database,
}

/// A node, with a folder of its own.
struct Node {
    project: Project,
    server: Option<Server>,
}

impl Cluster {
    fn of(nodes: u64) -> Self {
        let database = postgres::Server::shared().database();
        let nodes: Vec<Node> = (0..nodes).map(|_| Node::new(&database.url())).collect();
        let addresses = nodes.iter().filter_map(|node| Some(node.server.as_ref()?.address)).collect();
        Cluster { nodes, addresses: RwLock::new(addresses), _database: database }
    }
}

impl Node {
    fn new(url: &str) -> Self {
        let project = Project::of(&[MODEL]);
        project.set(&format!("[data]\nengine = \"postgres\"\nurl = \"{url}\""));
        let server = Some(project.serve());
        Node { project, server }
    }

    fn restart(&mut self, addresses: &Nodes) {
        let address = self.server.as_ref().map(|server| server.address);
        addresses.write().unwrap().retain(|other| Some(*other) != address);
        // Its guard kills it.
        drop(self.server.take());
        let server = self.project.serve();
        addresses.write().unwrap().push(server.address);
        self.server = Some(server);
    }
}
