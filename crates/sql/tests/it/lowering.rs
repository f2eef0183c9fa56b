//! The text of statements, and how SQLite plans them.

use crate::application::{Builder, application, model, reference};
use crate::database::Database;
use crate::postgres::PostgresDatabase;
use mainstay_expr::{
    Arithmetic, CompareOp, FieldRef, Link, ModelId, Operand, Predicate, Source, TextTest, Type, Value, Var,
};
use mainstay_model::{Application, FieldType};
use mainstay_ports::{Deleted, Order, Query, Selection};
use mainstay_sql::{Postgres, Sqlite, count, find, get, holds, insert, remove, replace, select};
use uuid::Uuid;

const ROOM: ModelId = ModelId(0);
const MEMBER: ModelId = ModelId(1);
const LOG: ModelId = ModelId(2);

/// The chat of the guide, in small.
fn chat() -> Application {
    application(vec![
        model("room")
            .field("name", FieldType::Text, false)
            .field("topic", FieldType::Text, true)
            .field("size", FieldType::Int, false)
            .field("limit", FieldType::Int, true)
            .field("open", FieldType::Bool, false)
            .field("tags", FieldType::List(Box::new(FieldType::Text)), true)
            .field("guests", FieldType::List(Box::new(FieldType::Uuid)), false)
            .field("parent", reference(0), true)
            .index(&["name"], false)
            .index(&["size"], false)
            .index(&["limit"], false)
            .index(&["topic"], true),
        member(),
        model("log").having(|model| model.soft_delete = false).field("room", reference(0), false),
    ])
}

fn member() -> Builder {
    model("member")
        .field("room", reference(0), false)
        .field("user", FieldType::Uuid, false)
        .index(&["room", "user"], true)
        .index(&["user"], false)
}

fn field(source: Source, model: ModelId, name: &str) -> Operand {
    let field = chat().model(model).field_named(name).unwrap().id;
    Operand::Field(FieldRef { source, field })
}

fn room(name: &str) -> Operand {
    field(Source::Record, ROOM, name)
}

fn text(text: &str) -> Operand {
    Operand::Value(Value::Text(text.to_owned()))
}

fn int(number: i64) -> Operand {
    Operand::Value(Value::Int(number))
}

fn uuid(number: u128) -> Value {
    Value::Uuid(Uuid::from_u128(number))
}

const NULL: Operand = Operand::Value(Value::Null);

fn compare(op: CompareOp, left: Operand, right: Operand) -> Predicate {
    Predicate::Compare { op, left, right }
}

fn not(predicate: Predicate) -> Predicate {
    Predicate::Not(Box::new(predicate))
}

/// A member of the room whose id is `id`, who is user 7.
fn has_member(id: Operand) -> Predicate {
    let link = Link::From { field: chat().model(MEMBER).field_named("room").unwrap().id, id };
    let user = field(Source::Bound(1), MEMBER, "user");
    let filter = compare(CompareOp::Equal, user, Operand::Value(uuid(7)));
    Predicate::Exists { model: MEMBER, link, level: 1, filter: Box::new(filter) }
}

/// The condition that a predicate on rooms becomes.
fn lowered(predicate: &Predicate) -> String {
    let text = find(&chat(), &Sqlite, ROOM, predicate, 1).text;
    let (_, behind) = text.split_once(" AS r").unwrap();
    let (condition, _) = behind.split_once(" LIMIT ").unwrap();
    condition.strip_prefix(" WHERE ").unwrap_or("TRUE").to_owned()
}

/// A predicate's condition, and that of its negation.
#[track_caller]
fn check(predicate: Predicate, positive: &str, negative: &str) {
    assert_eq!(lowered(&predicate), positive);
    assert_eq!(lowered(&not(predicate)), negative);
}

#[test]
fn equality_is_null_safe_where_it_must_be() {
    use CompareOp::{Equal, NotEqual};
    check(compare(Equal, room("name"), text("a")), r#"r."name" = ?1"#, r#"r."name" <> ?1"#);
    check(compare(Equal, room("topic"), text("a")), r#"r."topic" = ?1"#, r#"r."topic" IS NOT ?1"#);
    check(compare(NotEqual, room("topic"), text("a")), r#"r."topic" IS NOT ?1"#, r#"r."topic" = ?1"#);
    check(compare(Equal, room("topic"), NULL), r#"r."topic" IS NULL"#, r#"r."topic" IS NOT NULL"#);
    check(compare(Equal, NULL, NULL), "NULL IS NULL", "NULL IS NOT NULL");
    check(
        compare(Equal, room("limit"), room("limit")),
        r#"r."limit" IS r."limit""#,
        r#"r."limit" IS NOT r."limit""#,
    );
    check(
        compare(Equal, room("size"), room("limit")),
        r#"r."size" = r."limit""#,
        r#"r."size" IS NOT r."limit""#,
    );
}

#[test]
fn an_order_is_turned_around_only_without_nulls() {
    use CompareOp::{Greater, GreaterOrEqual, Less, LessOrEqual};
    check(compare(Less, room("size"), int(3)), r#"r."size" < ?1"#, r#"r."size" >= ?1"#);
    check(compare(LessOrEqual, room("size"), int(3)), r#"r."size" <= ?1"#, r#"r."size" > ?1"#);
    check(compare(Greater, room("size"), int(3)), r#"r."size" > ?1"#, r#"r."size" <= ?1"#);
    check(compare(GreaterOrEqual, room("size"), int(3)), r#"r."size" >= ?1"#, r#"r."size" < ?1"#);
    check(compare(Less, room("limit"), int(3)), r#"r."limit" < ?1"#, r#"(r."limit" < ?1) IS NOT TRUE"#);
}

#[test]
fn a_negation_goes_down_to_the_leaves() {
    let a = || compare(CompareOp::Equal, room("name"), text("a"));
    let b = || Predicate::Truth(room("open"));
    check(
        Predicate::All(vec![a(), b()]),
        r#"(r."name" = ?1 AND r."open" = 1)"#,
        r#"(r."name" <> ?1 OR (r."open" = 1) IS NOT TRUE)"#,
    );
    check(
        Predicate::Any(vec![a(), not(b())]),
        r#"(r."name" = ?1 OR (r."open" = 1) IS NOT TRUE)"#,
        r#"(r."name" <> ?1 AND r."open" = 1)"#,
    );
    check(Predicate::All(vec![]), "TRUE", "FALSE");
    check(Predicate::Any(vec![]), "FALSE", "TRUE");
    check(Predicate::Const(false), "FALSE", "TRUE");
    check(not(a()), r#"r."name" <> ?1"#, r#"r."name" = ?1"#);
}

#[test]
fn a_list_is_written_out_while_it_is_short() {
    let list = |length: usize| Operand::Value(Value::List(vec![Value::Int(1); length]));
    let within = |list| Predicate::In { item: room("limit"), list };
    check(within(list(2)), r#"r."limit" IN (?1, ?2)"#, r#"(r."limit" IN (?1, ?2)) IS NOT TRUE"#);
    check(within(list(0)), "FALSE", "TRUE");
    check(within(Operand::Value(Value::List(vec![Value::Null]))), "FALSE", "TRUE");
    check(within(NULL), "FALSE", "TRUE");
    check(
        within(list(51)),
        r#"r."limit" IN (SELECT value FROM json_each(?1))"#,
        r#"(r."limit" IN (SELECT value FROM json_each(?1))) IS NOT TRUE"#,
    );
    let ids = Predicate::In { item: room("id"), list: Operand::Value(Value::List(vec![uuid(1); 51])) };
    assert_eq!(lowered(&ids), r#"r."id" IN (SELECT unhex(value, '-') FROM json_each(?1))"#);
    let looked_up = Operand::Lookup {
        via: Box::new(room("parent")),
        model: LOG,
        level: 1,
        guard: Box::new(Predicate::Const(true)),
        value: Box::new(Operand::Value(Value::List(vec![uuid(1)]))),
    };
    let ids = Predicate::In { item: room("id"), list: looked_up };
    assert_eq!(
        lowered(&ids),
        r#"r."id" IN (SELECT unhex(value, '-') FROM json_each((SELECT ?1 FROM "log" AS b1 WHERE b1."id" = r."parent")))"#
    );
    let tag = Predicate::In { item: text("a"), list: room("tags") };
    assert_eq!(lowered(&tag), r#"?1 IN (SELECT value FROM json_each(r."tags"))"#);
    let guest = Predicate::In { item: room("parent"), list: room("guests") };
    assert_eq!(lowered(&guest), r#"r."parent" IN (SELECT unhex(value, '-') FROM json_each(r."guests"))"#);
}

#[test]
fn text_is_tested_by_characters() {
    let test = |test, subject, needle| Predicate::Text { test, subject, needle };
    check(
        test(TextTest::StartsWith, room("name"), text("par")),
        r#"(r."name" >= ?1 AND r."name" < ?2)"#,
        r#"((r."name" >= ?1 AND r."name" < ?2)) IS NOT TRUE"#,
    );
    let starts = test(TextTest::StartsWith, room("name"), text("\u{10FFFF}"));
    assert_eq!(lowered(&starts), r#"r."name" >= ?1"#);
    let starts = test(TextTest::StartsWith, Operand::LowerAscii(Box::new(room("name"))), text("par"));
    assert_eq!(lowered(&starts), r#"instr(lower(r."name"), ?1) = 1"#);
    let contains = test(TextTest::Contains, room("name"), room("topic"));
    check(contains, r#"instr(r."name", r."topic") > 0"#, r#"(instr(r."name", r."topic") > 0) IS NOT TRUE"#);
    let ends = test(TextTest::EndsWith, room("name"), text("aé"));
    assert_eq!(lowered(&ends), r#"substr(r."name", -?1) = ?2"#);
    let ends = test(TextTest::EndsWith, room("name"), room("topic"));
    assert_eq!(
        lowered(&ends),
        r#"(SELECT CASE WHEN n = '' THEN s IS NOT NULL ELSE substr(s, -length(n)) = n END FROM (SELECT r."name" AS s, r."topic" AS n) AS named)"#
    );
    for empty in [TextTest::StartsWith, TextTest::EndsWith, TextTest::Contains] {
        check(test(empty, room("topic"), text("")), r#"r."topic" IS NOT NULL"#, r#"r."topic" IS NULL"#);
    }
}

#[test]
fn operands_compute_what_the_language_says() {
    let is_one = |operand| compare(CompareOp::Equal, operand, int(1));
    let size = |name: &str, list| Operand::Size { of: Box::new(room(name)), list };
    check(is_one(size("name", false)), r#"length(r."name") = ?1"#, r#"length(r."name") <> ?1"#);
    check(
        is_one(size("tags", true)),
        r#"json_array_length(r."tags") = ?1"#,
        r#"json_array_length(r."tags") IS NOT ?1"#,
    );
    let sum = Operand::Arithmetic {
        op: Arithmetic::Add,
        left: Box::new(room("size")),
        right: Box::new(room("limit")),
        ty: Type::Int,
    };
    assert_eq!(
        lowered(&is_one(sum)),
        r#"(SELECT CASE WHEN typeof(v) = 'integer' THEN v END FROM (SELECT r."size" + r."limit" AS v)) = ?1"#
    );
    check(is_one(Operand::Var(Var::Now)), "?1 IS NULL", "?1 IS NOT NULL");
    let old = Operand::Field(FieldRef { source: Source::Old, field: mainstay_model::base::VERSION });
    assert_eq!(lowered(&is_one(old)), "?1 IS NULL");
}

#[test]
fn relations_are_correlated_subqueries() {
    check(
        has_member(room("id")),
        r#"EXISTS (SELECT 1 FROM "member" AS b1 WHERE b1."room" = r."id" AND b1."deleted_at" IS NULL AND b1."user" = ?1)"#,
        r#"NOT EXISTS (SELECT 1 FROM "member" AS b1 WHERE b1."room" = r."id" AND b1."deleted_at" IS NULL AND b1."user" = ?1)"#,
    );
    let logged = Link::From { field: chat().model(LOG).field_named("room").unwrap().id, id: room("id") };
    let logged =
        Predicate::Exists { model: LOG, link: logged, level: 1, filter: Box::new(Predicate::Const(true)) };
    assert_eq!(lowered(&logged), r#"EXISTS (SELECT 1 FROM "log" AS b1 WHERE b1."room" = r."id")"#);
    let parent = |guard| Operand::Lookup {
        via: Box::new(room("parent")),
        model: ROOM,
        level: 1,
        guard: Box::new(guard),
        value: Box::new(field(Source::Bound(1), ROOM, "size")),
    };
    let guard = Predicate::Truth(field(Source::Bound(1), ROOM, "open"));
    check(
        compare(CompareOp::Less, parent(guard), int(3)),
        r#"(SELECT b1."size" FROM "room" AS b1 WHERE b1."id" = r."parent" AND b1."deleted_at" IS NULL AND b1."open" = 1) < ?1"#,
        r#"((SELECT b1."size" FROM "room" AS b1 WHERE b1."id" = r."parent" AND b1."deleted_at" IS NULL AND b1."open" = 1) < ?1) IS NOT TRUE"#,
    );
    let missing = Predicate::Exists {
        model: ModelId(99),
        link: Link::To(room("id")),
        level: 1,
        filter: Box::new(Predicate::Const(true)),
    };
    check(missing, "FALSE", "TRUE");
}

#[test]
fn a_subquery_starts_from_the_id_that_the_filter_pins() {
    let app = chat();
    let log = |name: &str| field(Source::Record, LOG, name);
    let rule = has_member(log("room"));
    let pinned = compare(CompareOp::Equal, Operand::Value(uuid(5)), log("room"));
    let query = Query::all(LOG, 10).filtered(Predicate::All(vec![rule.clone(), pinned]));
    let query = Query { flags: [rule.clone()].into(), ..query };
    let statement = select(&app, &Sqlite, &query).statement(&query, 10);
    assert_eq!(
        statement.text,
        r#"SELECT r."id", r."created_at", r."updated_at", r."version", r."deleted_at", r."room", (EXISTS (SELECT 1 FROM "member" AS b1 WHERE b1."room" = ?4 AND b1."deleted_at" IS NULL AND b1."user" = ?5)) IS TRUE FROM "log" AS r WHERE (EXISTS (SELECT 1 FROM "member" AS b1 WHERE b1."room" = ?1 AND b1."deleted_at" IS NULL AND b1."user" = ?2) AND ?3 = r."room") ORDER BY r."id" LIMIT ?6"#
    );
    assert_eq!(statement.params[0], uuid(5));
    // Where the pin is only one of two ways, the column has to stay.
    let either = Predicate::Any(vec![query.filter.as_ref().clone(), Predicate::Truth(NULL)]);
    assert!(
        select(&app, &Sqlite, &Query::all(LOG, 10).filtered(either)).text.contains(r#"b1."room" = r."room""#)
    );
    assert!(
        select(&app, &Sqlite, &Query::all(LOG, 10).filtered(rule)).text.contains(r#"b1."room" = r."room""#)
    );
}

#[test]
fn statements_on_one_row_follow_the_fields() {
    let app = chat();
    let log = app.model(LOG);
    assert_eq!(
        get(&Sqlite, log),
        r#"SELECT "id", "created_at", "updated_at", "version", "deleted_at", "room" FROM "log" WHERE "id" = ?1"#
    );
    assert_eq!(
        insert(&Sqlite, log),
        r#"INSERT INTO "log" ("id", "created_at", "updated_at", "version", "deleted_at", "room") VALUES (?1, ?2, ?3, ?4, ?5, ?6)"#
    );
    assert_eq!(
        replace(&Sqlite, log),
        r#"UPDATE "log" SET "created_at" = ?2, "updated_at" = ?3, "version" = ?4, "deleted_at" = ?5, "room" = ?6 WHERE "id" = ?1"#
    );
    assert_eq!(remove(&Sqlite, log), r#"DELETE FROM "log" WHERE "id" = ?1"#);
}

/// What stands between the columns and the parameters of a query on rooms.
fn tail(query: &Query) -> String {
    let text = select(&chat(), &Sqlite, query).text;
    text.split_once(r#" FROM "room" AS r"#).unwrap().1.to_owned()
}

#[test]
fn deleted_records_are_chosen() {
    let query = Query::all(ROOM, 10);
    let check = |deleted, expected: &str| assert_eq!(tail(&Query { deleted, ..query.clone() }), expected);
    check(Deleted::Exclude, r#" WHERE r."deleted_at" IS NULL ORDER BY r."id" LIMIT ?1"#);
    check(Deleted::Include, r#" ORDER BY r."id" LIMIT ?1"#);
    check(Deleted::Only, r#" WHERE r."deleted_at" IS NOT NULL ORDER BY r."id" LIMIT ?1"#);
    let ids = |ids: &[u128]| Selection::Ids(ids.iter().map(|id| Uuid::from_u128(*id)).collect());
    let check = |selection, expected: &str| {
        let query = Query { selection, deleted: Deleted::Include, ..query.clone() };
        assert_eq!(tail(&query), expected);
    };
    check(ids(&[1]), r#" WHERE r."id" = ?1 ORDER BY r."id" LIMIT ?2"#);
    check(ids(&[1, 2]), r#" WHERE r."id" IN (?1, ?2) ORDER BY r."id" LIMIT ?3"#);
    check(ids(&[]), r#" WHERE FALSE ORDER BY r."id" LIMIT ?1"#);
}

#[test]
fn a_page_starts_behind_its_place() {
    let check = |order: &[(&str, bool)], values: &[Value], expected: &str| {
        let key = |(name, descending): &(&str, bool)| Order {
            field: chat().model(ROOM).field_named(name).unwrap().id,
            descending: *descending,
        };
        let query = Query {
            deleted: Deleted::Include,
            order: order.iter().map(key).collect(),
            after: Some((values.to_vec(), Uuid::from_u128(9))),
            ..Query::all(ROOM, 10)
        };
        assert_eq!(tail(&query), expected);
    };
    let one = Value::Int(1);
    check(&[], &[], r#" WHERE r."id" > ?1 ORDER BY r."id" LIMIT ?2"#);
    check(
        &[("size", true)],
        std::slice::from_ref(&one),
        r#" WHERE (r."size", r."id") < (?1, ?2) ORDER BY r."size" DESC, r."id" DESC LIMIT ?3"#,
    );
    check(
        &[("size", true), ("name", false)],
        &[one.clone(), Value::Text("a".into())],
        r#" WHERE (r."size" <= ?1 AND (r."size" < ?1 OR (r."size" = ?1 AND (r."name" > ?2 OR (r."name" = ?2 AND r."id" > ?3))))) ORDER BY r."size" DESC, r."name", r."id" LIMIT ?4"#,
    );
    check(
        &[("limit", false)],
        std::slice::from_ref(&one),
        r#" WHERE (r."limit" >= ?1 AND (r."limit" > ?1 OR (r."limit" = ?1 AND r."id" > ?2))) ORDER BY r."limit", r."id" LIMIT ?3"#,
    );
    check(
        &[("limit", true)],
        &[one],
        r#" WHERE ((r."limit" < ?1 OR r."limit" IS NULL) OR (r."limit" = ?1 AND r."id" < ?2)) ORDER BY r."limit" DESC, r."id" DESC LIMIT ?3"#,
    );
    check(
        &[("limit", false)],
        &[Value::Null],
        r#" WHERE (r."limit" IS NOT NULL OR (r."limit" IS NULL AND r."id" > ?1)) ORDER BY r."limit", r."id" LIMIT ?2"#,
    );
    check(
        &[("limit", true)],
        &[Value::Null],
        r#" WHERE (r."limit" IS NULL AND (r."limit" IS NULL AND r."id" < ?1)) ORDER BY r."limit" DESC, r."id" DESC LIMIT ?2"#,
    );
}

#[test]
fn a_count_knows_neither_limit_nor_place() {
    let query = Query { after: Some((vec![], Uuid::nil())), ..Query::all(ROOM, 1) };
    assert_eq!(
        count(&chat(), &Sqlite, &query).text,
        r#"SELECT count(*) FROM "room" AS r WHERE r."deleted_at" IS NULL"#
    );
}

#[test]
fn a_closed_predicate_is_a_query_of_its_own() {
    let statement = holds(&chat(), &Sqlite, &has_member(Operand::Value(uuid(5))));
    assert_eq!(
        statement.text,
        r#"SELECT (EXISTS (SELECT 1 FROM "member" AS b1 WHERE b1."room" = ?1 AND b1."deleted_at" IS NULL AND b1."user" = ?2)) IS TRUE"#
    );
    assert_eq!(statement.params, [uuid(5), uuid(7)]);
}

/// Questions on rooms that an index answers, and gives out in order.
fn indexed() -> [Query; 8] {
    let all = || Query::all(ROOM, 10);
    let starts = Predicate::Text { test: TextTest::StartsWith, subject: room("name"), needle: text("par") };
    let order = |name: &str| {
        let field = chat().model(ROOM).field_named(name).unwrap().id;
        vec![Order { field, descending: true }]
    };
    let place = Some((vec![Value::Int(1)], Uuid::nil()));
    let name = compare(CompareOp::Equal, room("name"), text("a"));
    let topic = compare(CompareOp::Equal, room("topic"), text("a"));
    let ids = Selection::Ids(vec![Uuid::nil(); 60]);
    [
        Query::one(ROOM, Uuid::nil()),
        Query { selection: ids, ..all() },
        all().filtered(name),
        all().filtered(topic),
        Query { order: order("name").into(), ..all().filtered(starts) },
        Query { order: order("size").into(), after: place, ..all() },
        Query { order: order("limit").into(), ..all() },
        all().filtered(has_member(room("id"))),
    ]
}

#[test]
fn indexes_of_sqlite_serve_what_they_are_for() {
    let app = chat();
    let database = Database::new(&app);
    let expected = [
        &["SEARCH r USING INDEX", "(id=?)"][..],
        &["SEARCH r USING INDEX", "(id=?)"],
        &["SEARCH r USING INDEX ix_room.name (name=?)"],
        &["SEARCH r USING INDEX ux_room.topic (topic=?)"],
        &["ix_room.name (name>? AND name<?)"],
        &["ix_room.size ((size,id)<(?,?))"],
        &["SCAN r USING INDEX ix_room.limit"],
        &["ux_member.room.user (room=? AND user=?)"],
    ];
    for (query, expected) in indexed().iter().zip(expected) {
        let plan = database.explain(&select(&app, &Sqlite, query).statement(query, 10));
        assert!(expected.iter().all(|part| plan.contains(part)), "{plan}\nlacks one of {expected:?}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
    let purged = database.explain(&find(&app, &Sqlite, ROOM, &old(), 10));
    assert_eq!(purged, "SEARCH r USING INDEX ix_room.deleted_at (deleted_at<?)");
}

#[test]
fn indexes_of_postgres_serve_what_they_are_for() {
    let app = chat();
    let database = PostgresDatabase::new(&app);
    // PostgreSQL reads a small table as a whole, whatever indexes it has.
    database.batch(
        "INSERT INTO room SELECT gen_random_uuid(), 0, 0, 1, CASE WHEN n % 100 = 0 THEN n END, \
           'name ' || n, 'topic ' || n, n, n, TRUE, NULL, '[]', NULL FROM generate_series(1, 20000) AS n; \
         INSERT INTO member SELECT gen_random_uuid(), 0, 0, 1, NULL, id, gen_random_uuid() FROM room; \
         ANALYZE",
    );
    let expected = [
        r#"Index Scan using "pk_room.id" on room r; Index Cond: (id = "#,
        r#"Index Scan using "pk_room.id" on room r; Index Cond: (id = ANY ("#,
        r#"Index Scan using "ix_room.name" on room r; Index Cond: (name = "#,
        r#"Index Scan using "ux_room.topic" on room r; Index Cond: (topic = "#,
        r#"Index Scan Backward using "ix_room.name" on room r; Index Cond: ((name >= 'par'::text COLLATE "C") AND (name < 'pas'::text COLLATE "C"))"#,
        r#"Index Scan Backward using "ix_room.size" on room r; Index Cond: (ROW(size, id) < "#,
        r#"Index Scan Backward using "ix_room.limit" on room r; Filter: (deleted_at IS NULL)"#,
        r#"Index Scan using "ix_member.user" on member b1; Index Cond: ("#,
    ];
    for (query, expected) in indexed().iter().zip(expected) {
        let plan = database.explain(&select(&app, &Postgres, query).statement(query, 10));
        assert!(plan.contains(expected), "{plan}\nlacks {expected:?}");
    }
    let purged = database.explain(&find(&app, &Postgres, ROOM, &old(), 10));
    assert!(purged.contains(r#"Index Scan using "ix_room.deleted_at" on room r; Index Cond: "#), "{purged}");
}

/// Rooms that were deleted long ago.
fn old() -> Predicate {
    compare(CompareOp::Less, room("deleted_at"), Operand::Value(Value::Timestamp(1)))
}

#[test]
fn postgres_is_told_the_types_of_parameters() {
    let check = |predicate: Predicate, expected: &str| {
        let text = find(&chat(), &Postgres, ROOM, &predicate, 1).text;
        assert_eq!(text.split_once(" WHERE ").unwrap().1, format!("{expected} LIMIT $2"));
    };
    let equal = |left, right| compare(CompareOp::Equal, left, right);
    check(equal(room("size"), int(1)), r#"r."size" = $1::int8"#);
    check(equal(room("topic"), text("a")), r#"r."topic" = $1::text COLLATE "C""#);
    check(not(equal(room("topic"), text("a"))), r#"r."topic" IS DISTINCT FROM $1::text COLLATE "C""#);
    let list = |length| Operand::Value(Value::List(vec![Value::Int(1); length]));
    let within = |length| Predicate::In { item: room("limit"), list: list(length) };
    check(within(1), r#"r."limit" IN ($1::int8)"#);
    check(within(2), r#"r."limit" = ANY($1::int8[])"#);
    check(not(within(60)), r#"(r."limit" = ANY($1::int8[])) IS NOT TRUE"#);
    let tag = Predicate::In { item: text("a"), list: room("tags") };
    check(
        tag,
        r#"$1::text COLLATE "C" IN (SELECT value FROM json_array_elements_text(CAST(r."tags" AS json)))"#,
    );
}
