//! What is wrong with a source, and where.

use super::compile;
use super::fixture::{Chat, MESSAGE};
use mainstay_expr::{Context, Fault, Type, Use, compile_value};

/// Each fault as its code and the marked text.
fn faults(source: &str, usage: Use) -> Vec<(&'static str, String)> {
    let faults = compile(source, usage).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.code, source[fault.span].to_owned())).collect()
}

#[track_caller]
fn check(source: &str, expected: &[(&str, &str)]) {
    check_as(Use::Rule, source, expected);
}

#[track_caller]
fn check_as(usage: Use, source: &str, expected: &[(&str, &str)]) {
    let expected: Vec<(&str, String)> =
        expected.iter().map(|(code, marked)| (*code, (*marked).to_owned())).collect();
    assert_eq!(faults(source, usage), expected, "{source}");
}

#[track_caller]
fn check_hint(source: &str, expected: &str) {
    let faults = compile(source, Use::Rule).err().unwrap_or_default();
    let hints: Vec<&str> = faults.iter().filter_map(|fault| fault.hint.as_deref()).collect();
    assert!(hints.iter().any(|hint| hint.contains(expected)), "{source}: {faults:#?}");
}

#[test]
fn syntax() {
    check("", &[("expr_syntax", "")]);
    check("likes ==", &[("expr_syntax", "")]);
    check("likes == 1 2", &[("expr_syntax", "2")]);
    check("(likes == 1", &[("expr_syntax", "(")]);
    check("likes == 1)", &[("expr_syntax", ")")]);
    check("(likes == 1]", &[("expr_syntax", "]")]);
    check("text == 'open", &[("expr_syntax", "'open")]);
    check("é == 1", &[("expr_syntax", "é")]);
    check("likes = 1", &[("expr_syntax", "=")]);
    check("likes & 1", &[("expr_syntax", "&")]);
    check("likes == 9223372036854775808", &[("expr_syntax", "9223372036854775808")]);
    check("text == '\\q'", &[("expr_syntax", "'\\q'")]);
    check("likes == 99999999999999999999", &[("expr_syntax", "99999999999999999999")]);
    check("if == 1", &[("expr_syntax", "if")]);
}

#[test]
fn bounds() {
    let long = format!("text == '{}'", "x".repeat(5_000));
    assert_eq!(faults(&long, Use::Filter), [("expr_too_long", long.clone())]);
    let deep = format!("{}true{}", "(".repeat(30), ")".repeat(30));
    assert_eq!(faults(&deep, Use::Filter), [("expr_too_deep", "(".to_owned())]);
    check(&format!("{}draft", "!".repeat(40)), &[("expr_too_deep", "!")]);
    check(&format!("a{}", ".b".repeat(40)), &[("expr_too_deep", ".")]);
    check(&format!("likes{} > 1", " + 1".repeat(40)), &[("expr_too_deep", "+")]);
    check(&"draft ? draft : ".repeat(40), &[("expr_too_deep", "?")]);
    check(&format!("tags{}", "[0]".repeat(40)), &[("expr_too_deep", "[")]);
    assert!(compile(&vec!["likes == 1"; 290].join(" || "), Use::Filter).is_ok(), "a flat chain is not deep");
    let triple = "replies.exists(a, a.replies.exists(b, b.replies.exists(c, c.draft)))";
    check(triple, &[("expr_too_expensive", triple)]);
    check("reply_to.reply_to.reply_to.reply_to.likes == 1", &[("expr_too_deep", "likes")]);
}

#[test]
fn unknown_names() {
    check("lieks == 1", &[("expr_unknown_name", "lieks")]);
    check_hint("lieks == 1", "did you mean `likes`?");
    check("room.ownr == auth.id", &[("expr_unknown_name", "ownr")]);
    check_hint("room.ownr == auth.id", "did you mean `owner`?");
    check("auth.identity == null", &[("expr_unknown_name", "identity")]);
    check_hint("mien || draft", "did you mean `mine`?");
    check_hint("room.is_membr", "did you mean `is_member`?");
    check_hint("auth.role == null", "did you mean `roles`?");
    check("request.path == '/'", &[("expr_unknown_name", "path")]);
    check("room.allow.raed", &[("expr_unknown_name", "raed")]);
    check_hint("room.allow.raed", "did you mean `read`?");
    check("replies.exists(reply, repl.draft)", &[("expr_unknown_name", "repl")]);
    check_hint("replies.exists(reply, repl.draft)", "did you mean `reply`?");
    check("a == 1 && b == 2", &[("expr_unknown_name", "a"), ("expr_unknown_name", "b")]);
}

#[test]
fn types() {
    check("likes == 'x'", &[("expr_type", "'x'")]);
    check("likes == 1.5", &[("expr_type", "1.5")]);
    check("text == 1", &[("expr_type", "1")]);
    check("likes == text", &[("expr_type", "text")]);
    check("price == 1.555", &[("expr_type", "1.555")]);
    check("price == -1.555", &[("expr_type", "-1.555")]);
    check("price == weight", &[("expr_type", "weight")]);
    check_hint("price == weight", "one scale");
    check("price == 1e30", &[("expr_type", "1e30")]);
    check("room == author", &[("expr_type", "author")]);
    check("key == 'x'", &[("expr_type", "'x'")]);
    check(
        "author == '{0189c0de-0000-7000-8000-000000000001}'",
        &[("expr_type", "'{0189c0de-0000-7000-8000-000000000001}'")],
    );
    check("day == '2026-02-30'", &[("expr_type", "'2026-02-30'")]);
    check("sent == '2026-11-21'", &[("expr_type", "'2026-11-21'")]);
    check("lasts == duration('1 hour')", &[("expr_type", "'1 hour'")]);
    check("kind == 'pol'", &[("expr_type", "'pol'")]);
    check_hint("kind == 'pol'", "did you mean `poll`?");
    check("kind in ['poll', 'x']", &[("expr_type", "'x'")]);
    check_hint("kind == 'x'", "plain, poll, notice");
    check("text == 'a\\u0000'", &[("expr_type", "'a\\u0000'")]);
    check("draft < true", &[("expr_type", "draft")]);
    check("likes < null", &[("expr_type", "null")]);
    check("likes", &[("expr_type", "likes")]);
    check("'x'", &[("expr_type", "'x'")]);
    check("draft && likes", &[("expr_type", "likes")]);
    check("!(likes + 1)", &[("expr_type", "likes + 1")]);
    check("room", &[("expr_type", "room")]);
    check("auth == null", &[("expr_type", "auth")]);
    check("replies == null", &[("expr_type", "replies")]);
    check("(likes > 1) == true", &[("expr_type", "likes > 1")]);
    check("(likes > 1) == (score > 1.0)", &[("expr_type", "likes > 1")]);
    check("likes in ['a']", &[("expr_type", "'a'")]);
    check("likes in tags", &[("expr_type", "likes")]);
    check("likes in [1, null]", &[("expr_type", "null")]);
    check("null in tags", &[("expr_type", "null")]);
    check("likes in likes", &[("expr_type", "likes")]);
    check("likes in replies", &[("expr_type", "replies")]);
    check("likes.startsWith('a')", &[("expr_type", "likes")]);
    check("tags.contains('a')", &[("expr_type", "tags")]);
    check_hint("tags.contains('a')", "x in list");
    check("size(likes) == 1", &[("expr_type", "likes")]);
    check("tags.exists(t, t == 'a')", &[("expr_type", "tags")]);
    check("text.name == 'a'", &[("expr_type", "name")]);
    check("timestamp(text) == sent", &[("expr_type", "text")]);
    check("size(text, title) == 1", &[("expr_type", "size")]);
    check("text.startsWith() && draft", &[("expr_type", "startsWith")]);
}

#[test]
fn what_is_not_part_of_the_language() {
    check("likes / 2 == 1", &[("expr_unsupported", "/")]);
    check("likes % 2 == 1", &[("expr_unsupported", "%")]);
    check("tags[0] == 'a'", &[("expr_unsupported", "[")]);
    check("text.matches('a')", &[("expr_unsupported", "matches")]);
    check_hint("text.matches('a')", "pattern");
    check("sent.getFullYear() == 2026", &[("expr_unsupported", "getFullYear")]);
    check("replies.exists_one(r, r.draft)", &[("expr_unsupported", "exists_one")]);
    check("replies.filter(r, r.draft) == null", &[("expr_unsupported", "filter")]);
    check("replies.map(r, r.likes) == null", &[("expr_unsupported", "map")]);
    check("likes == 1u", &[("expr_unsupported", "1u")]);
    check("blob == b'x'", &[("expr_unsupported", "b'x'")]);
    check("{'a': 1} == null", &[("expr_unsupported", "{'a': 1}")]);
    check("tags == ['a']", &[("expr_type", "['a']")]);
    check("tags == tags", &[("expr_unsupported", "tags")]);
    check("meta == meta", &[("expr_unsupported", "meta")]);
    check("likes in [likes, 1]", &[("expr_unsupported", "likes")]);
    check("score + 1.0 > 2.0", &[("expr_unsupported", "score + 1.0")]);
    check("text + 'a' == 'b'", &[("expr_unsupported", "text + 'a'")]);
    check("sent + '24h' > now", &[("expr_unsupported", "sent + '24h'")]);
    check_hint("sent + '24h' > now", "duration(\"24h\")");
    check("-likes == 1", &[("expr_unsupported", "likes")]);
    check("sqrt(likes) == 1", &[("expr_unsupported", "sqrt")]);
    check("has(draft)", &[("expr_unsupported", "draft")]);
    check_hint("has(draft)", "!= null");
    check("draft ? likes : score", &[("expr_type", "likes"), ("expr_type", "score")]);
    check("size(replies) == 1", &[("expr_unsupported", "replies")]);
    check("replies.exists(auth, auth.id == null)", &[("expr_unsupported", "exists")]);
    check("old.likes == 1", &[("expr_unsupported", "old")]);
    check("room.allow.update", &[("expr_unsupported", "update")]);
}

#[test]
fn what_a_use_does_not_know() {
    check_as(Use::Check, "author == auth.id", &[("expr_unsupported", "auth")]);
    check_as(Use::Check, "room.name == 'a'", &[("expr_unsupported", "name")]);
    check_as(Use::Check, "replies.exists(r, r.draft)", &[("expr_unsupported", "replies")]);
    check_as(Use::Check, "mine", &[("expr_unsupported", "mine")]);
    check_as(Use::Filter, "request.address == ''", &[("expr_unsupported", "request")]);
    check_as(Use::Filter, "room.from_home", &[("expr_unsupported", "from_home")]);
    check_as(Use::Filter, "new.likes == 1", &[("expr_unsupported", "new")]);
    check_as(Use::Default, "likes == 1", &[("expr_unsupported", "likes")]);
}

#[test]
fn secrets_are_read_by_nothing() {
    for usage in [Use::Rule, Use::UpdateRule, Use::Check, Use::Filter] {
        check_as(usage, "pin == 'x'", &[("expr_secret", "pin")]);
    }
    check("replies.exists(r, r.pin != null)", &[("expr_secret", "pin")]);
    check("has(reply_to.pin)", &[("expr_secret", "pin")]);
}

#[test]
fn circles() {
    check("room.chicken", &[("expr_circular", "chicken")]);
    let faults = compile("room.chicken", Use::Rule).err().unwrap_or_default();
    let message = "refers to itself: room.chicken → room.egg → room.chicken";
    assert!(faults.iter().any(|fault| fault.message == message), "{faults:#?}");
}

#[test]
fn positions_are_bytes_also_behind_wide_characters() {
    check("text == 'é' && lieks == 1", &[("expr_unknown_name", "lieks")]);
    check("text == 'a' && // ✓\n lieks == 1 // ✓", &[("expr_unknown_name", "lieks")]);
    check(
        "r.a == 1 && room . // x\n ownr == null",
        &[("expr_unknown_name", "r"), ("expr_unknown_name", "ownr")],
    );
}

#[test]
fn defaults() {
    let context = Context { model: Some(MESSAGE), usage: Use::Default };
    let check = |source: &str, ty: Type, code: &str, marked: &str| {
        let faults: Vec<Fault> = compile_value(source, &ty, context, &Chat::new()).err().unwrap_or_default();
        let faults: Vec<_> = faults.into_iter().map(|fault| (fault.code, &source[fault.span])).collect();
        assert_eq!(faults, [(code, marked)], "{source}");
    };
    check("1", Type::Text, "expr_type", "1");
    check("now", Type::Date, "expr_type", "now");
    check("likes + 1", Type::Int, "expr_unsupported", "likes");
    check("auth.id != null", Type::Bool, "expr_type", "auth.id != null");
    check("['a', 1]", Type::List(Box::new(Type::Text)), "expr_type", "1");
    check("old", Type::Text, "expr_unsupported", "old");
}
