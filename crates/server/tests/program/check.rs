//! `mainstay check` and `mainstay schema`

use crate::support::Project;

#[test]
fn faults_are_shown_with_their_places() {
    let project = Project::example("chat");
    project.write("models/room.toml", "[fields]\nname = \"string\"\n\n[allow]\nread = \"nmae == 'a'\"\n");
    let checked = project.run(&["check"]).expect(1).says(&["models/room.toml:5:9", "nmae", "`name`"]);
    let closing = checked.stdout.lines().last().unwrap();
    assert!(closing.ends_with(" warnings") || closing.ends_with(" warning"), "{closing}");
    assert!(closing.contains(" error"), "{closing}");
}

#[test]
fn the_examples_have_no_faults() {
    for example in ["chat", "atlas", "versions"] {
        let checked = Project::example(example).run(&["check", "--deny-warnings"]);
        assert_eq!(checked.stdout, "0 errors, 0 warnings\n");
        assert_eq!(checked.code, Some(0));
    }
}

#[test]
fn warnings_fail_when_they_are_denied() {
    let project =
        Project::of(&[("models/note.toml", "[fields]\ntitle = \"string\"\n[allow]\ncreate = \"true\"\n")]);
    project.run(&["check"]).expect(0).says(&["rule_always_true", "0 errors, 1 warning\n"]);
    project.run(&["check", "--deny-warnings"]).expect(1);
}

#[test]
fn schemas_are_json() {
    let project = Project::empty();
    for file in ["config", "model", "version"] {
        let schema: serde_json::Value =
            serde_json::from_str(&project.run(&["schema", file]).expect(0).stdout).unwrap();
        assert!(schema["properties"].is_object(), "{schema}");
    }
}

/// A project with a model of these fields.
fn notes(fields: &str) -> Project {
    let note =
        format!("[fields]\n{fields}\n[allow]\nread = \"auth.id != null\"\ncreate = \"auth.id != null\"\n");
    Project::of(&[("models/note.toml", &note)])
}

#[test]
fn a_frozen_version_is_not_broken() {
    let project = notes("title = \"string\"");
    project.run(&["api", "versions"]).expect(0).says(&["v1  not frozen, the newest\n"]);
    project.run(&["api", "freeze"]).expect(0).says(&["v1.lock"]);
    project.run(&["check"]).expect(0);
    let note =
        "[fields]\nname = \"string\"\n[allow]\nread = \"auth.id != null\"\ncreate = \"auth.id != null\"\n";
    project.write("models/note.toml", note);
    project.run(&["check"]).expect(1).says(&[
        "version_broken",
        "`note.title` the field is gone",
        "`note.name` is new",
    ]);
    project.run(&["api", "freeze"]).expect(1);
    // A version that says how the older one comes about keeps the promise.
    project.write("api/v2.toml", "[models.note.fields.name]\nwas = \"title\"\n");
    project.run(&["check"]).expect(0);
    project.run(&["api", "freeze"]).expect(0).says(&["v1.lock", "v2.lock"]);
    project.run(&["api", "versions"]).expect(0).says(&["v1  frozen\n", "v2  frozen, the newest\n"]);
    // The first version cannot go without a word.
    project.write("api/v2.toml", "");
    project.run(&["check"]).expect(1).says(&["version_gone", "version 1"]);
    project.run(&["api", "freeze", "--number", "3"]).expect(1).complains(&["no_such_version"]);
}
