//! Nodes with their writers, from one disaster to the next.

use crate::crew::{self, Crew};
use crate::load::Writer;
use crate::look::look;
use crate::nodes::Cluster;
use crate::random::Random;
use mainstay_services::postgres::Setup;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const WRITERS: usize = 6;

pub(crate) struct Case {
    pub(crate) cluster: Cluster,
    pub(crate) crew: Crew,
}

impl Case {
    pub(crate) fn new(random: &mut Random, setup: &Setup) -> Self {
        let cluster = Cluster::on(setup);
        crew::make_counter(&cluster.client(0));
        Case { cluster, crew: Crew::of(WRITERS, random) }
    }

    /// Lets all writers write until `meanwhile` is done, each to one node until its connection breaks, and then to the next. Nodes that are started
    /// anew get another address, so they are asked for it each time.
    pub(crate) fn write_while(&mut self, meanwhile: impl FnOnce(&Mutex<&mut Cluster>)) {
        let cluster = Mutex::new(&mut self.cluster);
        let work = |first, writer: &mut Writer, stop: &AtomicBool| {
            for node in first.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                match address(&cluster, node) {
                    Some(address) => writer.write_until(address, stop),
                    None => thread::sleep(Duration::from_millis(5)),
                }
            }
        };
        self.crew.work_while(work, || meanwhile(&cluster));
    }

    /// Checks what is there when all nodes serve again and nothing is under way.
    pub(crate) fn verify(&mut self) {
        self.cluster.wait_until_ready();
        self.cluster.wait_until_quiet();
        self.crew.verify(|after| look(&self.cluster.database, after));
    }
}

/// Where a node listens, if it lives.
fn address(cluster: &Mutex<&mut Cluster>, node: usize) -> Option<SocketAddr> {
    let cluster = cluster.lock().unwrap();
    let server = cluster.nodes[node % cluster.nodes.len()].server.as_ref();
    server.map(|server| server.address)
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
