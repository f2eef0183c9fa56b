//! What sources become.

use super::fixture::{Chat, MESSAGE, ROOM, USER};
use super::show::{show, show_operand};
use super::{compile, sound};
use mainstay_expr::{Context, Type, Use, compile_value};

#[track_caller]
fn check(source: &str, expected: &str) {
    check_as(Use::Rule, source, expected);
}

#[track_caller]
fn check_as(usage: Use, source: &str, expected: &str) {
    let predicate = sound(source, usage).predicate;
    assert_eq!(show(&Chat::new(), &predicate), expected, "{source}");
}

#[test]
fn comparisons() {
    check("likes == 3", "likes == 3");
    check("3 < likes", "3 < likes");
    check("likes >= -3", "likes >= -3");
    check("likes != dislikes", "likes != dislikes");
    check("text <= 'b'", "text <= \"b\"");
    check("draft == false", "draft == false");
    check("meta != null && blob == null && tags == null", "(meta != null and blob == null and tags == null)");
    check("'\\u00e9' == title // the end", "\"é\" == title");
}

#[test]
fn literals_take_the_type_of_what_they_meet() {
    check("score > 1", "score > Float(1.0)");
    check("price == 1.5", "price == 1.50m");
    check("price == 2", "price == 2.00m");
    check("price < '19.99'", "price < 19.99m");
    check("price >= decimal('0.10')", "price >= 0.10m");
    check("weight == -0.125", "weight == -0.125m");
    check("day == '2026-11-21'", "day == Date(20778)");
    check("day == date('1970-01-02')", "day == Date(1)");
    check("at < '08:30'", "at < Time(30600000000)");
    check("at < time('00:00:01')", "at < Time(1000000)");
    check("sent > '1970-01-01T00:00:01Z'", "sent > Timestamp(1000000)");
    check("sent > timestamp('1970-01-01T01:00:00+01:00')", "sent > Timestamp(0)");
    check("lasts == '1h30m'", "lasts == Duration(5400000000)");
    check("lasts == duration('PT1S')", "lasts == Duration(1000000)");
    check("key == '0189c0de-0000-7000-8000-000000000001'", "key == 0189c0de-0000-7000-8000-000000000001");
    check(
        "uuid('0189c0de-0000-7000-8000-000000000001') == author",
        "0189c0de-0000-7000-8000-000000000001 == author",
    );
    check("kind == 'poll'", "kind == \"poll\"");
    check("1 == 1.0", "true");
    check("'a' < 'b'", "true");
    check("null == null", "true");
}

#[test]
fn conditions() {
    check("draft", "draft");
    check("!draft", "!draft");
    check("!!draft", "draft");
    check("draft && likes > 1 && score > 2.0", "(draft and likes > 1 and score > Float(2.0))");
    check("draft || likes > 1 && true", "(draft or likes > 1)");
    check("draft ? likes > 1 : score > 2.0", "((draft and likes > 1) or (!draft and score > Float(2.0)))");
    check("true ? draft : false", "draft");
    check("draft && draft", "draft");
    check("draft || true", "true");
    check("false", "false");
    check("has(auth.id)", "$AuthId != null");
    check("has(room.owner)", "room>#1.owner != null");
}

#[test]
fn lists_and_texts() {
    check("likes in [1, 2, 3]", "likes in [1, 2, 3]");
    check("kind in ['plain', 'poll']", "kind in [\"plain\", \"poll\"]");
    check("price in [1, 2.5]", "price in [1.00m, 2.50m]");
    check("'x' in tags", "\"x\" in tags");
    check("text in tags", "text in tags");
    check("likes in counts", "likes in counts");
    check("'admin' in auth.roles", "\"admin\" in $AuthRoles");
    check("likes in []", "false");
    check("1 in [1, 2]", "true");
    check("size(text) > 3", "size(text) > 3");
    check("tags.size() == 0", "size(tags) == 0");
    check("size('é') == 1", "true");
    check("text.startsWith('a')", "StartsWith(text, \"a\")");
    check("text.endsWith(title)", "EndsWith(text, title)");
    check("title.lowerAscii().contains('x')", "Contains(lower(title), \"x\")");
    check("'abc'.contains('b')", "true");
}

#[test]
fn arithmetic() {
    check("likes + dislikes * 2 > 10", "(likes + (dislikes * 2):Int):Int > 10");
    check("0 - likes < 3", "(0 - likes):Int < 3");
    check("sent + duration('1h') < now", "(sent + Duration(3600000000)):Timestamp < $Now");
    check("now - sent > duration('24h')", "($Now - sent):Duration > Duration(86400000000)");
    check("now - sent > '24h'", "($Now - sent):Duration > Duration(86400000000)");
    check("lasts + lasts == lasts", "(lasts + lasts):Duration == lasts");
    check("1 + 2 == 3", "true");
    check("-(1) == -1", "true");
}

#[test]
fn variables() {
    check("author == auth.id", "($AuthId != null and author == $AuthId)");
    check("key == auth.id", "($AuthId != null and key == $AuthId)");
    check("auth.claims.plan == 'pro'", "$AuthClaim(\"plan\") == \"pro\"");
    check("request.address == '::1'", "$RequestAddress == \"::1\"");
    check("request.operation == 'message.list'", "$RequestOperation == \"message.list\"");
    check_as(Use::UpdateRule, "new.author == old.author", "new.author == old.author");
    check_as(Use::UpdateRule, "old.room.owner == author", "old.room>#1.owner == author");
    check_as(Use::Check, "sent <= now && seen != null", "(sent <= $Now and seen != null)");
}

#[test]
fn steps_along_refs() {
    check("room == null", "room == null");
    check("room.owner == auth.id", "($AuthId != null and room>#1.owner == $AuthId)");
    check("room.owner.name == 'x'", "room>#1.owner>#2.name == \"x\"");
    check("reply_to.room.owner == author", "reply_to>#1.room>#2.owner == author");
    check("room.name == 'a' || room.name == 'b'", "(room>#1.name == \"a\" or room>#1.name == \"b\")");
    check("room.id == reply_to.room", "room == reply_to>#1.room");
}

#[test]
fn searches_among_children() {
    check("replies.exists(r, r.draft)", "some message#1[reply_to = id]{#1.draft}");
    check("replies.all(r, r.draft)", "!some message#1[reply_to = id]{!#1.draft}");
    check(
        "room.members.exists(m, m.user == auth.id)",
        "some member#1[room = room]{($AuthId != null and #1.user == $AuthId)}",
    );
    check(
        "replies.exists(r, r.replies.exists(s, s.author == r.author && s.likes > likes))",
        "some message#1[reply_to = id]{some message#2[reply_to = #1.id]{(#2.author == #1.author and #2.likes > likes)}}",
    );
    check(
        "replies.exists(r, r.room.members.exists(m, m.user == author))",
        "some message#1[reply_to = id]{some member#2[room = #1.room]{#2.user == author}}",
    );
    check(
        "reply_to.room.members.exists(m, m.room.name == 'x')",
        "some member#2[room = reply_to>#1.room]{#2.room>#3.name == \"x\"}",
    );
    check("replies.exists(likes, likes.likes > 1)", "some message#1[reply_to = id]{#1.likes > 1}");
}

#[test]
fn deferral_and_named_predicates() {
    check("mine", "($AuthId != null and author == $AuthId)");
    check(
        "room.allow.read",
        "some room#1[id = room]{(($AuthId != null and #1.owner == $AuthId) or some member#2[room = #1.id]{($AuthId != null and #2.user == $AuthId)})}",
    );
    check("room.is_owner", "some room#1[id = room]{($AuthId != null and #1.owner == $AuthId)}");
    check(
        "replies.exists(r, r.mine)",
        "some message#1[reply_to = id]{($AuthId != null and #1.author == $AuthId)}",
    );
    check(
        "reply_to.room.is_owner",
        "some room#2[id = reply_to>#1.room]{($AuthId != null and #2.owner == $AuthId)}",
    );
    check("author.allow.read", "some user#1[id = author]{$AuthId != null}");
    check("author.allow.update", "false");
    // A fault within another text is that text's own.
    check("room.broken", "false");
}

#[test]
fn what_lacks_an_index_is_told() {
    let check = |source: &str, expected: &[&str]| {
        assert_eq!(sound(source, Use::Filter).unindexed, expected, "{source}");
    };
    check("author == auth.id && sent > now", &[]);
    check("likes > 1 && text == 'a' && likes < 9", &["text", "likes"]);
    check("'a' == title || kind in ['poll']", &["title", "kind"]);
    check("text.startsWith('a') && title.contains('b')", &["text"]);
    check("draft || !draft", &["draft"]);
    check("room.name == 'a' && replies.exists(r, r.likes > 1)", &[]);
}

#[test]
fn used_predicates_are_told_once() {
    let used =
        sound("mine && (room.is_owner || room.is_owner || room.allow.read)", Use::Rule).used_predicates;
    let expected = [(MESSAGE, "mine"), (ROOM, "is_owner"), (ROOM, "is_member")];
    assert_eq!(used, expected.map(|(model, name)| (model, name.to_owned())));
}

#[test]
fn costs() {
    let check = |source: &str, expected: u32| {
        assert_eq!(sound(source, Use::Rule).cost, expected, "{source}");
    };
    check("true", 0);
    check("likes == 1", 1);
    check("likes == 1 || text.contains('a')", 3);
    check("likes in [1, 2, 3]", 4);
    check("room.name == 'a'", 11);
    check("room.owner.name == 'a'", 21);
    check("replies.exists(r, r.likes == 1 && r.draft)", 100);
    check("replies.exists(r, true)", 50);
    check("room.is_owner", 12);
    check("replies.exists(r, r.replies.exists(s, s.draft))", 2_500);
}

#[test]
fn defaults() {
    let chat = Chat::new();
    let context = Context { model: Some(MESSAGE), usage: Use::Default };
    let check = |source: &str, ty: Type, expected: &str| {
        let operand =
            compile_value(source, &ty, context, &chat).unwrap_or_else(|faults| panic!("{faults:?}"));
        assert_eq!(show_operand(&chat, &operand), expected, "{source}");
    };
    check("auth.id", Type::Ref(USER), "$AuthId");
    check("now", Type::Timestamp, "$Now");
    check("now + duration('P1D')", Type::Timestamp, "($Now + Duration(86400000000)):Timestamp");
    check("1 + 2", Type::Int, "3");
    check("1.5", Type::Decimal { scale: 2 }, "1.50m");
    check("['a', 'b']", Type::List(Box::new(Type::Text)), "[\"a\", \"b\"]");
    check("auth.roles", Type::List(Box::new(Type::Text)), "$AuthRoles");
    check("null", Type::Text, "null");
    check("true", Type::Bool, "true");
}

#[test]
fn a_source_without_a_record_knows_the_caller() {
    let context = Context { model: None, usage: Use::Rule };
    let compiled = mainstay_expr::compile("'admin' in auth.roles", context, &Chat::new());
    assert!(compiled.is_ok_and(|compiled| compiled.unindexed.is_empty()));
    assert!(mainstay_expr::compile("likes == 1", context, &Chat::new()).is_err());
    assert!(compile("likes == 1", Use::Rule).is_ok());
}
