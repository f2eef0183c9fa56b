//! `mainstay migrate`

use crate::support::{Engine, Project, is_left_out};
use serde_json::json;

const RULES: &str = "[allow]\nread = \"title != ''\"\ncreate = \"title != ''\"\n";

fn note(fields: &str) -> String {
    format!("[fields]\ntitle = {{ type = \"string\", index = true }}\n{fields}\n{RULES}")
}

/// A project whose database has a note, with `fields` beside its title.
fn project_with_note(fields: &str, record: &serde_json::Value) -> Project {
    let project = Project::of(&[("models/note.toml", &note(fields))]);
    let server = project.serve();
    server.client().post("/v1/notes", record).expect(201);
    assert!(server.stop().success());
    project
}

#[test]
fn nothing_to_do() {
    let project = project_with_note("", &json!({"title": "a"}));
    project.run(&["migrate", "plan"]).expect(0).says(&["-- 0 steps"]);
    project.run(&["migrate", "apply"]).expect(0).says(&["0 steps applied"]);
}

#[test]
fn no_database_yet() {
    let project = Project::of(&[("models/note.toml", &note(""))]);
    project.run(&["migrate", "plan"]).expect(0).says(&["is not there yet"]);
    assert!(!project.path("data").exists(), "a plan made the data folder");
}

#[test]
fn a_change_that_loses_nothing() {
    let project = project_with_note("", &json!({"title": "a"}));
    project.write("models/note.toml", &note("mark = { type = \"int\", default = 7 }"));
    project
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .expect(1)
        .complains(&["error[schema_differs]", "mainstay migrate apply"]);
    project.run(&["migrate", "plan"]).expect(0).says(&["note", "mark", ";\n"]);
    project.run(&["migrate", "apply"]).expect(0).says(&["done: ", " applied"]);
    let server = project.serve();
    let note = &server.client().get("/v1/notes").expect(200)["items"][0];
    assert_eq!((&note["title"], &note["mark"]), (&json!("a"), &json!(7)));
}

#[test]
fn a_rename_keeps_the_data() {
    let project = project_with_note("mark = \"int\"", &json!({"title": "a", "mark": 3}));
    project.write("models/note.toml", &note("stars = { type = \"int\", was = \"mark\" }"));
    project.run(&["migrate", "apply"]).expect(0);
    assert_eq!(project.serve().client().get("/v1/notes").expect(200)["items"][0]["stars"], 3);
}

#[test]
fn a_change_that_loses_data_has_to_be_allowed() {
    let project = project_with_note("mark = \"int\"", &json!({"title": "a", "mark": 3}));
    project.write("models/note.toml", &note(""));
    project.run(&["migrate", "plan"]).expect(0).says(&["LOSES DATA", "mark"]);
    project.run(&["migrate", "apply"]).expect(1).complains(&[
        "error[migration_loses_data]",
        "mark",
        "--allow-data-loss",
    ]);
    project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1).complains(&["LOSES DATA"]);
    project.run(&["migrate", "apply", "--allow-data-loss"]).expect(0);
    let note = project.serve().client().get("/v1/notes").expect(200)["items"][0].clone();
    assert_eq!((&note["title"], note.get("mark")), (&json!("a"), None));
}

#[test]
fn a_change_that_is_impossible() {
    let project = project_with_note("", &json!({"title": "a"}));
    project.write("models/note.toml", &note("mark = \"int\""));
    project.run(&["migrate", "plan"]).expect(0).says(&["IMPOSSIBLE"]);
    project.run(&["migrate", "apply"]).expect(1).complains(&["error[migration_impossible]", "mark"]);
}

#[test]
fn a_database_in_use_is_not_migrated() {
    if is_left_out(Engine::Sqlite, "the nodes of PostgreSQL go on while it is migrated") {
        return;
    }
    let project = Project::of(&[("models/note.toml", &note(""))]);
    let _server = project.serve();
    project.write("models/note.toml", &note("mark = { type = \"int\", default = 7 }"));
    project.run(&["migrate", "plan"]).expect(0).says(&["mark"]);
    project.run(&["migrate", "apply"]).expect(1).complains(&["error[data_in_use]"]);
}

#[test]
fn a_secret_is_not_made_readable_unasked() {
    let project = project_with_note("mark = \"secret\"", &json!({"title": "a", "mark": "hidden"}));
    project.write("models/note.toml", &note("mark = \"string\""));
    project
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .expect(1)
        .complains(&["EXPOSES A SECRET: note.mark was secret"]);
    project.run(&["migrate", "plan"]).expect(0).says(&["-- EXPOSES A SECRET: note.mark was secret"]);
    project.run(&["migrate", "apply"]).expect(1).complains(&["note.mark was secret", "--allow-data-loss"]);
    project.run(&["migrate", "apply", "--allow-data-loss"]).expect(0);
    assert_eq!(project.serve().client().get("/v1/notes").expect(200)["items"][0]["mark"], "hidden");
}
