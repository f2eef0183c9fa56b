//! `mainstay init`

use crate::support::{Project, Server};
use serde_json::json;

#[test]
fn a_new_project_works() {
    let project = Project::empty();
    project.run(&["init", "notes", "--name", "Ann's \"Notes\"\n"]).expect(0).says(&["mainstay serve notes"]);
    project.run(&["check", "notes", "--deny-warnings"]).expect(0).says(&["0 errors, 0 warnings"]);
    for (file, schema) in [("mainstay.toml", "config"), ("models/note.toml", "model")] {
        let hint = project.read(&format!("notes/{file}")).lines().next().unwrap().to_owned();
        let path = hint.strip_prefix("#:schema ").unwrap();
        let folder = project.path("notes").join(file).parent().unwrap().to_owned();
        let text = std::fs::read_to_string(folder.join(path)).unwrap();
        assert_eq!(text, project.run(&["schema", schema]).stdout);
    }
    let server = Server::start(&project.path("notes"), &["serve"]);
    assert!(server.banner.contains("Ann's \"Notes\""), "{}", server.banner);
    let (ann, _) = server.client().registered("ann@example.org", "correct horse");
    ann.post("/v1/notes", &json!({"title": "Milk"})).expect(201);
    assert_eq!(ann.get("/v1/notes").expect(200)["items"][0]["title"], "Milk");
}

#[test]
fn the_next_commands_can_be_pasted() {
    let project = Project::empty();
    project.run(&["init", "we ird"]).expect(0).says(&["mainstay serve 'we ird' "]);
}

#[test]
fn nothing_is_overwritten() {
    let project = Project::empty();
    project.write("notes/models/note.toml", "mine");
    project.run(&["init", "notes"]).expect(1).complains(&["error[exists]", "models/note.toml"]);
    assert_eq!(project.read("notes/models/note.toml"), "mine");
    assert!(!project.path("notes/mainstay.toml").exists(), "half a project was left behind");
}
