//! Migrations, run on a real SQLite with records in it.

use crate::application::{Builder, application, model, sample};
use crate::database::{Database, Engine};
use crate::online;
use mainstay_expr::{Decimal, ModelId, Operand, Value, Var};
use mainstay_model::{Application, Default, FieldType};
use mainstay_sql::Sqlite;
use mainstay_sql::migrate::{InvalidSchema, Plan, Schema, plan};
use rusqlite::types::Value as Stored;
use uuid::Uuid;

const TEXT: FieldType = FieldType::Text;

/// A model of two fields, of which one is indexed.
fn book() -> Builder {
    model("book")
        .field("title", FieldType::Text, false)
        .field("pages", FieldType::Int, true)
        .index(&["title"], false)
}

pub(crate) fn one(builder: Builder) -> Application {
    application(vec![builder])
}

pub(crate) fn base_values(micros: i64) -> Vec<Value> {
    vec![
        Value::Uuid(Uuid::from_u128(1)),
        Value::Timestamp(micros),
        Value::Timestamp(micros),
        Value::Int(1),
        Value::Null,
    ]
}

/// A database with one record of `from`'s first model, whose declared fields have `values`.
pub(crate) fn with_record(from: &Application, values: &[Value]) -> Database {
    let database = Database::new(from);
    let record: Vec<Value> = base_values(0).into_iter().chain(values.iter().cloned()).collect();
    database.insert(from, ModelId(0), &record);
    database
}

pub(crate) fn plan_between(from: &Application, to: &Application) -> Plan {
    plan(Some(&Schema::of(from)), to, &Sqlite)
}

/// What the tables and indexes of a database are, in SQLite's own words, but for the order of a table's columns.
fn layout(database: &Database) -> Vec<String> {
    let read = |sql: &str| -> Vec<String> {
        let mut statement = database.0.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let mut layout = read(
        "SELECT m.name || '.' || c.name || ' ' || c.type || c.\"notnull\" || c.pk \
         FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' ORDER BY 1",
    );
    layout.extend(read("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1"));
    layout
}

/// Migrates a record, and compares: the layout with that of a new database, the record, the losses.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "every caller makes its applications for this call")]
fn check(from: Application, before: &[Value], to: Application, after: &str, losses: &[&str]) {
    let database = with_record(&from, before);
    let plan = plan_between(&from, &to);
    assert!(!plan.is_empty());
    assert_eq!(plan.losses, losses);
    assert_eq!(plan.is_safe(), losses.is_empty());
    database.migrate(&plan).unwrap();
    assert_eq!(layout(&database), layout(&Database::new(&to)));
    assert_eq!(record(&database, &to), after);
    assert!(plan_between(&to, &to).is_empty());
    online::check(&from, before, &to, &database);
}

/// The declared fields of the first model's only record, as SQLite shows them.
pub(crate) fn record(database: &Database, app: &Application) -> String {
    let fields: Vec<String> =
        app.models[0].declared().iter().map(|field| format!("quote({})", field.name)).collect();
    let sql = format!("SELECT concat_ws(' ', {}) FROM {}", fields.join(", "), app.models[0].name);
    database.0.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn a_new_database_gets_all_tables_and_nothing_twice() {
    let app = sample();
    let made = plan(None, &app, &Sqlite);
    assert!(made.is_safe());
    Database::new(&app);
    assert!(plan_between(&app, &app).is_empty());
}

#[test]
fn the_definition_of_a_table_names_each_column_once() {
    let made = plan(None, &one(book().index(&["title", "pages"], true)), &Sqlite);
    let sql: Vec<&str> = made.steps.iter().map(|step| step.sql.as_str()).collect();
    let table = r#"CREATE TABLE "book" (
  "id" BLOB NOT NULL PRIMARY KEY,
  "created_at" INTEGER NOT NULL,
  "updated_at" INTEGER NOT NULL,
  "version" INTEGER NOT NULL,
  "deleted_at" INTEGER,
  "title" TEXT NOT NULL,
  "pages" INTEGER
) STRICT"#;
    let index = r#"CREATE INDEX "ix_book.title" ON "book" ("title", "id")"#;
    let unique = r#"CREATE UNIQUE INDEX "ux_book.title.pages" ON "book" ("title", "pages") WHERE "deleted_at" IS NULL"#;
    let deleted =
        r#"CREATE INDEX "ix_book.deleted_at" ON "book" ("deleted_at") WHERE "deleted_at" IS NOT NULL"#;
    assert_eq!(sql, [table, index, unique, deleted]);
}

#[test]
fn columns_come_and_go() {
    let before = [text("a"), Value::Int(3)];
    let with = |name, ty, optional| one(book().field(name, ty, optional));
    let default =
        |value| move |field: &mut mainstay_model::Field| field.default = Some(Default::Value(value));
    check(one(book()), &before, with("isbn", TEXT, true), "'a' 3 NULL", &[]);
    let required = one(book().field("isbn", TEXT, false).with(default(text("it's"))));
    check(
        one(book()),
        &before,
        one(book().field("isbn", TEXT, true).index(&["isbn"], true)),
        "'a' 3 NULL",
        &[],
    );
    let database = with_record(&one(book()), &before);
    database.migrate(&plan_between(&one(book()), &required)).unwrap();
    assert_eq!(record(&database, &required), "'a' 3 'it''s'");
    let without = || one(model("book").field("pages", FieldType::Int, true));
    check(one(book()), &before, without(), "3", &["drops book.title"]);
}

#[test]
fn names_are_followed() {
    let before = [text("a"), Value::Int(3)];
    let renamed = |name: &str| {
        let model = model("book").field(name, TEXT, false).with(|field| field.was = Some("title".into()));
        model.field("pages", FieldType::Int, true).index(&[name], false)
    };
    check(one(book()), &before, one(renamed("heading")), "'a' 3", &[]);
    let moved =
        |name: &str| book().having(|model| (model.name, model.was) = (name.into(), Some("book".into())));
    check(one(book()), &before, one(moved("volume")), "'a' 3", &[]);
    let both =
        renamed("heading").having(|model| (model.name, model.was) = ("volume".into(), Some("book".into())));
    check(one(book()), &before, one(both.field("year", FieldType::Int, true)), "'a' 3 NULL", &[]);
    let dropped = application(vec![book(), model("draft").field("text", TEXT, false)]);
    check(dropped, &before, one(book()), "'a' 3", &["drops draft and its records"]);
}

#[test]
fn renamed_and_rebuilt_at_once() {
    let to = model("volume")
        .having(|model| model.was = Some("book".into()))
        .field("heading", TEXT, true)
        .with(|field| field.was = Some("title".into()))
        .field("pages", TEXT, true)
        .index(&["pages"], false);
    check(one(book()), &[text("a"), Value::Int(3)], one(to), "'a' '3'", &[]);
}

#[test]
fn values_are_converted() {
    let decimal = |mantissa, scale| Value::Decimal(Decimal::new(mantissa, scale).unwrap());
    let price = |ty| one(model("item").field("price", ty, true));
    let check = |from: FieldType, value: Value, to: FieldType, after: &str, losses: &[&str]| {
        check(price(from.clone()), &[value], price(to.clone()), after, losses);
        check(price(from), &[Value::Null], price(to), "NULL", losses);
    };
    use FieldType::{Bool, Date, Float, Int, Json, Timestamp, Uuid as Id};
    let scaled = |scale| FieldType::Decimal { scale };
    check(Int, Value::Int(7), TEXT, "'7'", &[]);
    check(Int, Value::Int(7), scaled(2), "700", &[]);
    check(Bool, Value::Bool(true), Int, "1", &[]);
    check(scaled(1), decimal(-15, 1), scaled(3), "-1500", &[]);
    check(Date, Value::Date(-1), Timestamp, "-86400000000", &[]);
    check(
        scaled(2),
        decimal(-150, 2),
        scaled(0),
        "-2",
        &[
            "converts item.price from decimal with 2 digits behind the point to decimal with 0 digits behind the point, which loses digits behind the point, by rounding",
        ],
    );
    check(
        scaled(2),
        decimal(149, 2),
        Int,
        "1",
        &[
            "converts item.price from decimal with 2 digits behind the point to int, which loses digits behind the point, by rounding",
        ],
    );
    check(
        scaled(2),
        decimal(125, 2),
        Float,
        "1.25",
        &[
            "converts item.price from decimal with 2 digits behind the point to float, which loses the exactness of decimals",
        ],
    );
    check(
        Int,
        Value::Int(7),
        Float,
        "7.0",
        &["converts item.price from int to float, which loses what is beyond 53 bits of an int"],
    );
    check(
        Timestamp,
        Value::Timestamp(-1),
        Date,
        "-1",
        &["converts item.price from timestamp to date, which loses the time of day"],
    );
    check(Id, Value::Null, Json, "NULL", &["changes item.price from uuid to json, which drops its values"]);
}

#[test]
fn null_comes_and_goes() {
    let pages = |optional| one(model("book").field("pages", FieldType::Int, optional));
    check(pages(false), &[Value::Int(3)], pages(true), "3", &[]);
    check(pages(true), &[Value::Int(3)], pages(false), "3", &[]);
    let filled = || {
        let default = |field: &mut mainstay_model::Field| field.default = Some(Default::Value(Value::Int(9)));
        one(model("book").field("pages", FieldType::Int, false).with(default))
    };
    check(pages(true), &[Value::Null], filled(), "9", &[]);
    let database = with_record(&pages(true), &[Value::Null]);
    let plan = plan_between(&pages(true), &pages(false));
    let error = database.migrate(&plan).unwrap_err().to_string();
    assert_eq!(error, "checks that each record of book has pages, which is required: 1 found");
    assert_eq!(online::refusal(&pages(true), &[Value::Null], &pages(false)), error);
}

#[test]
fn a_value_that_does_not_fit_stops_the_migration() {
    let price = |scale| one(model("item").field("price", FieldType::Decimal { scale }, true));
    let largest = Value::Decimal(Decimal::new(99_999_999_999_999_999, 0).unwrap());
    let too_large = Value::Decimal(Decimal::new(-100_000_000_000_000_000, 0).unwrap());
    check(price(0), &[largest], price(1), "999999999999999990", &[]);
    let database = with_record(&price(0), &[too_large]);
    let error = database.migrate(&plan_between(&price(0), &price(1))).unwrap_err().to_string();
    let fits = "checks that item.price fits into decimal with 1 digits behind the point in each record";
    assert_eq!(error, format!("{fits}: 1 found"));
    let too_large = Value::Decimal(Decimal::new(-100_000_000_000_000_000, 0).unwrap());
    assert_eq!(online::refusal(&price(0), &[too_large], &price(1)), error);
    let whole = || one(model("item").field("price", FieldType::Int, true));
    for int in [i64::MIN, -100_000_000_000_000_000, 100_000_000_000_000_000, i64::MAX] {
        let database = with_record(&whole(), &[Value::Int(int)]);
        let error = database.migrate(&plan_between(&whole(), &price(1))).unwrap_err().to_string();
        assert_eq!(error, format!("{fits}: 1 found"));
    }
}

#[test]
fn a_required_value_must_come_from_somewhere() {
    let faults = |to: Application| plan_between(&one(book()), &to).faults;
    let fault = "book.isbn is required and the records that are there have no value for it: \
                 give it a literal default, or make it optional";
    assert_eq!(faults(one(book().field("isbn", TEXT, false))), [fault]);
    let computed =
        |field: &mut mainstay_model::Field| field.default = Some(Default::Computed(Operand::Var(Var::Now)));
    assert_eq!(faults(one(book().field("isbn", FieldType::Timestamp, false).with(computed))), [fault]);
    let changed = model("book").field("title", FieldType::Uuid, false).field("pages", FieldType::Int, true);
    let faults = faults(one(changed));
    assert!(faults[0].starts_with("book.title is required"), "{faults:?}");
}

#[test]
fn uniqueness_is_of_live_records() {
    let database = with_record(&one(book()), &[text("a"), Value::Null]);
    let unique = one(book().index(&["title"], true));
    let twin = |id, deleted_at| {
        let mut twin = base_values(0);
        (twin[0], twin[4]) = (Value::Uuid(Uuid::from_u128(id)), deleted_at);
        twin.into_iter().chain([text("a"), Value::Null]).collect::<Vec<_>>()
    };
    database.insert(&unique, ModelId(0), &twin(2, Value::Timestamp(1)));
    let plan = plan_between(&one(book()), &unique);
    assert_eq!(plan.steps[1].description, "makes title unique among the live records of book");
    database.migrate(&plan).unwrap();
    let other = with_record(&one(book()), &[text("a"), Value::Null]);
    other.insert(&unique, ModelId(0), &twin(2, Value::Null));
    let error = other.migrate(&plan).unwrap_err().to_string();
    assert_eq!(error, "checks that no two live records of book have the same title: 2 found");
    check(unique, &[text("a"), Value::Null], one(book()), "'a' NULL", &[]);
}

#[test]
fn what_was_deleted_does_not_come_back_with_the_end_of_soft_deletion() {
    let kept = || one(book().index(&["pages"], true));
    let not_kept = || one(book().index(&["pages"], true).having(|model| model.soft_delete = false));
    let database = with_record(&not_kept(), &[text("a"), Value::Null]);
    let plan = plan_between(&not_kept(), &kept());
    assert!(plan.is_safe() && !plan.is_empty(), "the database has to know what is kept");
    database.migrate(&plan).unwrap();
    assert_eq!(layout(&database), layout(&Database::new(&kept())));

    let mut deleted = base_values(0);
    (deleted[0], deleted[4]) = (Value::Uuid(Uuid::from_u128(2)), Value::Timestamp(1));
    deleted.extend([text("b"), Value::Null]);
    database.insert(&kept(), ModelId(0), &deleted);
    let mut plan = plan_between(&kept(), &not_kept());
    assert!(!plan.is_safe(), "what may be lost counts until the database is asked");
    database.settle(&mut plan);
    assert_eq!(plan.losses, ["removes the deleted records of book, which no longer keeps them (1 now)"]);
    database.migrate(&plan).unwrap();
    assert_eq!(record(&database, &not_kept()), "'a' NULL");
    assert_eq!(layout(&database), layout(&Database::new(&not_kept())));

    let mut plan = plan_between(&kept(), &not_kept());
    with_record(&kept(), &[text("a"), Value::Null]).settle(&mut plan);
    assert!(plan.is_safe() && !plan.is_empty(), "nothing is lost where nothing was deleted");
}

#[test]
fn defaults_are_literals_of_their_type() {
    let check = |ty: FieldType, value: Value, expected: Stored| {
        let default = |field: &mut mainstay_model::Field| field.default = Some(Default::Value(value));
        let to = one(book().field("added", ty, false).with(default));
        let database = with_record(&one(book()), &[text("a"), Value::Null]);
        database.migrate(&plan_between(&one(book()), &to)).unwrap();
        online::check(&one(book()), &[text("a"), Value::Null], &to, &database);
        let added: Stored = database.0.query_row("SELECT added FROM book", [], |row| row.get(0)).unwrap();
        assert_eq!(added, expected);
    };
    let list = |element| FieldType::List(Box::new(element));
    check(FieldType::Bool, Value::Bool(true), Stored::Integer(1));
    check(FieldType::Int, Value::Int(i64::MIN), Stored::Integer(i64::MIN));
    check(FieldType::Float, Value::Float(1e300), Stored::Real(1e300));
    check(FieldType::Decimal { scale: 2 }, Value::Decimal(Decimal::new(-5, 2).unwrap()), Stored::Integer(-5));
    check(FieldType::Text, text("it's \"\u{1F600}\""), Stored::Text("it's \"\u{1F600}\"".into()));
    check(FieldType::Uuid, Value::Uuid(Uuid::max()), Stored::Blob(vec![255; 16]));
    check(FieldType::Date, Value::Date(-1), Stored::Integer(-1));
    check(FieldType::Duration, Value::Duration(1), Stored::Integer(1));
    check(FieldType::Json, Value::Json("{\"a\":1}".into()), Stored::Text("{\"a\":1}".into()));
    check(FieldType::Bytes, Value::Bytes(vec![0, 255]), Stored::Blob(vec![0, 255]));
    check(list(FieldType::Text), Value::List(vec![text("a'b")]), Stored::Text("[\"a'b\"]".into()));
}

#[test]
fn a_schema_survives_its_json() {
    let schema = Schema::of(&sample());
    assert_eq!(Schema::from_json(&schema.to_json()), Ok(schema));
    let newer = r#"{"format": 3, "tables": {"of": "another form"}}"#;
    assert_eq!(Schema::from_json(newer), Err(InvalidSchema::Newer { format: 3 }));
    for damaged in ["", "{}", r#"{"format":1}"#, r#"{"format":1,"tables":[{}]}"#] {
        assert!(matches!(Schema::from_json(damaged), Err(InvalidSchema::Malformed(_))), "{damaged}");
    }
}
