//! Backups of either engine, restored into either.

use crate::crew;
use crate::house::House;
use crate::random::Random;
use crate::support::{Client, Finished, Project};
use serde_json::json;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

fn notes(client: &Client) -> Vec<String> {
    let page = client.get("/v1/notes?filter=owner%20%3D%3D%20'ann'&order=text").expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

/// Writes a note, and answers the position behind it.
fn note(client: &Client, text: &str) -> String {
    let made = client.post("/v1/notes", &json!({"owner": "ann", "text": text}));
    made.expect(201);
    made.header("mainstay-position").unwrap().to_owned()
}

/// An empty project with the models of a house, on PostgreSQL if a URL is given.
fn other(url: Option<&str>) -> Project {
    let project = crew::project();
    if let Some(url) = url {
        project.set(&format!("[data]\nengine = \"postgres\"\nurl = \"{url}\""));
    }
    project
}

fn run(project: &Project, command: &str, file: &Path, more: &[&str]) -> Finished {
    let arguments = [&[command, file.to_str().unwrap()], more].concat();
    project.run(&arguments)
}

#[test]
fn a_backup_from_postgresql_is_restored_into_both() {
    let mut house = House::new(&mut Random::seeded("backup"));
    drop(house.serve());
    house.r#move().expect(0);
    let server = house.serve_moved();
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    note(&ann, "first");
    let file = house.project.path("house.backup");
    // While it is written to.
    let project = &house.project;
    house.crew.write_while(server.address, || {
        sleep(Duration::from_millis(100));
        run(project, "backup", &file, &[]).expect(0).complains(&["backed up", "with keys"]);
    });
    let position = note(&ann, "second");
    run(&house.project, "restore", &file, &["--check"]).expect(0).complains(&["is whole"]);
    run(&house.project, "restore", &file, &[]).expect(1).complains(&["error[data_in_use]"]);

    let sqlite = other(None);
    run(&sqlite, "restore", &file, &[]).expect(0).complains(&["restored"]);
    let restored = sqlite.serve();
    let there = Client { address: restored.address, ..ann.clone() };
    assert_eq!(notes(&there), ["first"], "with the keys, the token of before is good");
    note(&there, "third");
    assert_eq!(notes(&there), ["first", "third"]);

    assert!(server.stop().success());
    run(&house.project, "restore", &file, &[]).expect(1).complains(&["error[has_data]", "--replace"]);
    let replaced = run(&house.project, "restore", &file, &["--replace"]).expect(0);
    replaced.complains(&["what was there before is in the schema before-restore-"]);
    let server = house.project.serve();
    let ann = Client { address: server.address, ..ann };
    assert_eq!(notes(&ann), ["first"]);
    note(&ann, "fourth");
    // What was written behind the backup is not there, so that a position of before is of another history.
    let read = ann.ask("GET", "/v1/notes", &format!("mainstay-position: {position}\r\n"), None);
    assert!((400..500).contains(&read.status), "{read:?}");
    let aside = house.target.sql(
        "SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'before-restore-%' AND tablename = 'note'",
    );
    assert_eq!(aside, "1");
}

#[test]
fn a_backup_from_sqlite_is_restored_into_postgresql() {
    let mut house = House::new(&mut Random::seeded("restore"));
    let server = house.serve();
    house.crew.write_while(server.address, || sleep(Duration::from_millis(300)));
    note(&server.client(), "first");
    let file = house.project.path("house.backup");
    run(&house.project, "backup", &file, &["--without-keys"]).expect(0).complains(&["without keys"]);
    let postgres = other(Some(&house.target.url()));
    run(&postgres, "restore", &file, &[]).expect(0).complains(&["restored"]);
    house.verify();
    let restored = postgres.serve();
    let there = restored.client();
    assert_eq!(notes(&there), ["first"]);
    note(&there, "second");
    assert_eq!(notes(&there), ["first", "second"]);
}
