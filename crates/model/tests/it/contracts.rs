//! Which changes break the clients of a version.

use crate::support::load;
use mainstay_model::{Application, Contract};

const NOTE: &str = r#"
[fields]
title = "string"
state = { type = "enum", values = ["open", "done"], default = "open" }
stars = { type = "int", min = 0, max = 5, optional = true }

[allow]
read = "auth.id != null"
create = "auth.id != null"
delete = "auth.id != null"
"#;

fn contract(note: &str) -> Contract {
    let application: Application = load(&[("models/note.toml", note)]);
    Contract::of(&application, application.versions.newest())
}

/// With `from` replaced by `to` this breaks, as `what: how`.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(NOTE.contains(from), "{from}");
    let breaks = contract(NOTE).breaks(&contract(&NOTE.replace(from, to)));
    let breaks: Vec<String> =
        breaks.into_iter().map(|found| format!("{}: {}", found.of, found.message)).collect();
    assert_eq!(breaks, expected, "{from} → {to}");
}

#[test]
fn what_only_adds_breaks_nothing() {
    check("title = \"string\"", "title = \"text\"", &[]);
    check("[allow]", "more = { type = \"int\", default = 1 }\n[allow]", &[]);
    check("[allow]", "more = { type = \"int\", optional = true }\n[allow]", &[]);
    check("[allow]", "[allow]\nupdate = \"auth.id != null\"", &[]);
    check("min = 0, max = 5, ", "max = 6, ", &[]);
    check("read = \"auth.id", "read = \"true || auth.id", &[]);
}

#[test]
fn what_answers_lack_or_requests_cannot_say_any_more_breaks() {
    check(
        "title = \"string\"",
        "name = \"string\"",
        &["note.title: the field is gone", "note.name: is new, and a create has to give it"],
    );
    check("title = \"string\"", "title = \"bytes\"", &["note.title: was text and is bytes"]);
    check(
        "title = \"string\"",
        "title = { type = \"string\", optional = true }",
        &["note.title: may be null now, which answers never were"],
    );
    check(
        "title = \"string\"",
        "title = { type = \"string\", pattern = \"a+\" }",
        &["note.title: has another pattern"],
    );
    check(
        "title = \"string\"",
        "title = { type = \"string\", max_length = 20 }",
        &["note.title: has to be shorter"],
    );
    check(
        "title = \"string\"",
        "title = { type = \"string\", min_length = 2 }",
        &["note.title: has to be longer"],
    );
    check(
        "title = \"string\"",
        "title = { type = \"string\", immutable = true }",
        &["note.title: cannot be changed any more"],
    );
    check(
        ", default = \"open\"",
        "",
        &["note.state: has no default any more, so that a create has to give it"],
    );
    check(
        "\"open\", \"done\"",
        "\"open\", \"shut\"",
        &[
            "note.state: has no value `done` any more",
            "note.state: can be `shut` now, which clients do not know",
        ],
    );
    check(
        "min = 0, max = 5",
        "min = 1, max = 4",
        &["note.stars: has a greater minimum", "note.stars: has a smaller maximum"],
    );
    check("max = 5, optional = true", "max = 5, default = 1", &["note.stars: must not be null any more"]);
    check("create = \"auth.id != null\"\n", "", &["note.create: nobody may do this any more"]);
    check("[fields]", "plural = \"papers\"\n[fields]", &["note: its collection was `notes` and is `papers`"]);
    check(
        "delete =",
        "update =",
        &["note.delete: nobody may do this any more", "note.restore: nobody may do this any more"],
    );
}

#[test]
fn a_contract_survives_its_file() {
    let contract = contract(NOTE);
    let text = serde_json::to_string_pretty(&contract).unwrap();
    assert_eq!(serde_json::from_str::<Contract>(&text).unwrap(), contract);
}
