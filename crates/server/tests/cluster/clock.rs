//! Nodes whose clocks are wrong.

use crate::case::Case;
use crate::random::Random;
use mainstay_services::postgres::Setup;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::Duration;

/// When a node wrote its last line, by its own clock, as RFC 3339.
fn last_logged(case: &Case, node: usize) -> String {
    let server = case.cluster.nodes[node].server.as_ref().unwrap();
    let log = server.logged("\"route\"");
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    last["timestamp"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_acknowledged_is_there_although_clocks_are_wrong() {
    let mut random = Random::seeded("clocks are wrong");
    let mut case = Case::new(&mut random, &Setup::quick());
    for (node, time) in [(0, "+1h"), (1, "-1h")] {
        case.cluster.nodes[node].kill();
        case.cluster.nodes[node].start_at(time);
    }
    case.write_while(|_| sleep(Duration::from_secs(2)));
    case.verify();
    // The clocks of these processes are wrong indeed.
    let [ahead, behind, right] = [0, 1, 2].map(|node| last_logged(&case, node));
    assert!(behind < right && right < ahead, "{behind} {right} {ahead}");
    // But records go by the one clock that all share.
    let note = json!({"owner": "clock", "text": "a"});
    for node in [0, 1, 2] {
        case.cluster.client(node).post("/v1/notes", &note).expect(201);
    }
    let apart = r#"SELECT max("created_at") - min("created_at") FROM "note" WHERE "owner" = 'clock'"#;
    let apart_micros: i64 = case.cluster.database.sql(apart).parse().unwrap();
    assert!(apart_micros < 60_000_000, "{apart_micros} µs");
    println!("{} acknowledged writes", case.crew.acknowledged());
}
