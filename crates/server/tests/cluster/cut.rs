//! A node is cut off from the database, and comes back by itself.

use crate::case::Case;
use crate::nodes::Cluster;
use crate::random::{Random, is_long};
use mainstay_services::Link;
use mainstay_services::postgres::Setup;
use serde_json::json;
use std::thread::sleep;
use std::time::Duration;

const ROUNDS: u64 = 1;
const ROUNDS_OF_LONG: u64 = 30;

#[test]
fn a_node_without_its_database_says_so_and_comes_back() {
    let cluster = Cluster::new();
    let note = json!({"owner": "w", "text": "a"});
    let (cut, other) = (&cluster.nodes[0], cluster.client(1));
    let client = cut.client();
    let id = client.post("/v1/notes", &note).expect(201)["id"].as_str().unwrap().to_owned();
    cut.link(Link::Cut);
    cut.wait_until("it is not ready", || client.get("/readyz").status == 503);
    let refused = client.post("/v1/notes", &note);
    refused.expect_problem(503, "database_unreachable");
    assert!(refused.head.to_ascii_lowercase().contains("retry-after: "), "{}", refused.head);
    client.get(&format!("/v1/notes/{id}")).expect_problem(503, "database_unreachable");
    // What needs no database is served, and the others do not notice.
    assert_eq!(client.get("/healthz").status, 200);
    assert_eq!(other.get("/readyz").status, 200);
    other.post("/v1/notes", &note).expect(201);
    cut.link(Link::Open);
    cut.wait_until("it is ready", || client.get("/readyz").status == 200);
    assert_eq!(client.get("/v1/notes").expect(200)["items"].as_array().unwrap().len(), 2);
    client.post("/v1/notes", &note).expect(201);
}

#[test]
fn what_was_acknowledged_survives_networks_that_break_and_hang() {
    let mut random = Random::seeded("networks break");
    let mut case = Case::new(&mut random, &Setup::quick());
    for _ in 0..if is_long() { ROUNDS_OF_LONG } else { ROUNDS } {
        for link in [Link::Cut, Link::Frozen, Link::AnswersFrozen] {
            let victim = random.below(case.cluster.nodes.len() as u64) as usize;
            let before = case.crew.acknowledged();
            case.write_while(|cluster| {
                sleep(Duration::from_micros(random.below(200_000)));
                cluster.lock().unwrap().nodes[victim].link(link);
                sleep(Duration::from_millis(500) + Duration::from_micros(random.below(1_000_000)));
                // What hangs is dropped in the end, or passed on in the end.
                if random.percent(50) {
                    cluster.lock().unwrap().nodes[victim].link(Link::Cut);
                }
                cluster.lock().unwrap().nodes[victim].link(Link::Open);
                sleep(Duration::from_millis(300));
            });
            case.verify();
            assert!(case.crew.acknowledged() > before, "nothing was written");
        }
    }
    println!("{} acknowledged writes", case.crew.acknowledged());
}
