//! What may have been lost is sent again with its `Idempotency-Key`, to whichever node there is, and takes effect once.

use crate::nodes::{Cluster, NODES};
use crate::random::Random;
use crate::support::Client;
use crate::wire::Wire;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

const CLIENTS: usize = 4;

type Nodes = Mutex<Vec<Option<SocketAddr>>>;

#[test]
fn what_is_repeated_at_other_nodes_takes_effect_once() {
    let mut random = Random::seeded("requests are repeated");
    let mut cluster = Cluster::new();
    let (account, _) = cluster.client(0).registered("ann@example.org", "correct horse");
    let nodes: Nodes = Mutex::new(cluster.nodes.iter().map(|node| Some(node.client().address)).collect());
    let stop = AtomicBool::new(false);
    let made: Vec<u64> = scope(|scope| {
        let make = |number| {
            let (account, nodes, stop) = (&account, &nodes, &stop);
            scope.spawn(move || make(account, number, nodes, stop))
        };
        let clients: Vec<_> = (0..CLIENTS).map(make).collect();
        for _ in 0..4 {
            sleep(Duration::from_micros(random.below(300_000)));
            let victim = random.below(NODES as u64) as usize;
            nodes.lock().unwrap()[victim] = None;
            cluster.nodes[victim].kill();
            sleep(Duration::from_micros(random.below(300_000)));
            cluster.nodes[victim].start();
            nodes.lock().unwrap()[victim] = Some(cluster.client(victim).address);
        }
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let counted = cluster.database.sql(r#"SELECT "text", count(*) FROM "note" GROUP BY "text""#);
    let counted: BTreeMap<&str, &str> = counted.lines().map(|line| line.split_once('|').unwrap()).collect();
    assert!(counted.values().all(|count| *count == "1"), "something happened twice: {counted:#?}");
    assert_eq!(counted.len() as u64, made.iter().sum::<u64>(), "something was acknowledged and is not there");
    println!("{} notes", counted.len());
}

/// Makes one note after the other, each as often as it takes to be told that it is there. Answers how many.
fn make(account: &Client, client: usize, nodes: &Nodes, stop: &AtomicBool) -> u64 {
    let mut node = client;
    let mut wire = None;
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_made(account, &format!("{client}-{number}"), &mut wire) {
            assert!(Instant::now() < deadline, "note {client}-{number} is never made");
            node += 1;
            wire = nodes.lock().unwrap()[node % NODES].and_then(|address| Wire::open(address).ok());
        }
    }
    number
}

/// Whether it was told that the note is there. A status that no fault explains is one.
fn is_made(account: &Client, name: &str, wire: &mut Option<Wire>) -> bool {
    let token = account.token.as_deref().unwrap();
    let headers = format!("idempotency-key: {name}\r\nauthorization: Bearer {token}\r\n");
    let body = json!({"owner": "w", "text": name});
    let Some(wire) = wire else { return false };
    match wire.ask("POST", "/v1/notes", &headers, Some(&body)) {
        Ok((201, _)) => true,
        Ok((status, problem)) => {
            assert!(matches!(status, 409 | 500 | 503), "{status}: {problem}");
            false
        }
        Err(_) => false,
    }
}
