//! `mainstay user`, `mainstay tune` and `mainstay version`

use crate::support::Project;

const CREATE: [&str; 6] = ["user", "create", "--email", "Root@Example.org", "--role", "admin"];

#[test]
fn an_account_with_a_role_may_what_its_role_may() {
    let project = Project::example("chat");
    project.set("[accounts]\nregister = false");
    let made = project.run_with_input(
        &[&CREATE[..], &["--set", "name=Root", "--password-stdin"]].concat(),
        "correct horse\n",
    );
    let made = made.expect(0).says(&["Root@Example.org"]);
    assert!(!made.stdout.contains("correct horse"));
    let server = project.serve();
    let root = server.client().logged_in("root@example.org", "correct horse");
    let me = root.get("/v1/auth/me").expect(200);
    assert_eq!((me["name"].as_str(), &me["roles"]), (Some("Root"), &serde_json::json!(["admin"])));
    assert_eq!(root.get("/v1/users").expect(200)["items"].as_array().unwrap().len(), 1);
    let account = serde_json::json!({"email": "ann@example.org", "password": "battery staple"});
    server.client().post("/v1/auth/register", &account).expect_problem(403, "registration_closed");
}

#[test]
fn what_is_wrong_with_an_account_is_said() {
    let project = Project::example("chat");
    let create = |arguments: &[&str], password: &str| {
        project.run_with_input(&[&["user", "create", "--email"], arguments].concat(), password).expect(1)
    };
    create(&["a@example.org"], "short\n").complains(&["error[validation_failed]", "password: "]);
    create(&["no address"], "correct horse\n").complains(&["error[validation_failed]", "email: "]);
    create(&["a@example.org", "--set", "age=7"], "correct horse\n")
        .complains(&["error[validation_failed]", "age: "]);
    project
        .run(&["user", "create", "--email", "a@example.org", "--role", ""])
        .expect(2)
        .complains(&["--role"]);
    project.run_with_input(&CREATE, "correct horse\n").expect(0);
    create(&["root@example.org"], "correct horse\n").complains(&["error[unique_conflict]"]);
}

#[test]
fn tune_suggests_settings_that_a_project_can_have() {
    let project = Project::empty();
    let tuned = project.run(&["tune", "--target-ms", "1"]).expect(0);
    project.write("mainstay.toml", &tuned.stdout);
    project.run(&["check"]).expect(0);
    project.run(&["tune", "--memory-mib", "0"]).expect(2).complains(&["--memory-mib", "19"]);
}

#[test]
fn the_version_is_the_packages() {
    let expected = format!("mainstay {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(Project::empty().run(&["version"]).stdout, expected);
    assert_eq!(Project::empty().run(&["--version"]).stdout, expected);
}
