//! Random expressions as a client would write them.

use crate::generate::TEXTS;
use crate::random::Random;

/// Types by the name of their fields in the sample application, with literals of each.
const SCALARS: [(&str, &[&str]); 9] = [
    (
        "count",
        &[
            "-1",
            "0",
            "2",
            "9007199254740993",
            "9223372036854775807",
            "count_required * 2",
            "title.size()",
            "count_list.size()",
        ],
    ),
    ("ratio", &["-0.0", "0.1", "1e23", "0"]),
    ("price", &["1.5", "-1.50", "0", "\"0.01\""]),
    (
        "title",
        &[
            "\"\"",
            "'ab'",
            "'\u{1F600}'",
            "title.lowerAscii()",
            "place.name",
            "place.parent.name.lowerAscii()",
        ],
    ),
    ("mark", &["'00000000-0000-0000-0000-000000000001'", "place.id"]),
    ("day", &["'1970-01-02'"]),
    ("clock", &["'00:00'"]),
    ("at", &["'1970-01-01T00:00:00.000001Z'", "at_required - duration('1h')", "created_at"]),
    ("span", &["'PT0S'", "at - at_required", "span + span_required"]),
];

/// A condition on a `note`, in brackets.
pub(crate) fn note(random: &mut Random, depth: usize) -> String {
    let condition = match random.below(if depth == 0 { 5 } else { 11 }) {
        0 | 1 => comparison(random),
        2 => text_test(random),
        3 => membership(random),
        4 => null_test(random),
        5 | 6 => format!("{} && {}", note(random, depth - 1), note(random, depth - 1)),
        7 | 8 => format!("{} || {}", note(random, depth - 1), note(random, depth - 1)),
        9 => format!("!{}", note(random, depth - 1)),
        _ => relation(random),
    };
    format!("({condition})")
}

fn comparison(random: &mut Random) -> String {
    if random.once_in(8) {
        return (*random.pick(&["flag", "flag_required", "flag == true", "false != flag", "true"]))
            .to_owned();
    }
    let (field, literals) = random.pick(&SCALARS);
    let operator = *random.pick(&["==", "!=", "<", "<=", ">", ">="]);
    let required = format!("{field}_required");
    let left = *random.pick(&[field, required.as_str()]);
    let right = *random.pick(&[&[required.as_str(), field], *literals].concat());
    format!("{left} {operator} {right}")
}

fn text_test(random: &mut Random) -> String {
    let subjects = ["title", "title_required", "place.name", "title.lowerAscii()"];
    let test = *random.pick(&["startsWith", "endsWith", "contains"]);
    let literal = format!("'{}'", random.pick(&TEXTS).replace('\'', "\\'"));
    let needle = *random.pick(&[literal.as_str(), literal.as_str(), "title", "place.parent.name"]);
    format!("{}.{test}({needle})", random.pick(&subjects))
}

fn membership(random: &mut Random) -> String {
    let lists = [
        "title in ['', 'a', '\u{10FFFF}']",
        "count in [1, 2, -1]",
        "price_required in [1.5, 0]",
        "at in at_list",
    ];
    let (field, literals) = random.pick(&SCALARS);
    let element = *random.pick(&[field, literals[0]]);
    let own = format!("{element} in {field}_list");
    if random.once_in(3) { (*random.pick(&lists)).to_owned() } else { own }
}

fn null_test(random: &mut Random) -> String {
    let fields =
        ["document", "raw", "title", "count_list", "place.rank", "deleted_at", "place.parent.open", "place"];
    format!("{} {} null", random.pick(&fields), random.pick(&["==", "!="]))
}

/// A search among children, or a step along a ref. More searches within each other would cost too much.
fn relation(random: &mut Random) -> String {
    let inner = note(random, 0);
    let quantifier = *random.pick(&["exists", "all"]);
    match random.below(5) {
        0 => format!("ticks.{quantifier}(t, t.count > 0 || {inner})"),
        1 => format!("ticks.{quantifier}(t, t.note.place.open && t.count <= 1)"),
        2 => format!(
            "place.notes.{quantifier}(n, n.title == title || n.ticks.exists(t, t.count == count) && {inner})"
        ),
        3 => format!("place.places.{quantifier}(p, p.rank > place.rank || !p.notes.exists(n, n.flag))"),
        _ => "place.open ? place.parent.rank >= 0 : count == 1".to_owned(),
    }
}
