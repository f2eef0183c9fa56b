//! Channels: what their files say, and what is found in those that are broken.

use crate::support::{check, load};
use mainstay_expr::{Frame, Predicate, Value};
use uuid::Uuid;

const ROOM: (&str, &str) = (
    "models/room.toml",
    "[fields]\nowner = { type = \"ref\", model = \"user\" }\nopen = \"bool\"\n[predicates]\nis_owner = \"owner == auth.id\"\n\
     [allow]\nread = \"is_owner\"\n",
);

fn check_channel(text: &str, expected: &[&str]) {
    let expected: Vec<String> =
        expected.iter().map(|line| line.replacen(' ', " channels/talk.toml:", 1)).collect();
    let files = [("mainstay.toml", ""), ROOM, ("channels/talk.toml", text)];
    check(&files, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn a_pattern_is_words_and_variables() {
    check_channel("pattern = \"lobby\"", &[]);
    check_channel("pattern = \"room/{room}/typing\"\n[variables]\nroom = \"room\"", &[]);
    check_channel("doc = \"x\"", &["option_missing 1:1 "]);
    for pattern in ["", "/", "a/", "{a}", "{a}/b", "a/{b", "a b", "a/b{c}", "ä"] {
        let fault = format!("bad_pattern 1:11 \"{pattern}\"");
        check_channel(&format!("pattern = \"{pattern}\""), &[&fault]);
    }
    check_channel("pattern = \"a/{B}\"", &["bad_name 1:11 \"a/{B}\""]);
    check_channel("pattern = \"a/{auth}\"", &["reserved_name 1:11 \"a/{auth}\""]);
    check_channel("pattern = \"a/{b}/{b}\"", &["name_clash 1:11 \"a/{b}/{b}\""]);
}

#[test]
fn variables_have_types() {
    let check_type = |ty: &str, expected: &[&str]| {
        check_channel(&format!("pattern = \"a/{{x}}\"\n[variables]\nx = \"{ty}\""), expected);
    };
    for good in ["string", "int", "uuid", "room", "user"] {
        check_type(good, &[]);
    }
    check_type("rom", &["unknown_model 3:5 \"rom\""]);
    check_type("_session", &["unknown_model 3:5 \"_session\""]);
    check_channel("pattern = \"a\"\n[variables]\ny = \"int\"", &["unknown_key 3:1 y"]);
}

#[test]
fn rules_are_checked_against_the_variables() {
    let check_rule = |rule: &str, expected: &[&str]| {
        let text = format!(
            "pattern = \"room/{{room}}\"\n[variables]\nroom = \"room\"\n[allow]\npublish = \"{rule}\""
        );
        check_channel(&text, expected);
    };
    for good in ["auth.id != null", "room.is_owner", "room.allow.read", "room.owner == auth.id && room.open"]
    {
        check_rule(good, &[]);
    }
    check_rule("true", &["?rule_always_true 5:11 \"true\""]);
    check_rule("rom.open", &["expr_unknown_name 5:12 rom"]);
    check_rule("room.opne", &["expr_unknown_name 5:17 opne"]);
    check_rule("room == 7", &["expr_type 5:20 7"]);
    check_channel("pattern = \"a\"\n[allow]\nhear = \"true\"", &["unknown_key 3:1 hear"]);
    check_channel("pattern = \"a\"\nmax_bytes = 65537", &["out_of_range 2:13 65537"]);
}

#[test]
fn no_name_is_of_two_patterns() {
    let files = [
        ("mainstay.toml", ""),
        ROOM,
        ("channels/a.toml", "pattern = \"room/{x}\""),
        ("channels/b.toml", "pattern = \"room/lobby\""),
        ("channels/c.toml", "pattern = \"room/{x}/typing\""),
    ];
    check(&files, &["channel_clash channels/b.toml:1:11 \"room/lobby\""]);
}

#[test]
fn a_rule_reduces_with_the_values_of_a_name() {
    let text =
        "pattern = \"user/{user}\"\n[variables]\nuser = \"user\"\n[allow]\nsubscribe = \"user == auth.id\"";
    let application = load(&[ROOM, ("channels/own.toml", text)]);
    let id = Uuid::from_u128(7);
    let (channel, values) = application.channel(&format!("user/{id}")).unwrap();
    assert_eq!(values, [Value::Uuid(id)]);
    let rule = channel.subscribe.as_ref().unwrap();
    let reduced = |user| {
        let vars = mainstay_expr::Vars { auth_id: user, ..Default::default() };
        rule.predicate.reduce(&Frame { vars: Some(&vars), record: Some(&values), ..Frame::default() })
    };
    assert_eq!(reduced(Some(id)), Predicate::Const(true));
    assert_eq!(reduced(Some(Uuid::nil())), Predicate::Const(false));
    assert_eq!(reduced(None), Predicate::Const(false));
    assert!(application.channel("user/me").is_none() && application.channel("users").is_none());
}
