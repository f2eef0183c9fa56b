//! What can be wrong at start and with the disk.

use crate::support::{Engine, Project, Server, is_left_out, under};
use serde_json::json;
use std::net::TcpListener;

/// Why a test is SQLite's alone.
const A_FILE: &str = "the file and its disk are the server's where there is one";

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let project = Project::example("chat");
    let failed = project.run(&["serve", "--listen", &address]).expect(1);
    failed.complains(&["error[port_taken]", &address, "--listen ADDR"]);
    assert!(!project.path("data").exists(), "the data were touched");
}

#[test]
fn an_address_that_is_none() {
    let failed = Project::example("chat").run(&["serve", "--listen", ":8080"]).expect(2);
    failed.complains(&["':8080'", "127.0.0.1:8080"]);
}

#[test]
fn a_broken_project() {
    let project = Project::example("chat");
    project.write("models/room.toml", "[fields]\nname = { type = \"strin\" }\n");
    let failed = project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(2);
    failed.complains(&["models/room.toml:2", "strin", "error[project_broken]"]);
}

#[test]
fn no_project_at_all() {
    Project::empty()
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .expect(2)
        .complains(&["mainstay.toml", "error[project_broken]"]);
}

#[test]
fn a_database_from_a_newer_version() {
    let project = Project::example("chat");
    assert!(project.serve().stop().success());
    project.data().sql(r#"UPDATE "_mainstay_meta" SET "value" = '999' WHERE "key" = 'format'"#);
    let before = project.data().stored();
    project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1).complains(&["error[database_newer]", "999"]);
    assert_eq!(project.data().stored(), before, "the database was changed");
}

#[test]
fn a_file_that_is_no_database() {
    if is_left_out(Engine::Sqlite, A_FILE) {
        return;
    }
    let project = Project::example("chat");
    project.write("data/mainstay.db", &"this is not a database ".repeat(100));
    project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1).complains(&["error[not_a_database]"]);
    assert!(project.read("data/mainstay.db").starts_with("this is not"), "somebody else's file was changed");
}

#[test]
fn data_that_another_process_has_open() {
    if is_left_out(Engine::Sqlite, "several processes may serve a database of PostgreSQL") {
        return;
    }
    let project = Project::example("chat");
    let _server = project.serve();
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    project.run(&listen).expect(1).complains(&["error[data_in_use]", "mainstay serve"]);
    let create = ["user", "create", "--email", "a@example.org"];
    project
        .run_with_input(&create, "correct horse\n")
        .expect(1)
        .complains(&["error[data_in_use]", "stop it first"]);
}

/// A limit on the size of files stands for a full disk here: SQLite's writes fail in the same way, and no disk has to be filled.
#[test]
fn a_disk_that_is_full_at_the_first_start() {
    if is_left_out(Engine::Sqlite, A_FILE) {
        return;
    }
    let project = Project::example("chat");
    let output = under("-f 1").arg("serve").current_dir(project.path("")).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("error[disk_full]") && errors.contains("make room"), "{errors}");
    assert!(!project.path("data/mainstay.db").exists(), "half a database was left behind");
    assert!(project.serve().stop().success());
}

#[test]
fn a_disk_that_is_full_while_serving() {
    if is_left_out(Engine::Sqlite, A_FILE) {
        return;
    }
    let project = Project::example("chat");
    let server = Server::start_under("-f 2000", &project.path(""));
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    let room = ann.post("/v1/rooms", &json!({"name": "Kitchen"})).expect(201)["id"].clone();
    let message = json!({"room": room, "text": "x".repeat(3_000)});
    let refused = (0..1_000).map(|_| ann.post("/v1/messages", &message)).find(|answer| answer.status != 201);
    refused.expect("the limit is reached").expect_problem(507, "disk_full");
    assert_eq!(ann.get("/v1/rooms").expect(200)["items"].as_array().unwrap().len(), 1);
    assert!(server.stop().success());
}

#[test]
fn a_key_that_is_none() {
    if is_left_out(Engine::Sqlite, "keys are in the database where there is one") {
        return;
    }
    let project = Project::example("chat");
    project.write("data/keys/access-token", "half");
    project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1).complains(&[
        "error[bad_key]",
        "keys/access-token: the key has 4 bytes instead of 32",
        "backup",
    ]);
}

#[test]
fn a_data_folder_that_cannot_be_made() {
    if is_left_out(Engine::Sqlite, "a database on a server needs no data folder") {
        return;
    }
    let project = Project::example("chat");
    project.write("data", "a file");
    project
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .expect(1)
        .complains(&["error[data_folder]", "--data DIR"]);
}

#[test]
fn a_log_level_that_is_none() {
    let project = Project::example("chat");
    project.write("mainstay.toml", "[log]\nlevel = \"a=b=c\"\n");
    project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(2).complains(&["error[invalid_log_level]"]);
}
