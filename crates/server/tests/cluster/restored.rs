//! A backup is restored while nodes cannot reach the database, and they go on with it.

use crate::nodes::{Cluster, Node};
use crate::support::{Client, Events, Finished};
use mainstay_services::Link;
use serde_json::json;

/// Runs a command on the database itself, and not by the way of a node.
fn run(cluster: &Cluster, arguments: &[&str]) -> Finished {
    let mut command = cluster.nodes[0].project.command(arguments);
    Finished::of(command.env("MAINSTAY_DATA_URL", cluster.database.url()).output().unwrap())
}

fn say(client: &Client, text: &str) -> String {
    let said = client.post("/v1/notes", &json!({"owner": "w", "text": text}));
    said.expect(201);
    said.header("mainstay-position").unwrap().to_owned()
}

fn texts(node: &Node) -> Vec<String> {
    let page = node.client().get("/v1/notes").expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn nodes_take_up_the_history_of_a_backup_that_was_restored_under_them() {
    let cluster = Cluster::new();
    let mut events = Events::open(&cluster.client(1), "/v1/notes");
    events.expect("ready", "");
    say(&cluster.client(0), "kept");
    events.expect("enter", "kept");
    run(&cluster, &["backup", "b"]).expect(0);
    let lost = say(&cluster.client(0), "lost");
    events.expect("enter", "lost");
    cluster.nodes.iter().for_each(|node| node.link(Link::Cut));
    run(&cluster, &["restore", "b", "--replace"]).expect(0);
    cluster.nodes.iter().for_each(|node| node.link(Link::Open));
    cluster.wait_until_ready();
    for node in &cluster.nodes {
        let position = format!("mainstay-position: {lost}\r\n");
        let read = || node.client().ask("GET", "/v1/notes", &position, None);
        node.wait_until("it refuses positions of before", || read().status == 412);
        read().expect_problem(412, "history_gone");
        assert_eq!(texts(node), ["kept"]);
    }
    events.expect_end("reset", "history_gone");
    let mut events = Events::open(&cluster.client(1), "/v1/notes?snapshot=false");
    events.expect("ready", "");
    let position = say(&cluster.client(2), "new");
    events.expect("enter", "new");
    let position = format!("mainstay-position: {position}\r\n");
    cluster.client(0).ask("GET", "/v1/notes", &position, None).expect(200);
}
