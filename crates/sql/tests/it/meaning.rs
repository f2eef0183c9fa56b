//! Migrations between types that are stored alike, and mean something else.

use crate::application::{Builder, application, model, reference};
use crate::database::Database;
use crate::migration::{one, plan_between, record, with_record};
use mainstay_expr::Value;
use mainstay_model::{Application, FieldType};
use mainstay_sql::Sqlite;
use mainstay_sql::migrate::{Plan, Schema, plan};
use uuid::Uuid;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn with(ty: FieldType) -> Application {
    one(model("item").field("kind", ty, true))
}

fn variants(names: &[&str]) -> FieldType {
    FieldType::Enum(names.iter().map(|name| (*name).to_owned()).collect())
}

fn list(element: FieldType) -> FieldType {
    FieldType::List(Box::new(element))
}

#[test]
fn a_secret_that_becomes_readable_is_named() {
    let exposed = ["item.kind was secret, and what is stored in it becomes readable"];
    for to in [FieldType::Text, variants(&["a"])] {
        let plan = plan_between(&with(FieldType::Secret), &with(to));
        assert_eq!(plan.exposures, exposed);
        assert!(!plan.is_empty() && !plan.is_safe() && plan.is_allowed(true));
    }
    let dropped = plan_between(&with(FieldType::Secret), &with(FieldType::Int));
    assert_eq!((dropped.exposures.len(), dropped.losses.len()), (0, 1), "what is dropped is not exposed");
    let hidden = with(FieldType::Secret);
    assert!(plan_between(&with(FieldType::Text), &hidden).is_empty());
    assert_ne!(Schema::of(&with(FieldType::Text)), Schema::of(&hidden), "that it is secret is kept");
}

#[test]
fn no_secret_is_shown_as_an_example() {
    let secret = with(FieldType::Secret);
    let plan = plan_between(&secret, &with(variants(&["a"])));
    assert!(plan.steps[0].sql.starts_with("SELECT \"id\" FROM \"item\""), "{}", plan.steps[0].sql);
    let unique = one(model("item").field("kind", FieldType::Secret, true).index(&["kind"], true));
    let plan = plan_between(&secret, &unique);
    assert!(plan.steps[0].sql.starts_with("SELECT \"id\" FROM \"item\""), "{}", plan.steps[0].sql);
}

#[test]
fn records_with_values_that_are_gone_stop_the_migration() {
    let check = |from: FieldType, to: FieldType, value: Value, found: Option<&str>| {
        let database = with_record(&with(from.clone()), &[value]);
        let done = database.migrate(&plan_between(&with(from), &with(to)));
        assert_eq!(done.err().map(|error| error.to_string()).as_deref(), found);
    };
    let gone = Some("checks that no item.kind is b or c, which the models no longer have: 1 found");
    let all = variants(&["a", "b", "c"]);
    check(all.clone(), variants(&["a"]), text("b"), gone);
    check(all.clone(), variants(&["a"]), text("a"), None);
    check(all.clone(), variants(&["a"]), Value::Null, None);
    check(list(all.clone()), list(variants(&["a"])), Value::List(vec![text("a"), text("c")]), gone);
    check(list(all.clone()), list(variants(&["a"])), Value::List(vec![text("a")]), None);
    let other = Some("checks that each item.kind is a or it's: 1 found");
    check(FieldType::Text, variants(&["a", "it's"]), text("b"), other);
    check(FieldType::Text, variants(&["a", "it's"]), text("it's"), None);
    check(FieldType::Int, variants(&["1"]), Value::Int(2), Some("checks that each item.kind is 1: 1 found"));
    assert!(plan_between(&with(all.clone()), &with(variants(&["c", "b", "a", "d"]))).is_empty());
    assert!(plan_between(&with(all), &with(FieldType::Text)).is_empty());
}

/// Items that point to the first or the second of two other models.
fn pointing(target: u16, optional: bool) -> Application {
    let item = model("item").field("at", reference(target), optional);
    application(vec![item, model("room"), model("hall")])
}

fn settled(database: &Database, mut plan: Plan) -> Plan {
    database.settle(&mut plan);
    plan
}

#[test]
fn a_ref_to_another_model_is_cleared() {
    let (from, to) = (pointing(1, true), pointing(2, true));
    let database = with_record(&from, &[Value::Uuid(Uuid::from_u128(7))]);
    let plan = settled(&database, plan_between(&from, &to));
    assert_eq!(plan.losses, ["clears item.at, which pointed to room and now points to hall (1 now)"]);
    database.migrate(&plan).unwrap();
    assert_eq!(record(&database, &to), "NULL");
    assert!(settled(&with_record(&from, &[Value::Null]), plan_between(&from, &to)).is_safe());
}

#[test]
fn a_required_ref_to_another_model_is_impossible() {
    let faults = plan_between(&pointing(1, false), &pointing(2, false)).faults;
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("item.at is required, pointed to room and now points to hall: "),
        "{faults:?}"
    );
}

#[test]
fn a_ref_follows_the_new_name_of_its_model() {
    let renamed = |model: Builder| model.having(|model| model.was = Some("room".into()));
    let item = model("item").field("at", reference(1), true);
    let to = application(vec![item, renamed(model("chamber")), model("hall")]);
    let plan = plan_between(&pointing(1, true), &to);
    assert!(
        plan.is_safe()
            && plan.steps.len()
                == plan_between(&one(model("room")), &one(renamed(model("chamber")))).steps.len()
    );
}

#[test]
fn an_id_that_becomes_a_ref_has_to_be_there() {
    let loose =
        || application(vec![model("item").field("at", FieldType::Uuid, true), model("room"), model("hall")]);
    let item = |id: u128| with_record(&loose(), &[Value::Uuid(Uuid::from_u128(id))]);
    let plan = plan_between(&loose(), &pointing(0, true));
    item(1).migrate(&plan).unwrap();
    let error = item(2).migrate(&plan).unwrap_err().to_string();
    assert_eq!(error, "checks that each item.at is an id of item: 1 found");
    assert!(plan_between(&pointing(0, true), &loose()).is_empty());
}

#[test]
fn a_schema_that_does_not_say_what_values_mean_is_taken_to_agree() {
    let to = with(FieldType::Text);
    let mut old = Schema::of(&with(FieldType::Secret));
    old.format = 1;
    old.tables[0].columns.iter_mut().for_each(|column| column.meaning = None);
    let json = old.to_json().replace(",\"meaning\":null", "");
    assert!(!json.contains("meaning"));
    assert!(plan(Some(&Schema::from_json(&json).unwrap()), &to, &Sqlite).is_empty());
}
