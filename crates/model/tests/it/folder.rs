//! Projects in folders.

use crate::support::summary;
use mainstay_model::{Diagnostics, Project};
use std::path::Path;

/// A folder of these files has these faults.
#[track_caller]
fn check(files: &[(&str, &[u8])], expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    assert_eq!(summary(&load(folder.path())), expected);
}

fn load(folder: &Path) -> Diagnostics {
    Project::load(folder).map_or_else(|faults| faults, |loaded| loaded.diagnostics)
}

#[test]
fn folders() {
    let missing = "config_missing there is no mainstay.toml here, so this is not a project folder";
    let empty = "?no_models the project has no models, so all that it offers is accounts";
    check(&[], &[missing]);
    check(&[("mainstay.toml", b"")], &[empty]);
    check(&[("mainstay.toml", b""), ("models/note.toml", b""), ("models/README.md", b"\xff")], &[]);
    check(&[("mainstay.toml", b""), ("models/note.toml", b""), ("models/._note.toml", b"\xff")], &[]);
    let hidden = ("models/.note.toml", b"x".as_slice());
    check(&[("mainstay.toml", b""), hidden], &[empty]);
    check(
        &[("mainstay.toml", b""), ("models/note.toml", b"\xff")],
        &["file_not_utf8 models/note.toml: is not UTF-8 at byte 0"],
    );
    check(
        &[("mainstay.toml", b""), ("models", b"")],
        &["file_unreadable cannot read the folder models: Not a directory (os error 20)"],
    );
}

#[test]
fn files() {
    let note = ("models/note.toml", b"[fields]\na = { type = \"ref\", model = \"page\" }".as_slice());
    check(
        &[("mainstay.toml", b""), note, ("models/page.toml", b"doc = \"\xe9\"")],
        &["file_not_utf8 models/page.toml: is not UTF-8 at byte 7"],
    );
    check(
        &[("mainstay.toml", b""), note, ("models/page.toml", &[b' '; (1 << 20) + 1])],
        &["file_too_large models/page.toml: has 1048577 bytes; at most 1048576 are read"],
    );
    check(
        &[("mainstay.toml", b""), note, ("models/page.toml/x", b"")],
        &["file_unreadable models/page.toml: cannot be read: Is a directory (os error 21)"],
    );
    check(
        &[("mainstay.toml", b"\xff"), note, ("models/page.toml", b"")],
        &["file_not_utf8 mainstay.toml: is not UTF-8 at byte 0"],
    );
}

#[test]
fn a_missing_folder() {
    let folder = tempfile::tempdir().unwrap().path().join("none");
    let expected = format!("folder_missing there is no folder {}", folder.display());
    assert_eq!(summary(&load(&folder)), [expected]);
}
