//! Whatever the files hold, loading ends with an answer.

use mainstay_model::Project;
use proptest::prelude::*;

const CONFIG: &str = include_str!("../../../../examples/chat/mainstay.toml");
const ROOM: &str = include_str!("../../../../examples/chat/models/room.toml");
const MEMBER: &str = include_str!("../../../../examples/chat/models/member.toml");
const MESSAGE: &str = include_str!("../../../../examples/chat/models/message.toml");

/// Pieces that mean something in TOML or in CEL.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "\\",
    "\\u00e9",
    "é",
    "\u{feff}",
    "\0",
    "room",
    "auth.id",
    "members.exists(m, ",
    "(",
    ")",
    "!",
    "&&",
    "-",
    "9223372036854775808",
    "1e400",
    "type",
    "ref",
    "fields",
    "2026-11-21",
    "indexes",
    "in",
    "true",
];

/// `text` with a piece put in place of some of its characters, `size` of them at most.
fn spoil(text: &str, place: usize, size: usize, piece: &str) -> String {
    let start = text.floor_char_boundary(place % (text.len() + 1));
    let end = text.ceil_char_boundary((start + size).min(text.len()));
    format!("{}{piece}{}", &text[..start], &text[end..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_files_are_answered(
        spoils in proptest::collection::vec((0..4_usize, any::<usize>(), 0..12_usize, 0..PIECES.len()), 1..4)
    ) {
        let mut texts = [CONFIG, ROOM, MEMBER, MESSAGE].map(str::to_owned);
        for (file, place, size, piece) in spoils {
            texts[file] = spoil(&texts[file], place, size, PIECES[piece]);
        }
        let paths = ["mainstay.toml", "models/room.toml", "models/member.toml", "models/message.toml"];
        let files: Vec<(&str, &str)> = paths.into_iter().zip(texts.iter().map(String::as_str)).collect();
        if let Err(faults) = Project::load_from(&files) {
            prop_assert!(faults.has_errors());
            prop_assert!(faults.render(true).contains("error"));
        }
    }
}
