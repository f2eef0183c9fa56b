//! Nodes with their writers, from one disaster to the next.

use crate::ledger::Ledger;
use crate::load::{COUNTER, Writer};
use crate::look::look;
use crate::nodes::Cluster;
use crate::random::Random;
use crate::verify::{Replay, verify};
use mainstay_services::postgres::Setup;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const WRITERS: usize = 6;

pub(crate) struct Case {
    pub(crate) cluster: Cluster,
    writers: Vec<Writer>,
    replay: Replay,
    /// The version of the counter.
    counter: u64,
}

impl Case {
    pub(crate) fn new(random: &mut Random, setup: &Setup) -> Self {
        let cluster = Cluster::on(setup);
        let writers = (0..WRITERS).map(|number| Writer::new(&format!("w{number}"), random.fork())).collect();
        let counter = json!({"owner": "all", "text": "0"}).to_string();
        cluster.client(0).send("PUT", &format!("/v1/counters/{COUNTER}"), Some(&counter)).expect(201);
        Case { cluster, writers, replay: Replay::default(), counter: 1 }
    }

    /// Lets all writers write until `meanwhile` is done, each to one node until its connection breaks, and then to the next. Nodes that are started
    /// anew get another address, so they are asked for it each time.
    pub(crate) fn write_while(&mut self, meanwhile: impl FnOnce(&Mutex<&mut Cluster>)) {
        let stop = AtomicBool::new(false);
        let cluster = Mutex::new(&mut self.cluster);
        thread::scope(|scope| {
            for (first, writer) in self.writers.iter_mut().enumerate() {
                let (stop, cluster) = (&stop, &cluster);
                scope.spawn(move || {
                    for node in first.. {
                        if stop.load(Ordering::Relaxed) {
                            return;
                        }
                        match address(cluster, node) {
                            Some(address) => writer.write_until(address, stop),
                            None => thread::sleep(Duration::from_millis(5)),
                        }
                    }
                });
            }
            // Also when it panics: else the writers would go on for ever.
            let _stop = Stop(&stop);
            meanwhile(&cluster);
        });
    }

    /// Checks what is there when all nodes serve again and nothing is under way.
    pub(crate) fn verify(&mut self) {
        self.cluster.wait_until_ready();
        self.cluster.wait_until_quiet();
        let mut ledgers: Vec<&mut Ledger> =
            self.writers.iter_mut().map(|writer| &mut writer.ledger).collect();
        let seen = look(&self.cluster.database, self.replay.offset);
        verify(seen, &mut ledgers, &mut self.replay, &mut self.counter);
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.writers.iter().map(|writer| writer.ledger.acknowledged).sum()
    }

    /// The codes of the faults that writers were told.
    pub(crate) fn take_failures(&mut self) -> Vec<String> {
        self.writers.iter_mut().flat_map(|writer| std::mem::take(&mut writer.failures)).collect()
    }
}

/// Where a node listens, if it lives.
fn address(cluster: &Mutex<&mut Cluster>, node: usize) -> Option<SocketAddr> {
    let cluster = cluster.lock().unwrap();
    let server = cluster.nodes[node % cluster.nodes.len()].server.as_ref();
    server.map(|server| server.address)
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            for node in &mut self.cluster.nodes {
                println!("the log of a node is kept in {}", node.project.keep().display());
            }
        }
    }
}
