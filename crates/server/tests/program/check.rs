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
    for example in ["chat", "atlas"] {
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
    for file in ["config", "model"] {
        let schema: serde_json::Value =
            serde_json::from_str(&project.run(&["schema", file]).expect(0).stdout).unwrap();
        assert!(schema["properties"].is_object(), "{schema}");
    }
}
