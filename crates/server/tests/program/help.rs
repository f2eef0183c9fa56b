//! The help texts, and the reference that is made of them.

use crate::support::{Project, repository};
use std::fs;
use std::path::{Path, PathBuf};

const COMMANDS: [&[&str]; 26] = [
    &["serve"],
    &["dev"],
    &["check"],
    &["schema"],
    &["api", "versions"],
    &["api", "freeze"],
    &["api", "replay"],
    &["api", "usage"],
    &["api", "retire"],
    &["proto"],
    &["graphql"],
    &["init"],
    &["migrate"],
    &["migrate", "plan"],
    &["migrate", "apply"],
    &["user", "create"],
    &["key", "create"],
    &["key", "list"],
    &["key", "revoke"],
    &["tune"],
    &["import"],
    &["export"],
    &["backup"],
    &["restore"],
    &["move"],
    &["version"],
];

/// What stands above the help texts in the reference, and is written by hand.
const MARK: &str =
    "<!-- The rest is made from the help texts: UPDATE_DOCS=1 cargo test -p mainstay help -->\n";

#[test]
fn the_reference_has_the_help_texts() {
    let path = repository().join("docs/reference/cli.md");
    let reference = fs::read_to_string(&path).unwrap();
    let (by_hand, _) = reference.split_once(MARK).expect("the mark is there");
    let expected = format!("{by_hand}{MARK}{}", help_texts());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    } else {
        assert_eq!(reference, expected, "run it with UPDATE_DOCS=1");
    }
}

fn help_texts() -> String {
    let project = Project::empty();
    let section = |command: &&[&str]| {
        let help = project.run(&[*command, &["--help"]].concat()).expect(0).stdout;
        let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
        format!("\n## mainstay {}\n\n```text\n{}\n```\n", command.join(" "), help.join("\n"))
    };
    COMMANDS.iter().map(section).collect()
}

#[test]
fn every_command_is_in_the_reference() {
    let help = Project::empty().run(&["--help"]).expect(0).stdout;
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names =
        listed.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    for name in names {
        assert!(COMMANDS.iter().any(|command| command[0] == name), "{name} is not in COMMANDS");
    }
}

#[test]
fn every_code_of_a_failure_is_in_the_reference() {
    let reference = fs::read_to_string(repository().join("docs/reference/cli.md")).unwrap();
    let sources = sources(&repository().join("crates/server/src"));
    let in_place =
        sources.split("Failure::new(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let in_table = sources
        .lines()
        .filter(|line| line.contains("OpenError::"))
        .filter_map(|line| line.split("=> \"").nth(1));
    let codes: Vec<&str> = in_place.chain(in_table).filter_map(|rest| rest.split('"').next()).collect();
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes.iter().filter(|code| !code.contains(' ')) {
        assert!(reference.contains(&format!("`{code}`")), "{code} is not in docs/reference/cli.md");
    }
}

/// All sources below a folder.
fn sources(folder: &Path) -> String {
    let text = |path: PathBuf| if path.is_dir() { sources(&path) } else { fs::read_to_string(path).unwrap() };
    fs::read_dir(folder).unwrap().map(|entry| text(entry.unwrap().path())).collect()
}

#[test]
fn a_wrong_command_line_is_explained() {
    let project = Project::empty();
    project.run(&["sevre"]).expect(2).complains(&["'sevre'", "serve"]);
    project
        .run(&["import", "city", "a.csv", "--as", "a@b.c", "--role", "x"])
        .expect(2)
        .complains(&["--role"]);
    project.run(&["serve", "--listen", "8080"]).expect(2).complains(&["--listen"]);
}
