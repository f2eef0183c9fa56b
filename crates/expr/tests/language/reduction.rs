//! What is left of a predicate when a part is known.

use super::fixture::Chat;
use super::show::show;
use super::sound;
use mainstay_expr::{FieldId, Frame, Predicate, Related, Scope, Source, Use, Value, Var, Vars, decide};
use uuid::Uuid;

fn someone() -> Vars {
    Vars { auth_id: Some(Uuid::from_u128(7)), roles: vec!["editor".to_owned()], now: 5, ..Vars::default() }
}

#[track_caller]
fn check(source: &str, scope: &dyn Scope, expected: &str) {
    let reduced = sound(source, Use::Rule).predicate.reduce(scope);
    assert_eq!(show(&Chat::new(), &reduced), expected, "{source}");
    assert_eq!(reduced.reduce(scope), reduced, "{source}: reducing twice changes nothing");
}

#[test]
fn what_the_caller_decides_leaves_the_rest() {
    let vars = someone();
    let frame = Frame { vars: Some(&vars), ..Frame::default() };
    let me = "00000000-0000-0000-0000-000000000007";
    check("author == auth.id", &frame, &format!("author == {me}"));
    check("'editor' in auth.roles || likes > 1", &frame, "true");
    check("'admin' in auth.roles || likes > 1", &frame, "likes > 1");
    check("auth.claims.plan == 'pro' && likes > 1", &frame, "false");
    check("auth.claims.plan < 'pro' || likes > 1", &frame, "likes > 1");
    check("sent < now && (draft || auth.id == null)", &frame, "(sent < Timestamp(5) and draft)");
    check("room.is_owner", &frame, &format!("some room#1[id = room]{{#1.owner == {me}}}"));
    check("author.allow.read", &frame, "some user#1[id = author]{true}");
    check("author.allow.read", &Frame { vars: Some(&Vars::default()), ..Frame::default() }, "false");
}

#[test]
fn a_null_decides_without_the_other_side() {
    let vars = Vars::default();
    let frame = Frame { vars: Some(&vars), ..Frame::default() };
    check("auth.claims.plan < title", &frame, "false");
    check("title.startsWith(auth.claims.plan)", &frame, "false");
    check("auth.claims.plan in tags", &frame, "false");
    check("auth.claims.plan == title", &frame, "false");
    check("auth.claims.plan != title", &frame, "true");
    check("!(auth.claims.plan < title)", &frame, "true");
    check("text in auth.roles", &frame, "false");
}

#[test]
fn a_known_record_leaves_a_question_about_others() {
    let mut record = vec![Value::Null; 25];
    let frame = |record: &[Value], check: &dyn Fn(&dyn Scope)| {
        check(&Frame { record: Some(record), ..Frame::default() });
    };
    frame(&record, &|scope| check("room.is_owner || likes == 1", scope, "false"));
    frame(&record, &|scope| check("room.name == null", scope, "true"));
    frame(&record, &|scope| check("replies.exists(r, r.draft)", scope, "false"));
    record[0] = Value::Uuid(Uuid::from_u128(1));
    record[1] = Value::Uuid(Uuid::from_u128(2));
    let (id, room) = (Uuid::from_u128(1), Uuid::from_u128(2));
    frame(&record, &|scope| {
        check("replies.exists(r, r.draft)", scope, &format!("some message#1[reply_to = {id}]{{#1.draft}}"));
        check("room.name == 'a'", scope, &format!("{room}>#1.name == \"a\""));
        check("replies.exists(r, r.draft && likes == 1)", scope, "false");
        check("room.name == 'a' || likes == null", scope, "true");
    });
}

#[test]
fn the_normal_form() {
    let frame = Frame::default();
    check("draft && (likes > 1 && score > 1.0)", &frame, "(draft and likes > 1 and score > Float(1.0))");
    check("draft && (likes > 1 || draft) && draft", &frame, "(draft and (likes > 1 or draft))");
    check("(draft || draft) && true", &frame, "draft");
    check("!(!(draft)) && !false", &frame, "draft");
    check("!(draft && !draft && false)", &frame, "true");
    check("likes > 1 + 1", &frame, "likes > 2");
}

#[test]
fn each_source_has_its_record() {
    let (mut old, mut new) = (vec![Value::Null; 25], vec![Value::Null; 25]);
    let likes = 7;
    (old[likes], new[likes]) = (Value::Int(1), Value::Int(2));
    let rule = sound("new.likes == old.likes + 1 && likes > 0", Use::UpdateRule).predicate;
    let change = Frame { old: Some(&old), new: Some(&new), ..Frame::default() };
    assert_eq!(show(&Chat::new(), &rule.reduce(&change)), "likes > 0");
    let known = Frame { record: Some(&new), ..change };
    assert_eq!(rule.reduce(&known), Predicate::Const(true));
    assert_eq!(known.field(Source::Bound(1), FieldId(0)), None);
    assert_eq!(known.var(&Var::Now), None);
}

struct Never;

impl Related for Never {
    type Error = ();

    fn holds(&mut self, _: &Predicate) -> Result<bool, ()> {
        Err(())
    }
}

#[test]
fn others_are_asked_only_when_it_matters() {
    let mut record = vec![Value::Null; 25];
    record[0] = Value::Uuid(Uuid::from_u128(1));
    let frame = Frame { record: Some(&record), ..Frame::default() };
    let check = |source: &str, expected: Result<bool, ()>| {
        let predicate = sound(source, Use::Rule).predicate;
        assert_eq!(decide(&predicate, &frame, &mut Never), expected, "{source}");
    };
    check("replies.exists(r, r.draft) || likes == null", Ok(true));
    check("replies.exists(r, r.draft) && likes == 1", Ok(false));
    check("replies.exists(r, r.draft)", Err(()));
}
