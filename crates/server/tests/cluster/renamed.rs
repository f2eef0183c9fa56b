//! A newer version of the project renames what nodes of the older one use.

use crate::nodes::Cluster;
use serde_json::json;

#[test]
fn a_node_whose_tables_were_renamed_says_that_it_is_not_ready() {
    let mut cluster = Cluster::new();
    let (old, newer) = (cluster.client(0), &mut cluster.nodes[2]);
    old.post("/v1/notes", &json!({"owner": "w", "text": "a"})).expect(201);
    let model = newer.project.read("models/note.toml");
    let renamed = model.replace("text = \"text\"", "body = { type = \"text\", was = \"text\" }");
    assert_ne!(model, renamed);
    newer.project.write("models/note.toml", &renamed);
    newer.project.run(&["migrate", "apply"]).expect(0);
    newer.kill();
    newer.start();
    cluster.nodes[0].wait_until("it is not ready", || old.get("/readyz").status == 503);
    old.get("/readyz").expect_problem(503, "database_unreachable");
    let page = String::from_utf8(old.get("/metrics").body).unwrap();
    assert!(page.contains("\nmainstay_writable 0\n"), "{page}");
    let log = cluster.nodes[0].server.as_ref().unwrap().log();
    assert!(log.contains("note.text cannot be used any more"), "{log}");
    // What is not concerned is still answered, for those who ask.
    old.get("/v1/folders").expect(200);
    let new = cluster.client(2);
    assert_eq!(new.get("/readyz").status, 200);
    assert_eq!(new.get("/v1/notes").expect(200)["items"][0]["body"], "a");
    // As soon as the tables are what they were, so is the node.
    let old_project = &cluster.nodes[2].project;
    let back = renamed
        .replace("body = { type = \"text\", was = \"text\" }", "text = { type = \"text\", was = \"body\" }");
    old_project.write("models/note.toml", &back);
    old_project.run(&["migrate", "apply"]).expect(0);
    cluster.nodes[0].wait_until("it is ready", || old.get("/readyz").status == 200);
}
