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
    check("stars = { type = \"int\"", "stars = { type = \"int\", index = true", &[]);
    check("[allow]", "[[checks]]\nrule = \"title != ''\"\nmessage = \"a title\"\n[allow]", &[]);
    check(
        "stars = { type = \"int\", min = 0, max = 5,",
        "stars = { type = \"int\", min = 0, max = 5, default = 3,",
        &[],
    );
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
    check("default = \"open\" }", "default = \"done\" }", &["note.state: has another default, or none"]);
    check(
        "default = \"open\" }",
        "optional = true }",
        &[
            "note.state: may be null now, which answers never were",
            "note.state: has another default, or none",
        ],
    );
    check(
        "title = \"string\"",
        "title = { type = \"string\", unique = true }",
        &["note.title: has to be unique now"],
    );
    check(
        "[allow]",
        "[[indexes]]\nfields = [\"title\", \"state\"]\nunique = true\n[allow]",
        &["note.title+state: has to be unique now"],
    );
    check(
        "delete =",
        "update =",
        &["note.delete: nobody may do this any more", "note.restore: nobody may do this any more"],
    );
}

#[test]
fn a_rule_that_holds_for_nobody_closes_what_it_is_about() {
    for (rule, message) in [("write", "written"), ("read", "read")] {
        let closed = |condition: &str| format!("title = {{ type = \"string\", {rule} = \"{condition}\" }}");
        let expected = format!("note.title: cannot be {message} any more");
        check("title = \"string\"", &closed("false"), &[&expected]);
        check("title = \"string\"", &closed("1 == 2 && auth.id != null"), &[&expected]);
        check("title = \"string\"", &closed("auth.id != null"), &[]);
    }
    check(
        "create = \"auth.id != null\"",
        "create = \"false\"",
        &["note.create: nobody may do this any more"],
    );
    check_all(
        "publish = \"true\"",
        "publish = \"false\"",
        &["room/{id} publish: nobody may do this any more"],
    );
}

#[test]
fn older_fields_are_closed_with_those_that_they_become() {
    let tag = |rules: &str| TAG.replace("default = 0", &format!("default = 0{rules}"));
    let version = "[models.tag.fields.price]\nwas = \"cents\"\nbefore = { type = \"int\", default = 0 }\n\
                   up = \"decimal(cents, 2)\"\ndown = \"int(price, 2)\"";
    let contract = |rules: &str| {
        let tag = tag(rules);
        let files = [("models/note.toml", NOTE), ("models/tag.toml", tag.as_str()), ("api/v2.toml", version)];
        let application = load(&files);
        Contract::of(&application, application.versions.get(1).unwrap())
    };
    for (rules, message) in [
        (", write = \"false\"", "cannot be written any more"),
        (", read = \"false\"", "cannot be read any more"),
    ] {
        let breaks = contract("").breaks(&contract(rules));
        let breaks: Vec<_> = breaks.iter().map(|found| (found.of.as_str(), found.message.as_str())).collect();
        assert_eq!(breaks, [("tag.cents", message)]);
    }
}

#[test]
fn a_contract_survives_its_file() {
    let contract = contract(NOTE);
    let text = serde_json::to_string_pretty(&contract).unwrap();
    assert_eq!(serde_json::from_str::<Contract>(&text).unwrap(), contract);
}

const TAG: &str = r#"
[fields]
kinds = { type = "list", of = "enum", values = ["a", "b"] }
note = { type = "ref", model = "note", on_delete = "restrict" }
price = { type = "decimal", scale = 2, default = 0 }

[allow]
read = "true"
create = "true"
update = "true"
"#;

const ROOM: &str = r#"
pattern = "room/{id}"
max_bytes = 100
[variables]
id = "uuid"
[allow]
subscribe = "true"
publish = "true"
"#;

/// With `from` replaced by `to` in one of the files this breaks.
#[track_caller]
fn check_all(from: &str, to: &str, expected: &[&str]) {
    let files = [("models/note.toml", NOTE), ("models/tag.toml", TAG), ("channels/room.toml", ROOM)];
    assert!(files.iter().any(|(_, text)| text.contains(from)), "{from}");
    let contract = |files: &[(&str, &str)]| {
        let application = load(files);
        Contract::of(&application, application.versions.newest())
    };
    let changed = files.map(|(path, text)| (path, text.replace(from, to)));
    let changed: Vec<(&str, &str)> = changed.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let breaks = contract(&files).breaks(&contract(&changed));
    let breaks: Vec<String> =
        breaks.into_iter().map(|found| format!("{}: {}", found.of, found.message)).collect();
    assert_eq!(breaks, expected, "{from} → {to}");
}

#[test]
fn what_stands_between_models_is_promised_too() {
    check_all("\"restrict\" }", "\"restrict\", inverse = \"tags\" }", &[]);
    check_all("\"restrict\" }", "\"cascade\" }", &[]);
    check_all(
        "\"restrict\" }",
        "\"restrict\", inverse = \"labels\" }",
        &["note.tags: the collection is gone, or has another name"],
    );
    check_all(
        "model = \"note\"",
        "model = \"user\"",
        &[
            "note.tags: the collection is gone, or has another name",
            "tag.note: was ref to note and is ref to user",
        ],
    );
    check_all("scale = 2", "scale = 3", &["tag.price: was decimal of scale 2 and is decimal of scale 3"]);
    check_all("[\"a\", \"b\"]", "[\"a\"]", &["tag.kinds: has no value `b` any more"]);
    check_all("max_bytes = 100", "max_bytes = 200", &[]);
    check_all("max_bytes = 100", "max_bytes = 50", &["room/{id}: takes only smaller messages now"]);
    check_all("publish = \"true\"\n", "", &["room/{id} publish: nobody may do this any more"]);
    check_all("room/{id}", "halls/{id}", &["room/{id}: there are no channels with such names any more"]);
    check_all(
        "room/{id}",
        "room/{id}/{more}",
        &["room/{id}: there are no channels with such names any more"],
    );
    check_all("id = \"uuid\"", "id = \"int\"", &["room/{id}: has int in its names where it had uuid"]);
    check_all("id = \"uuid\"", "id = \"string\"", &[]);
    check_all("id = \"uuid\"", "id = \"note\"", &[]);
    let renamed = "room/{key}\"\nmax_bytes = 100\n[variables]\nkey = ";
    check_all("room/{id}\"\nmax_bytes = 100\n[variables]\nid = ", renamed, &[]);
}

#[test]
fn operations_that_a_version_leaves_out_are_missed_where_they_were_there() {
    let versions = |without: &str| {
        let second = format!("without = {without}\n");
        load(&[("models/note.toml", NOTE), ("models/tag.toml", TAG), ("api/v2.toml", &second)])
    };
    let newest = |application: &Application| Contract::of(application, application.versions.newest());
    let breaks = |without: &str| -> Vec<String> {
        let breaks = newest(&versions("[\"tag.put\"]")).breaks(&newest(&versions(without)));
        breaks.into_iter().map(|found| found.of).collect()
    };
    assert_eq!(breaks("[]"), [""; 0]);
    assert_eq!(breaks("[\"tag.put\"]"), [""; 0]);
    // Nobody was ever allowed to update a note.
    assert_eq!(breaks("[\"note.update_many\"]"), [""; 0]);
    let missed = ["note.list", "note.delete_many", "tag.update_many", "batch", "auth.register"];
    let without = format!("{missed:?}");
    assert_eq!(breaks(&without), missed);
    // Those who rely on the first version have all.
    let (before, after) = (versions("[\"tag.put\"]"), versions(&without));
    let first = |application: &Application| Contract::of(application, application.versions.get(1).unwrap());
    assert_eq!(first(&before).breaks(&first(&after)), []);
}

#[test]
fn an_older_version_promises_what_its_clients_see() {
    let renamed = "[models.note.fields.title]\nwas = \"name\"\n";
    let load = |note: &str| load(&[("models/note.toml", note), ("api/v2.toml", renamed)]);
    let first = |application: &Application| Contract::of(application, application.versions.get(1).unwrap());
    let unique = NOTE.replace("title = \"string\"", "title = { type = \"string\", unique = true }");
    let breaks = first(&load(NOTE)).breaks(&first(&load(&unique)));
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    assert_eq!(breaks[0].of, "note.name");
    assert_eq!(first(&load(NOTE)).breaks(&first(&load(NOTE))), []);
    // A default that only the newest version has is said where the older one is.
    let other = NOTE.replace("default = \"open\"", "default = \"done\"");
    let breaks = first(&load(NOTE)).breaks(&first(&load(&other)));
    assert_eq!(breaks.len(), 1, "{breaks:?}");
    let kept = "[models.note.fields.title]\nwas = \"name\"\n[models.note.fields.state]\nbefore = { type = \"enum\", values = [\"open\", \"done\"], default = \"open\" }\n";
    let application = self::load(&[("models/note.toml", &other), ("api/v2.toml", kept)]);
    assert_eq!(first(&load(NOTE)).breaks(&first(&application)), []);
}
