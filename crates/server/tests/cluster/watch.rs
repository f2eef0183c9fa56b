//! One feed, seen from several nodes.

use crate::nodes::{Cluster, NODES};
use crate::support::{Client, Events};
use serde_json::{Value, json};
use std::thread::scope;

const NOTES: &str = "/v1/notes?snapshot=false";

fn say(client: &Client, text: &str) {
    client.post("/v1/notes", &json!({"owner": "w", "text": text})).expect(201);
}

#[test]
fn a_watcher_sees_what_other_nodes_write() {
    let cluster = Cluster::new();
    let mut events = Events::open(&cluster.client(0), NOTES);
    events.expect("ready", "");
    for node in [1, 2, 0] {
        let text = format!("by node {node}");
        say(&cluster.client(node), &text);
        events.expect("enter", &text);
    }
}

#[test]
fn a_watch_resumes_at_another_node() {
    let mut cluster = Cluster::new();
    let mut events = Events::open(&cluster.client(0), NOTES);
    events.expect("ready", "");
    say(&cluster.client(1), "one");
    let id = events.expect("enter", "one").id.unwrap();
    say(&cluster.client(0), "two");
    cluster.nodes[0].kill();
    say(&cluster.client(1), "three");
    for node in [1, 2] {
        let mut events = Events::resume(&cluster.client(node), NOTES, &id);
        events.expect("ready", "");
        events.expect("enter", "two");
        events.expect("enter", "three");
    }
}

/// All nodes tell the same changes in the same order, also of records that several nodes change at once.
#[test]
fn the_feeds_of_all_nodes_agree() {
    let cluster = Cluster::new();
    let shared = cluster.client(0).post("/v1/notes", &json!({"owner": "w", "text": "-"})).expect(201);
    let path = format!("/v1/notes/{}", shared["id"].as_str().unwrap());
    let mut watchers: Vec<Events> =
        (0..NODES).map(|node| Events::open(&cluster.client(node), NOTES)).collect();
    watchers.iter_mut().for_each(|events| drop(events.expect("ready", "")));
    scope(|scope| {
        for node in 0..NODES {
            let (client, path) = (cluster.client(node), &path);
            scope.spawn(move || {
                for number in 0..50 {
                    say(&client, &format!("{node} {number}"));
                    client.patch(path, &json!({"text": format!("{node} {number}")})).expect(200);
                }
            });
        }
    });
    say(&cluster.client(0), "the end");
    let told: Vec<Vec<Value>> = watchers.iter_mut().map(until_the_end).collect();
    assert_eq!(told[0].len(), NODES * 100 + 1);
    assert!(told.iter().all(|other| *other == told[0]), "nodes tell different histories: {told:#?}");
    let versions =
        told[0].iter().filter(|told| told[0] == shared["id"]).map(|told| told[1].as_i64().unwrap());
    assert!(versions.eq(2..=NODES as i64 * 50 + 1), "the versions of a record are not in order");
}

/// Id, version and text of each record that is told of.
fn until_the_end(events: &mut Events) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        let record = events.next().expect("the stream goes on").data["record"].clone();
        told.push(json!([record["id"], record["version"], record["text"]]));
        if record["text"] == "the end" {
            return told;
        }
    }
}
