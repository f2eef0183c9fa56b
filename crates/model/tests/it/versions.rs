//! Older versions of an API: what they look like, and the way there and back.

use crate::support::summary;
use mainstay_expr::{Decimal, FieldId, Value};
use mainstay_model::{Application, Face, Lowered, Model, Project, base};
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

const TASK: &str = r#"
[fields]
title = "string"
owner = { type = "ref", model = "user", default = "auth.id" }
state = { type = "enum", values = ["open", "doing", "closed"], default = "open" }
price = { type = "decimal", default = 0 }
contact = { type = "string", max_length = 20, optional = true, read = "owner == auth.id" }
weight = { type = "int", default = 3 }

[allow]
read = "owner == auth.id"
"#;
const NOTE: &str = r#"
[fields]
task = { type = "ref", model = "task", optional = true }
body = "text"
"#;
const LABEL: &str = "fields = { name = \"string\" }";

const V2: &str = r#"
[models.task]
was = "todo"

[models.task.fields.title]
was = "name"

[models.task.fields.state]
values = { open = "todo", closed = "done" }

[models.task.fields.price]
was = "cents"
before = { type = "int", min = 0 }
up = "decimal(cents, 2)"
down = "int(price, 2)"

[models.task.fields.weight]
added = true

[models.label]
added = true
"#;
const V3: &str = r#"
without = ["task.restore"]

[models.task.fields.contact]
added = true
up = "first == null ? null : first + ' ' + last"

[models.task.removed.first]
before = { type = "string", optional = true }
down = "contact.split(' ', 2)[0]"

[models.task.removed.last]
before = { type = "string", default = "?" }
down = "contact.contains(' ') ? contact.split(' ', 2)[1] : '?'"

[models.note.fields.body]
was = "text"
"#;

const PRICED: &str = r#"
[models.task.fields.price]
was = "cents"
before = { type = "int", optional = true }
up = "decimal(cents, 2)"
down = "int(price, 2)"
"#;

fn files<'a>(versions: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let models = [("models/task.toml", TASK), ("models/note.toml", NOTE), ("models/label.toml", LABEL)];
    [&[("mainstay.toml", "")], &models[..], versions].concat()
}

fn load() -> Application {
    let files = files(&[("api/v2.toml", V2), ("api/v3.toml", V3)]);
    let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    loaded.application
}

fn face(application: &Application, number: u32) -> Arc<Face> {
    application.versions.get(number).unwrap().face.clone().unwrap()
}

fn field(model: &Model, name: &str) -> FieldId {
    model.field_named(name).unwrap_or_else(|| panic!("{name}")).id
}

/// A record of a model with these values, and null or zeros in the base fields.
fn record(model: &Model, values: &[(&str, Value)]) -> Vec<Value> {
    let mut record = vec![Value::Null; model.fields.len()];
    values.iter().for_each(|(name, value)| record[field(model, name).index()] = value.clone());
    record
}

fn values(model: &Model, values: &[(&str, Value)]) -> Vec<(FieldId, Value)> {
    values.iter().map(|(name, value)| (field(model, name), value.clone())).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn price(cents: i64) -> Value {
    Value::Decimal(Decimal::new(cents, 2).unwrap())
}

#[test]
fn without_files_there_is_one_version() {
    let loaded = Project::load_from(&files(&[])).unwrap();
    let numbers: Vec<u32> = loaded.application.versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [1]);
    assert!(loaded.application.versions.newest().face.is_none());
}

#[test]
fn each_version_has_the_models_and_fields_that_its_clients_know() {
    let application = load();
    let numbers: Vec<u32> = application.versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let shown = |number, model: &str| {
        let face = face(&application, number);
        let model = face.application.model_named(model).map(|model| model.declared().to_vec());
        model.map(|fields| fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>().join(" "))
    };
    let check = |number, model, expected: Option<&str>| assert_eq!(shown(number, model).as_deref(), expected);
    check(2, "task", Some("title owner state price weight first last"));
    check(1, "todo", Some("name owner state cents first last"));
    check(1, "task", None);
    check(2, "note", Some("task text"));
    check(1, "label", None);
    let first = face(&application, 1);
    let user = first.application.user();
    let children: Vec<&str> = user.children.iter().map(|child| child.name.as_str()).collect();
    assert_eq!(children, ["todos"]);
    assert_eq!(first.application.model_named("todo").unwrap().plural, "todos");
    let newest = application.versions.newest();
    let task = application.model_named("task").unwrap();
    assert!(!newest.offers(Some(task.id), "task.restore"));
    assert!(application.versions.get(2).unwrap().offers(Some(task.id), "task.restore"));
}

#[test]
fn what_is_stored_is_answered_as_each_version_knows_it() {
    let application = load();
    let task = application.model_named("task").unwrap();
    let given = [
        ("title", text("Buy")),
        ("state", text("closed")),
        ("price", price(1234)),
        ("contact", text("Ada Lovelace King")),
    ];
    let stored = record(task, &given);
    let first = face(&application, 1);
    let raised = first.raise(task.id, &stored);
    let todo = first.model(task.id);
    let of = |name: &str| raised[field(todo, name).index()].clone();
    assert_eq!(of("name"), text("Buy"));
    assert_eq!(of("state"), text("done"));
    assert_eq!(of("cents"), Value::Int(1234));
    assert_eq!(of("first"), text("Ada"));
    assert_eq!(of("last"), text("Lovelace King"));
    let guarded: Vec<&str> =
        todo.fields.iter().filter(|field| field.read.is_some()).map(|field| field.name.as_str()).collect();
    assert_eq!(guarded, ["first", "last"]);
    let hidden = first.raise_hidden(task.id, &[field(task, "contact"), field(task, "state")]);
    assert_eq!(hidden, [field(todo, "state"), field(todo, "first"), field(todo, "last")]);
}

#[test]
fn what_older_clients_write_is_stored_as_it_is_now() {
    let application = load();
    let task = application.model_named("task").unwrap();
    let first = face(&application, 1);
    let todo = first.model(task.id);
    let record = |given: &[(&str, Value)]| first.lower_record(task, values(todo, given));
    let stored = record(&[
        ("name", text("Buy")),
        ("state", text("todo")),
        ("cents", Value::Int(5)),
        ("first", text("Ada")),
    ]);
    let expected =
        [("title", text("Buy")), ("state", text("open")), ("price", price(5)), ("contact", text("Ada ?"))];
    assert_eq!(stored, Ok(values(task, &expected)));
    let faults = record(&[
        ("name", text("Buy")),
        ("cents", Value::Int(1)),
        ("first", text("A name that is too long")),
    ]);
    let faults = faults.unwrap_err();
    assert_eq!((faults[0].field.as_str(), faults[0].code), ("first", "max_length"), "{faults:?}");
    let faults = record(&[("name", text("Buy"))]).unwrap_err();
    assert_eq!((faults[0].field.as_str(), faults[0].code), ("cents", "required"), "{faults:?}");
}

#[test]
fn a_number_that_is_too_large_to_be_stored_is_not_taken_for_null() {
    for price in ["default = 0", "optional = true"] {
        let model = TASK.replace(
            "price = { type = \"decimal\", default = 0",
            &format!("price = {{ type = \"decimal\", {price}"),
        );
        let files = [("mainstay.toml", ""), ("models/task.toml", model.as_str()), ("api/v2.toml", PRICED)];
        let application = Project::load_from(&files).unwrap().application;
        let task = application.model_named("task").unwrap();
        let (first, cents) =
            (face(&application, 1), |cents| [("title", text("Buy")), ("cents", Value::Int(cents))]);
        let lower = |given: &[(&str, Value)]| first.lower_record(task, values(first.model(task.id), given));
        assert!(lower(&cents(250)).is_ok());
        let faults = lower(&cents(1_000_000_000_000_000_000)).unwrap_err();
        assert_eq!((faults[0].field.as_str(), faults[0].code), ("cents", "format"), "{faults:?}");
        assert!(faults[0].message.contains("out of range"), "{faults:?}");
    }
}

#[test]
fn an_update_of_a_part_of_what_became_one_needs_the_record() {
    let application = load();
    let task = application.model_named("task").unwrap();
    let first = face(&application, 1);
    let todo = first.model(task.id);
    let update = |given: &[(&str, Value)], record: Option<&[Value]>| {
        first.lower_update(task, values(todo, given), record).unwrap()
    };
    let check = |lowered, expected: &[(&str, Value)]| {
        assert_eq!(lowered, Lowered::Values(values(task, expected)));
    };
    check(update(&[("name", text("x"))], None), &[("title", text("x"))]);
    check(update(&[("state", text("doing"))], None), &[("state", text("doing"))]);
    let both = [("first", text("Ada")), ("last", text("King"))];
    check(update(&both, None), &[("contact", text("Ada King"))]);
    assert_eq!(update(&both[..1], None), Lowered::NeedsRecord);
    let stored =
        record(task, &[("contact", text("Ben Lovelace")), ("price", price(0)), ("state", text("open"))]);
    check(update(&both[..1], Some(&stored)), &[("contact", text("Ada Lovelace"))]);
}

#[test]
fn filters_and_names_are_said_anew() {
    let application = load();
    let first = face(&application, 1);
    let of = |name: &str| first.application.model_named(name).unwrap().id;
    let filter = |model: &str, source: &str| {
        first.lower_filter(of(model), source).map_err(|faults| faults.into_iter().next().unwrap().message)
    };
    let check = |model, source, expected: &str| assert_eq!(filter(model, source).as_deref(), Ok(expected));
    check("todo", "name == 'a' && state == 'done'", "title == 'a' && state == 'closed'");
    check(
        "note",
        "task.name == 'a' || task.state in ['todo', 'doing']",
        "task.title == 'a' || task.state in ['open', 'doing']",
    );
    check("user", "todos.exists(t, t.name == name)", "tasks.exists(t, t.title == name)");
}

#[test]
fn what_a_version_computes_cannot_be_asked_for() {
    let application = load();
    let first = face(&application, 1);
    let todo = first.application.model_named("todo").unwrap().id;
    let refused = |source: &str| {
        let faults = first.lower_filter(todo, source).expect_err(source);
        faults.iter().map(|fault| source[fault.span.clone()].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(refused("cents > 3"), ["cents"]);
    assert_eq!(refused("owner.id == id && first == 'Ada'"), ["first"]);
    assert_eq!(refused("title == 'a'"), ["title"]);
    assert_eq!(refused("state < 'todo'"), ["state"]);
    assert_eq!(first.lower_name(todo, "name").as_deref(), Ok("title"));
    assert!(first.lower_name(todo, "cents").is_err());
    assert!(first.lower_name(todo, "title").is_err());
    let note = first.application.model_named("note").unwrap().id;
    assert_eq!(first.lower_path(note, "task.owner").as_deref(), Ok("task.owner"));
    assert!(first.lower_path(note, "task.name").is_err());
}

/// A version of these changes of the model `task` has these faults.
#[track_caller]
fn check_faults(text: &str, expected: &[&str]) {
    let files = files(&[("api/v2.toml", text)]);
    let found = crate::support::diagnostics(&files);
    let errors: Vec<String> = summary(&found).into_iter().filter(|line| !line.starts_with('?')).collect();
    let errors: Vec<String> = errors.iter().map(|line| line.replacen("api/v2.toml:", "", 1)).collect();
    assert_eq!(errors, expected, "\n{}", found.render(false));
}

#[test]
fn faults_in_a_version_have_their_places() {
    check_faults("depricated = '2027-01-01'", &["unknown_key 1:1 depricated"]);
    check_faults("deprecated = 'soon'", &["bad_date 1:14 'soon'"]);
    check_faults("deprecated = '2027-02-01'\nsunset = '2027-01-01'", &["bad_date 2:10 '2027-01-01'"]);
    check_faults("link = 'javascript:x'", &["bad_link 1:8 'javascript:x'"]);
    check_faults("without = ['task.move']", &["unknown_operation 1:12 'task.move'"]);
    check_faults("[models.tusk]\nwas = 'a'", &["unknown_model 1:9 tusk"]);
    check_faults("[models.task]\nwas = 'note'", &["name_clash 1:9 task"]);
    check_faults("[models.task.fields.titel]\nwas = 'a'", &["unknown_field 1:21 titel"]);
    check_faults("[models.task.fields.title]\nwas = 'owner'", &["name_clash 1:9 task"]);
    check_faults("[models.task.fields.title]\nadded = true", &["transform_missing 1:21 title"]);
    check_faults("[models.task.fields.title]\nbefore = 'int'", &["transform_missing 1:21 title"]);
    check_faults("[models.task.fields.title]\nup = 'title'", &["transform_missing 1:21 title"]);
    check_faults("[models.task.removed.former]\nbefore = 'int'", &["transform_missing 1:22 former"]);
    check_faults("[models.task.fields.state]\nvalues = { shut = 'x' }", &["bad_enum_value 2:1 values"]);
    check_faults(
        "[models.task.fields.title]\nbefore = 'int'\nup = 'string(titel)'\ndown = 'title'",
        &["expr_unknown_name 3:14 titel", "expr_type 4:9 title"],
    );
    check_faults(
        "[models.task.fields.state]\nbefore = 'bool'\nup = \"state ? 'shut' : 'open'\"\ndown = \"state == 'closed'\"",
        &["bad_transform 3:6 \"state ? 'shut' : 'open'\""],
    );
}

#[test]
fn versions_follow_each_other() {
    let two = |first, second| files(&[(first, ""), (second, "")]);
    let check_files = |files: Vec<(&str, &str)>, expected: &str| {
        let found = crate::support::diagnostics(&files);
        let found: Vec<String> = summary(&found).into_iter().filter(|line| !line.starts_with('?')).collect();
        assert_eq!(found, [expected]);
    };
    check_files(two("api/v2.toml", "api/v4.toml"), "bad_version api/v4.toml:1:1 ");
    check_files(two("api/v2.toml", "api/version3.toml"), "bad_version api/version3.toml:1:1 ");
    check_files(files(&[("api/v1.toml", "without = ['task.list']")]), "bad_version api/v1.toml:1:1 ");
    let loaded = Project::load_from(&files(&[("api/v4.toml", ""), ("api/v5.toml", V2)])).unwrap();
    let numbers: Vec<u32> = loaded.application.versions.iter().map(|version| version.number).collect();
    assert_eq!(numbers, [4, 5]);
}

fn any_text() -> impl Strategy<Value = Value> {
    "[a-z]{1,8}".prop_map(Value::Text)
}

proptest! {
    /// What an older client writes, it reads.
    #[test]
    fn what_is_lowered_and_raised_is_what_was_written(
        name in any_text(),
        state in proptest::sample::select(vec!["todo", "doing", "done"]),
        cents in 0_i64..1_000_000_000,
        owner in any::<u128>(),
        first in any_text(),
        last in any_text(),
    ) {
        let application = load();
        let task = application.model_named("task").unwrap();
        let face = face(&application, 1);
        let todo = face.model(task.id);
        let owner = Value::Uuid(Uuid::from_u128(owner));
        let given = [("name", name), ("owner", owner), ("state", text(state)), ("cents", Value::Int(cents)), ("first", first), ("last", last)];
        let mut stored = vec![Value::Null; task.fields.len()];
        for (field, value) in face.lower_record(task, values(todo, &given)).unwrap() {
            stored[field.index()] = value;
        }
        let raised = face.raise(task.id, &stored);
        prop_assert_eq!(&raised[..base::COUNT], &stored[..base::COUNT]);
        for (name, value) in given {
            prop_assert_eq!(&raised[field(todo, name).index()], &value, "{}", name);
        }
    }
}
