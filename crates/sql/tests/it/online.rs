//! Migrations of a PostgreSQL, and what nodes of two versions find there.

use crate::application::{Builder, application, model};
use crate::database::{Database, Engine};
use crate::migration::{base_values, one};
use crate::postgres::PostgresDatabase;
use mainstay_expr::{ModelId, Value};
use mainstay_model::{Application, Default, FieldType, Model};
use mainstay_sql::migrate::{Edit, MigrationStep, Plan, Schema, StepKind, plan, plan_keeping};
use mainstay_sql::{Postgres, Statement, get};
use rusqlite::types::Value as Stored;
use uuid::Uuid;

impl PostgresDatabase {
    /// Runs a plan as the adapter does, and answers the schema that is noted with the last step.
    pub(crate) fn migrate(&self, from: &Schema, plan: &Plan) -> Result<Schema, String> {
        assert_eq!(plan.faults, Vec::<String>::new());
        let mut schema = from.clone();
        for step in &plan.steps {
            self.take(step)?;
            step.edits.iter().for_each(|edit| schema.edit(edit));
        }
        Ok(schema)
    }

    fn take(&self, step: &MigrationStep) -> Result<(), String> {
        match step.kind {
            StepKind::Change | StepKind::Concurrent => self.batch(&step.sql),
            StepKind::Repeated => while self.execute(&step.sql) > 0 {},
            StepKind::Check => {
                let found = self.rows(&statement(&step.sql, &[])).len();
                if found > 0 {
                    return Err(format!("{}: {found} found", step.description));
                }
            }
        }
        Ok(())
    }

    /// What the tables, columns, constraints and indexes are, in PostgreSQL's own words.
    fn layout(&self) -> Vec<Stored> {
        let columns = "SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, \
             a.attcollation::int8, pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid \
             LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped";
        let constraints = "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace";
        let indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'";
        let text = format!("{columns} UNION ALL {constraints} UNION ALL {indexes} ORDER BY 1");
        self.rows(&statement(&text, &[])).into_iter().map(|mut row| row.remove(0)).collect()
    }
}

fn statement(text: &str, params: &[Value]) -> Statement {
    Statement { text: text.to_owned(), params: params.to_vec() }
}

/// A database with one record of `from`'s first model, whose declared fields have `values`.
fn with_record(from: &Application, values: &[Value]) -> PostgresDatabase {
    let database = PostgresDatabase::new(from);
    database.insert(from, ModelId(0), &[base_values(0), values.to_vec()].concat());
    database
}

fn between(from: &Application, to: &Application) -> Plan {
    plan(Some(&Schema::of(from)), to, &Postgres)
}

fn keeping(from: &Application, to: &Application) -> Plan {
    plan_keeping(Some(&Schema::of(from)), to, &Postgres)
}

/// The record that [`with_record`] made.
fn record(database: &dyn Engine, model: &Model) -> Vec<Vec<Stored>> {
    database.rows(&statement(&get(database.dialect(), model), &[Value::Uuid(Uuid::from_u128(1))]))
}

/// What an order does not matter for, in one.
fn sorted(mut schema: Schema) -> Schema {
    for table in &mut schema.tables {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
        table.indexes.sort_by(|a, b| a.name.cmp(&b.name));
    }
    schema.tables.sort_by(|a, b| a.name.cmp(&b.name));
    schema
}

/// Migrates a record, and compares: the layout with that of a new database, the record with that of a SQLite which was migrated alike, the
/// schema that is noted with the one that is needed.
#[track_caller]
pub(crate) fn check(from: &Application, before: &[Value], to: &Application, sqlite: &Database) {
    let database = with_record(from, before);
    let noted = database.migrate(&Schema::of(from), &between(from, to)).unwrap();
    assert_eq!(database.layout(), PostgresDatabase::new(to).layout());
    assert_eq!(record(&database, &to.models[0]), record(sqlite, &to.models[0]));
    assert_eq!(
        sorted(noted.clone()),
        sorted(Schema::of(to).keeping(&noted)),
        "a table or column is left over"
    );
    assert!(plan(Some(&noted), to, &Postgres).is_empty());
}

/// Why a record cannot be migrated.
pub(crate) fn refusal(from: &Application, before: &[Value], to: &Application) -> String {
    with_record(from, before).migrate(&Schema::of(from), &between(from, to)).unwrap_err()
}

const TEXT: FieldType = FieldType::Text;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn book() -> Builder {
    model("book").field("title", TEXT, false).index(&["title"], false)
}

fn with_default(value: Value) -> impl FnOnce(&mut mainstay_model::Field) {
    move |field| field.default = Some(Default::Value(value))
}

/// Adds the second record by the statements of `app`, and reads both.
fn write_and_read(database: &PostgresDatabase, app: &Application, values: &[Value]) -> usize {
    let mut base = base_values(0);
    base[0] = Value::Uuid(Uuid::now_v7());
    database.insert(app, ModelId(0), &[base, values.to_vec()].concat());
    let model = &app.models[0];
    let rows = database.rows(&statement(&get(&Postgres, model).replace(" WHERE \"id\" = $1", ""), &[]));
    let required = model.fields.iter().filter(|field| !field.optional && field.name != "deleted_at");
    for field in required {
        assert!(rows.iter().all(|row| row[field.id.index()] != Stored::Null), "{} is null", field.name);
    }
    rows.len()
}

#[test]
fn two_versions_write_and_read_side_by_side() {
    let old = application(vec![
        book().field("pages", FieldType::Int, true).field("shelf", TEXT, false).with(with_default(text("a"))),
        model("draft").field("text", TEXT, false),
    ]);
    let new = application(vec![
        book()
            .field("isbn", TEXT, true)
            .field("copies", FieldType::Int, false)
            .with(with_default(Value::Int(1)))
            .index(&["isbn"], true)
            .index(&["copies"], false),
        model("author").field("name", TEXT, false),
    ]);
    let database = with_record(&old, &[text("one"), Value::Null, text("b")]);
    let plan = keeping(&old, &new);
    assert!(plan.is_safe() && !plan.is_workable());
    assert_eq!(plan.kept, ["draft and its records", "book.pages", "book.shelf"]);
    let noted = database.migrate(&Schema::of(&old), &plan).unwrap();
    let noted = Schema::of(&new).keeping(&noted);

    let old_values = [text("two"), Value::Int(3), text("c")];
    assert_eq!(write_and_read(&database, &old, &old_values), 2);
    assert_eq!(write_and_read(&database, &new, &[text("three"), text("x"), Value::Int(7)]), 3);
    assert_eq!(write_and_read(&database, &old, &old_values), 4);

    // Nodes of both may be started anew.
    assert!(plan_keeping(Some(&noted), &new, &Postgres).is_empty());
    let back = plan_keeping(Some(&noted), &old, &Postgres);
    assert!(back.is_empty(), "{:?}", back.steps);
    assert_eq!(sorted(Schema::of(&old).keeping(&noted)), sorted(noted.clone()));

    // When no node needs it any more, what was kept goes.
    let last = mainstay_sql::migrate::plan(Some(&noted), &new, &Postgres);
    assert_eq!(last.losses, ["drops draft and its records", "drops book.pages", "drops book.shelf"]);
    let noted = database.migrate(&noted, &last).unwrap();
    assert_eq!(sorted(noted), sorted(Schema::of(&new)));
    assert_eq!(database.layout(), PostgresDatabase::new(&new).layout());
}

#[test]
fn what_new_records_would_lack_cannot_be_kept() {
    let old = one(book().field("shelf", TEXT, false));
    let plan = keeping(&old, &one(book()));
    assert_eq!((plan.kept.len(), plan.losses), (0, vec!["drops book.shelf".to_owned()]));
}

#[test]
fn a_unique_index_stays_with_a_column_that_can_be_null() {
    let indexed = |field: Builder| one(field.index(&["shelf"], true));
    let steps = |from: &Application| keeping(from, &one(book())).steps.len();
    assert_eq!(steps(&indexed(book().field("shelf", TEXT, true))), 0);
    let required = book().field("shelf", TEXT, false).with(with_default(text("a")));
    assert_eq!(steps(&indexed(required)), 1);
}

#[test]
fn nodes_start_when_only_speed_is_lacking() {
    let is_workable = |from: &Application, to: &Application| keeping(from, to).is_workable();
    let bare = || one(model("book").field("title", TEXT, true));
    let indexed = |unique| one(model("book").field("title", TEXT, true).index(&["title"], unique));
    assert!(is_workable(&bare(), &indexed(false)) && is_workable(&indexed(false), &bare()));
    assert!(!is_workable(&bare(), &indexed(true)) && !is_workable(&indexed(true), &bare()));
    let required = one(model("book").field("title", TEXT, false));
    assert!(!is_workable(&bare(), &required) && !is_workable(&required, &bare()));
    assert!(!is_workable(&bare(), &one(book())), "an optional field became required");
    let filled = |value: &str| one(model("book").field("title", TEXT, false).with(with_default(text(value))));
    assert!(is_workable(&filled("a"), &filled("b")) && is_workable(&required, &filled("b")));
    assert!(!is_workable(&one(model("book")), &one(book())), "a field cannot be filled");
    assert!(is_workable(&bare(), &one(model("book"))) && !is_workable(&one(model("book")), &bare()));
}

#[test]
fn steps_let_others_go_on() {
    let from = one(book().field("pages", FieldType::Int, true));
    let to = one(model("book")
        .field("title", TEXT, false)
        .field("pages", FieldType::Int, false)
        .with(with_default(Value::Int(0)))
        .index(&["pages"], true));
    let plan = between(&from, &to);
    let steps: Vec<(StepKind, &str)> = plan.steps.iter().map(|step| (step.kind, step.sql.as_str())).collect();
    let expected = [
        (StepKind::Concurrent, r#"DROP INDEX CONCURRENTLY IF EXISTS "ix_book.title""#),
        (
            StepKind::Change,
            r#"ALTER TABLE "book" DROP CONSTRAINT IF EXISTS "nn_book.pages", ADD CONSTRAINT "nn_book.pages" CHECK ("pages" IS NOT NULL) NOT VALID"#,
        ),
        (
            StepKind::Repeated,
            r#"UPDATE "book" SET "pages" = '0'::int8 WHERE "id" IN (SELECT "id" FROM "book" WHERE "pages" IS NULL LIMIT 5000)"#,
        ),
        (StepKind::Change, r#"ALTER TABLE "book" VALIDATE CONSTRAINT "nn_book.pages""#),
        (
            StepKind::Change,
            r#"ALTER TABLE "book" ALTER COLUMN "pages" SET NOT NULL, ALTER COLUMN "pages" SET DEFAULT '0'::int8; ALTER TABLE "book" DROP CONSTRAINT "nn_book.pages""#,
        ),
    ];
    assert_eq!(steps[..5], expected);
    assert_eq!(steps[5].0, StepKind::Check);
    assert_eq!(
        steps[6],
        (
            StepKind::Concurrent,
            r#"CREATE UNIQUE INDEX CONCURRENTLY "ux_book.pages" ON "book" ("pages" NULLS FIRST) WHERE "deleted_at" IS NULL"#
        )
    );
    assert_eq!(steps.len(), 7);
    // Nobody uses what is only being made.
    let first = mainstay_sql::migrate::plan(None, &to, &Postgres);
    assert!(first.steps.iter().all(|step| step.kind == StepKind::Change));
}

#[test]
fn a_migration_goes_on_where_it_was_cut_off() {
    let from = one(book().field("pages", FieldType::Int, true));
    let to = model("volume").having(|model| model.was = Some("book".into()));
    let to = one(to
        .field("heading", TEXT, false)
        .with(|field| field.was = Some("title".into()))
        .field("pages", FieldType::Int, false)
        .with(with_default(Value::Int(0)))
        .field("isbn", TEXT, true)
        .index(&["heading"], false)
        .index(&["isbn"], true));
    let steps = between(&from, &to).steps.len();
    for cut in 0..=steps {
        let database = with_record(&from, &[text("a"), Value::Null]);
        let mut begun = between(&from, &to);
        begun.steps.truncate(cut);
        let noted = database.migrate(&Schema::of(&from), &begun).unwrap();
        let rest = plan(Some(&noted), &to, &Postgres);
        database.migrate(&noted, &rest).unwrap();
        assert_eq!(database.layout(), PostgresDatabase::new(&to).layout(), "after {cut} of {steps} steps");
    }
}

#[test]
fn an_edit_of_what_is_not_there_changes_nothing() {
    let schema = Schema::of(&one(book()));
    let mut edited = schema.clone();
    edited.edit(&Edit::DropTable("other".into()));
    edited.edit(&Edit::DropColumn { table: "other".into(), name: "title".into() });
    edited.edit(&Edit::DropIndex { table: "book".into(), name: "other".into() });
    assert_eq!(edited, schema);
}
