//! Questions: filters, flags, counts.

use super::Open;
use super::world::{Who, World, text};
use crate::{Memo, Query, Selection};
use mainstay_expr::{Decimal, Frame, Predicate, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

const NONE: [Uuid; 0] = [];

async fn samples(world: &World) {
    let decimal = |mantissa| Value::Decimal(Decimal::new(mantissa, 2).unwrap());
    let rows: [&[(&str, Value)]; 4] = [
        &[
            ("label", text("a")),
            ("number", Value::Int(1)),
            ("flag", Value::Bool(true)),
            ("amount", decimal(150)),
        ],
        &[
            ("label", text("b")),
            ("number", Value::Int(2)),
            ("flag", Value::Bool(false)),
            ("amount", decimal(-1)),
        ],
        &[("label", text("Bé")), ("tags", Value::List(vec![text("x"), text("y")]))],
        &[],
    ];
    for row in rows {
        world.made("sample", row).await;
    }
}

/// The labels of the records for which a condition holds; `-` where there is none.
async fn labels(world: &World, condition: &str) -> String {
    let query = world.all("sample").filtered(world.condition("sample", condition, None));
    let page = world.query(query).await;
    let label =
        |row: &crate::Row| row.record.get(world.field("sample", "label")).as_text().unwrap_or("-").to_owned();
    page.rows.iter().map(label).collect::<Vec<_>>().join(" ")
}

pub async fn a_filter_selects(open: Open) {
    let world = World::open(open);
    samples(&world).await;
    for (condition, expected) in [
        ("true", "a b Bé -"),
        ("false", ""),
        ("number == 1", "a"),
        ("number != 1", "b Bé -"),
        ("number == null", "Bé -"),
        ("number > 0", "a b"),
        ("!(number > 1)", "a Bé -"),
        ("number in [2, 3]", "b"),
        ("!(number in [2, 3])", "a Bé -"),
        ("flag", "a"),
        ("!flag", "b Bé -"),
        ("amount < 1.5", "b"),
        ("amount == 1.5", "a"),
        ("label.startsWith('B')", "Bé"),
        ("label.lowerAscii().startsWith('b')", "b Bé"),
        ("label.endsWith('é')", "Bé"),
        ("label.contains('')", "a b Bé"),
        ("size(label) == 2", "Bé"),
        ("'y' in tags", "Bé"),
        ("size(tags) == 2", "Bé"),
        ("label < 'a'", "Bé"),
        ("number + 1 == 2 || label == null", "a -"),
        ("number == 1 && label == 'b'", ""),
    ] {
        assert_eq!(labels(&world, condition).await, expected, "{condition}");
    }
}

pub async fn a_filter_walks_relations(open: Open) {
    let world = World::open(open);
    let (owner, member) = (world.account().await, world.account().await);
    let (open_room, closed_room) = (world.room(owner, "open").await, world.room(owner, "closed").await);
    let join = [("room", Value::Uuid(open_room)), ("user", Value::Uuid(member))];
    let membership = world.made("member", &join).await;
    let post = [("room", Value::Uuid(open_room)), ("author", Value::Uuid(member)), ("text", text("hello"))];
    let message = world.made("message", &post).await;
    let rooms = async |condition: &str| {
        let condition = world.condition("room", condition, Some(member));
        world.ids(world.all("room").filtered(condition)).await
    };
    assert_eq!(rooms("members.exists(m, m.user == auth.id)").await, [open_room]);
    assert_eq!(rooms("!members.exists(m, m.user == auth.id)").await, [closed_room]);
    assert_eq!(rooms("messages.exists(m, m.author == auth.id && m.text == 'hello')").await, [open_room]);
    assert_eq!(rooms("messages.all(m, m.text == 'hello')").await, [open_room, closed_room]);
    let messages = async |condition: &str| {
        let condition = world.condition("message", condition, Some(member));
        world.ids(world.all("message").filtered(condition)).await
    };
    assert_eq!(messages("room.name == 'open'").await, [message]);
    assert_eq!(messages("room.members.exists(m, m.user == author)").await, [message]);
    assert_eq!(messages("reply_to.text == 'hello'").await, NONE);
    // A deleted record is no relation of anybody.
    world.must(Who::System, world.delete("member", membership)).await;
    assert_eq!(rooms("members.exists(m, m.user == auth.id)").await, NONE);
}

pub async fn a_query_selects_ids(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let (a, b) = (world.room(owner, "a").await, world.room(owner, "b").await);
    world.room(owner, "c").await;
    let select = |ids| Query { selection: Selection::Ids(ids), ..world.all("room") };
    assert_eq!(world.ids(select(vec![b, a, world.new_id(), a])).await, [a, b]);
    assert_eq!(world.ids(select(vec![])).await, NONE);
    let filtered = select(vec![a, b]).filtered(world.condition("room", "name == 'b'", None));
    assert_eq!(world.ids(filtered).await, [b]);
}

/// One memo for all of these queries: what it keeps of one account, id or limit must not reach another's answer.
pub async fn a_question_serves_all_accounts(open: Open) {
    let world = World::open(open);
    let (owner, member, stranger) = (world.account().await, world.account().await, world.account().await);
    let (a, b) = (world.room(owner, "a").await, world.room(owner, "b").await);
    world.made("member", &[("room", Value::Uuid(b)), ("user", Value::Uuid(member))]).await;
    let mine = world.open_condition("room", "owner == auth.id || members.exists(m, m.user == auth.id)");
    let joined = world.open_condition("room", "members.exists(m, m.user == auth.id)");
    let all = Query { flags: [joined].into(), ..world.all("room").filtered(mine) };
    let ask = async |query: Query, account| {
        let rows = world.query(Query { auth_id: account, ..query }).await.rows;
        rows.iter().map(|row| (row.record.id(), row.flags[0])).collect::<Vec<_>>()
    };
    let check = async |all: Query, one: Query| {
        let one = |id| Query { selection: Selection::Ids(vec![id]), ..one.clone() };
        for _ in 0..2 {
            assert_eq!(ask(all.clone(), Some(owner)).await, [(a, false), (b, false)]);
            assert_eq!(ask(Query { limit: 1, ..all.clone() }, Some(owner)).await, [(a, false)]);
            assert_eq!(ask(all.clone(), Some(member)).await, [(b, true)]);
            assert_eq!(ask(all.clone(), Some(stranger)).await, []);
            assert_eq!(ask(one(a), Some(owner)).await, [(a, false)]);
            assert_eq!(ask(one(b), Some(member)).await, [(b, true)]);
            assert_eq!(ask(one(a), Some(member)).await, []);
            // What is behind a place is another statement.
            let behind = Query { after: Some((vec![], a)), ..all.clone() };
            assert_eq!(ask(behind, Some(owner)).await, [(b, false)]);
        }
    };
    check(all.clone(), all.clone()).await;
    check(Query { memo: Memo::kept(), ..all.clone() }, Query { memo: Memo::kept(), ..all.clone() }).await;
    assert_eq!(ask(all, None).await, []);
}

pub async fn a_flag_answers_for_each_record(open: Open) {
    let world = World::open(open);
    samples(&world).await;
    let flags = ["number > 1", "true", "label == null"];
    let flags = flags.map(|flag| world.condition("sample", flag, None)).to_vec();
    let page = world.query(Query { flags: flags.into(), ..world.all("sample") }).await;
    let answers: Vec<Vec<bool>> = page.rows.into_iter().map(|row| row.flags).collect();
    let expected = [[false, true, false], [true, true, false], [false, true, false], [false, true, true]];
    assert_eq!(answers, expected);
}

pub async fn a_count_ignores_the_page(open: Open) {
    let world = World::open(open);
    samples(&world).await;
    let all = world.ids(world.all("sample")).await;
    let query = Query { count: true, limit: 1, after: Some((vec![], all[0])), ..world.all("sample") };
    let page = world.query(query.clone()).await;
    assert_eq!((page.rows.len(), page.more, page.count), (1, true, Some(4)));
    let numbered = query.filtered(world.condition("sample", "number != null", None));
    let page = world.query(numbered).await;
    assert_eq!((page.rows.len(), page.more, page.count), (1, false, Some(2)));
    assert_eq!(world.query(world.all("sample")).await.count, None);
}

pub async fn an_answer_has_a_position(open: Open) {
    let world = World::open(open);
    let owner = world.account().await;
    let room = world.create("room", world.new_id(), &[("name", text("a")), ("owner", Value::Uuid(owner))]);
    let committed = world.run(Who::Account(owner), vec![room]).await.unwrap();
    let page = world.query(world.all("room")).await;
    assert_eq!(page.position, committed.position);
    assert_eq!(world.position().await, committed.position);
    let ids: BTreeSet<_> = world.changes_after(page.position).await.iter().map(|change| change.id).collect();
    assert_eq!(ids, BTreeSet::new());
}

pub async fn a_closed_question_is_answered(open: Open) {
    let world = World::open(open);
    let (owner, member) = (world.account().await, world.account().await);
    let room = world.room(owner, "asked").await;
    let record = world.get("room", room).await.unwrap();
    let about = |source: &str, account: Uuid| {
        let frame = Frame { record: Some(&record.values), ..Frame::default() };
        world.condition("room", source, Some(account)).reduce(&frame)
    };
    let is_member = about("members.exists(m, m.user == auth.id)", member);
    assert!(is_member.is_question(), "{is_member:?}");
    assert!(!world.store.holds(is_member.clone()).await.unwrap());
    let membership =
        world.made("member", &[("room", Value::Uuid(room)), ("user", Value::Uuid(member))]).await;
    assert!(world.store.holds(is_member.clone()).await.unwrap());
    assert!(!world.store.holds(Predicate::Not(Box::new(is_member.clone()))).await.unwrap());
    world.must(Who::System, world.delete("member", membership)).await;
    assert!(!world.store.holds(is_member).await.unwrap());
}
