//! Diagnostics as people see them.

use crate::support::diagnostics;
use std::path::Path;

#[track_caller]
fn check(note: &str, expected: &str) {
    let found = diagnostics(&[("mainstay.toml", ""), ("models/note.toml", note)]);
    assert_eq!(found.render(false).trim_end(), expected.trim());
}

#[test]
fn an_error_with_a_hint() {
    check(
        "[fields]\ntitle = { type = \"strng\" }\nsize = { type = \"int\", scale = 1 }\n",
        r#"
error[unknown_value]: `strng` is not one of bool, int, float, decimal, string, text, uuid, date, time, timestamp, duration, json, bytes, enum, list, ref, secret
 --> models/note.toml:2:18
  |
2 | title = { type = "strng" }
  |                  ^^^^^^^
  |
  = help: did you mean `string`?

error[unfit_option]: `scale` does not fit the type int
 --> models/note.toml:3:24
  |
3 | size = { type = "int", scale = 1 }
  |                        ^^^^^
  |
  = help: it fits decimal
"#,
    );
}

#[test]
fn the_example_of_the_readme_is_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let text = |name: &str| read(&format!("examples/chat/{name}"));
    let message = text("models/message.toml").replace("update = \"is_author\"", "update = \"is_autor\"");
    let found = diagnostics(&[
        ("mainstay.toml", &text("mainstay.toml")),
        ("models/member.toml", &text("models/member.toml")),
        ("models/message.toml", &message),
        ("models/room.toml", &text("models/room.toml")),
    ]);
    let printed = found.render(false);
    assert!(printed.contains("did you mean `is_author`?"), "{printed}");
    assert!(read("README.md").contains(printed.trim_end()), "the README does not show\n{printed}");
}

#[test]
fn a_fault_without_a_file() {
    let found = diagnostics(&[("models/note.toml", "")]);
    assert_eq!(
        found.render(false).trim_end(),
        "error[config_missing]: there is no mainstay.toml here, so this is not a project folder\n |\n = help: `mainstay init` makes one"
    );
}

#[test]
fn colour_is_only_added_when_asked_for() {
    let found = diagnostics(&[("mainstay.toml", "x = 1")]);
    assert!(found.render(true).contains("\u{1b}["));
    assert!(!found.render(false).contains('\u{1b}'));
}

#[test]
fn wide_and_broken_lines() {
    let found = diagnostics(&[("mainstay.toml", "\u{feff}name = 1\r\n\"名前\" = 1\r\n")]);
    let text = found.render(false);
    assert!(text.contains("mainstay.toml:2:1"), "{text}");
}
