//! Faults in expressions, marked inside the TOML strings they stand in.

use crate::support::check_note;

const FIELDS: &str = "[fields]\ntitle = { type = \"string\", index = true }\nowner = { type = \"ref\", model = \"user\" }\n\
                      state = { type = \"enum\", values = [\"open\", \"closed\"] }\nrank = \"int\"\n";

/// What follows the fields above, from line 6 on, has these faults.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    check_note(&format!("{FIELDS}{text}"), expected);
}

#[test]
fn rules() {
    check("[allow]\nread = \"owner == auth.id\"", &[]);
    check("[allow]\nread = \"ownr == auth.id\"", &["expr_unknown_name 7:9 ownr"]);
    check("[allow]\nread = \"owner == auth.id &&\"", &["expr_syntax 7:28 "]);
    check("[allow]\nread = \"new.title == 'x'\"", &["expr_unsupported 7:9 new"]);
    check("[allow]\nupdate = \"new.title == old.title && owner == auth.id\"", &[]);
    check("[allow]\nread = \"rank\"", &["expr_type 7:9 rank"]);
}

#[test]
fn marks_go_through_the_escapes_of_toml() {
    check("[allow]\nread = 'ownr == auth.id'", &["expr_unknown_name 7:9 ownr"]);
    check("[allow]\nread = \"title == \\\"é\\\" || ownr == auth.id\"", &["expr_unknown_name 7:27 ownr"]);
    check(
        "[allow]\nread = \"\"\"\n  title == 'x'\n  || ownr == auth.id\"\"\"",
        &["expr_unknown_name 9:6 ownr"],
    );
    check("[allow]\nread = '''title == \"x\"\n  || ownr == auth.id'''", &["expr_unknown_name 8:6 ownr"]);
    check(
        "[allow]\nread = \"\"\"title == 'x' || \\\n    ownr == auth.id\"\"\"",
        &["expr_unknown_name 8:5 ownr"],
    );
}

#[test]
fn every_expression_is_checked() {
    check(
        "[allow]\nread = \"a == 1\"\ncreate = \"b == 1\"\nupdate = \"c == 1\"\ndelete = \"d == 1\"\n\
         [predicates]\np = \"e == 1\"\n[[checks]]\nrule = \"f == 1\"\nmessage = \"no\"",
        &[
            "expr_unknown_name 7:9 a",
            "expr_unknown_name 8:11 b",
            "expr_unknown_name 9:11 c",
            "expr_unknown_name 10:11 d",
            "expr_unknown_name 12:6 e",
            "expr_unknown_name 14:9 f",
        ],
    );
    let field = "x = { type = \"int\", read = \"g == 1\", write = \"h == 1\", check = \"i == 1\", default = { cel = \"j\" } }";
    check(
        field,
        &[
            "expr_unknown_name 6:29 g",
            "expr_unknown_name 6:47 h",
            "expr_unknown_name 6:65 i",
            "expr_unknown_name 6:93 j",
        ],
    );
}

#[test]
fn what_follows_from_a_reported_fault_is_not_reported() {
    check_note(
        "[fields]\na = \"nit\"\nb = \"int\"\n[allow]\nread = \"a == b || z == b\"",
        &["unknown_value 2:5 \"nit\"", "expr_unknown_name 5:19 z"],
    );
}

#[test]
fn rules_that_anybody_passes() {
    check("[allow]\nread = \"true\"", &[]);
    check("[allow]\ncreate = \"true\"", &["?rule_always_true 7:10 \"true\""]);
    check(
        "[allow]\ndelete = \"1 == 1 || owner == auth.id\"",
        &["?rule_always_true 7:10 \"1 == 1 || owner == auth.id\""],
    );
}

#[test]
fn rules_without_an_index() {
    check("[allow]\nread = \"rank == 1\"", &["?rule_no_index 7:8 \"rank == 1\""]);
    check("[allow]\nread = \"title == 'x'\"\nupdate = \"rank == 1\"", &[]);
    check("[allow]\nread = \"rank == 1\"\n[[indexes]]\nfields = [\"rank\", \"title\"]", &[]);
}

#[test]
fn lookups_without_an_index() {
    let check = |member: &str, room: &str, expected: &[&str]| {
        let member = format!(
            "[fields]\nroom = {{ type = \"ref\", model = \"room\", inverse = \"members\" }}\n\
            user = {{ type = \"ref\", model = \"user\", inverse = \"memberships\" }}\nname = \"string\"\n{member}"
        );
        crate::support::check(
            &[("mainstay.toml", ""), ("models/member.toml", &member), ("models/room.toml", room)],
            expected,
        );
    };
    let rule = "[allow]\nread = \"members.exists(m, m.user == auth.id)\"\nupdate = \"members.exists(m, m.user == auth.id)\"";
    let once = "?lookup_no_index models/room.toml:2:8 \"members.exists(m, m.user == auth.id)\"";
    check("", rule, &[once]);
    check("[[indexes]]\nfields = [\"user\", \"name\"]", rule, &[once]);
    check("[[indexes]]\nfields = [\"user\", \"room\"]", rule, &[]);
    check("[[indexes]]\nfields = [\"room\", \"user\"]\nunique = true", rule, &[]);
    check("", "[allow]\nread = \"members.exists(m, m.name != 'x')\"", &[]);
    check("", "[allow]\nread = \"members.exists(m, m.id == auth.id)\"", &[]);
}

#[test]
fn predicates() {
    check("[predicates]\nopen = \"state == 'open'\"", &["?unused_predicate 7:8 \"state == 'open'\""]);
    check("[predicates]\nopen = \"state == 'open'\"\n[allow]\ndelete = \"open\"", &[]);
    check("[predicates]\nmine = \"mine\"", &["expr_circular 7:9 mine"]);
    check("[predicates]\ntitle = \"true\"", &["name_clash 7:1 title"]);
    check("[predicates]\nnow = \"true\"", &["reserved_name 7:1 now"]);
}

#[test]
fn checks() {
    check("[[checks]]\nrule = \"rank > 0\"", &["option_missing 6:1 [[checks]]"]);
    check("[[checks]]\nmessage = \"no\"", &["option_missing 6:1 [[checks]]"]);
    check("[[checks]]\nrule = 1\nmessage = \"no\"", &["wrong_type 7:8 1"]);
    check("[[checks]]\nrule = \"owner == auth.id\"\nmessage = \"no\"", &["expr_unsupported 7:18 auth"]);
}
