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
    project.run(&["api", "retire", "--number", "1", "--force"]).expect(0).says(&["removed", "v1.lock"]);
    project.run(&["check"]).expect(0);
    project.run(&["api", "freeze", "--number", "3"]).expect(1).complains(&["no_such_version"]);
}

#[test]
fn a_version_that_is_called_is_not_retired() {
    let project = Project::example("versions");
    project.run(&["api", "freeze"]).expect(0);
    let mut server = project.serve();
    let client = server.client();
    let (client, _) = client.registered("ann@example.com", "correct horse");
    let agent = "User-Agent: ShopApp/1.2 (phone)\r\n";
    client.ask("POST", "/v1/todos", agent, Some(r#"{"name": "Buy", "cents": 5}"#)).expect(201);
    client.ask("GET", "/v2/tasks?order=title", agent, None).expect(200);
    let app = "Client-Version: iOS/3.2.1; device=a\r\nUser-Agent: CFNetwork/1\r\n";
    client.ask("GET", "/v1/todos", app, None).expect(200);
    let metrics = String::from_utf8(client.send("GET", "/metrics", None).body).unwrap();
    let counted = r#"mainstay_api_uses_total{version="1",used="todo.cents",client="ShopApp"} 1"#;
    assert!(metrics.contains(counted), "{}", metrics);
    server.signal("TERM");
    server.wait();
    let usage = project.run(&["api", "usage"]).expect(0).stdout;
    let lines: Vec<&str> = usage.lines().filter(|line| line.contains("ShopApp")).collect();
    let begins = |line: &str, begin: &str| assert!(line.starts_with(begin), "{usage}");
    assert_eq!(lines.len(), 5, "{usage}");
    begins(lines[0], "v1\ttodo.cents\tShopApp\t1\t2");
    begins(lines[1], "v1\ttodo.create\tShopApp\t1\t2");
    begins(lines[3], "v2\ttask.list\tShopApp\t1\t2");
    begins(lines[4], "v2\ttask.title\tShopApp\t1\t2");
    assert!(usage.contains("v1\ttodo.list\tios 3.2\t1\t2"), "{usage}");
    project.run(&["api", "retire", "--number", "1"]).expect(1).complains(&[
        "still called",
        "ShopApp",
        "ios 3.2",
    ]);
    project.run(&["api", "retire", "--number", "1", "--force"]).expect(0);
}

#[test]
fn without_data_nobody_knows_who_calls_a_version() {
    let project = Project::example("versions");
    project.run(&["api", "freeze"]).expect(0);
    project.run(&["api", "usage"]).expect(1).complains(&["error[no_data]"]);
    let elsewhere = ["api", "retire", "--number", "1", "--data", "elsewhere"];
    project.run(&elsewhere).expect(1).complains(&["error[no_data]", "--data DIR"]);
    project.run(&["api", "retire", "--number", "1"]).expect(1).complains(&["error[no_data]"]);
    assert!(project.path("api/v1.lock").exists());
    assert!(!project.path("elsewhere").exists() && !project.path("data/keys").exists());
    // Nobody looks.
    project.run(&["api", "retire", "--number", "1", "--force"]).expect(0).says(&["removed", "v1.lock"]);
}

#[test]
fn golden_traffic_tells_what_became_another() {
    let project = Project::example("versions");
    project.run(&["api", "replay"]).expect(0).says(&["20 exchanges in 2 files, 0 differences"]);
    let version = project.read("api/v2.toml");
    // The older clients would be shown ten times what a thing costs.
    project.write("api/v2.toml", &version.replace("int(price, 2)", "int(price, 3)"));
    project.run(&["api", "replay"]).expect(1).complains(&["v1/tasks.json: exchange", "body.cents"]);
    project.write("api/v2.toml", &version.replace("open = \"todo\", ", ""));
    project.run(&["api", "replay"]).expect(1).complains(&["body.state is \"open\", and was \"todo\""]);
}
