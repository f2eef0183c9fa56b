//! The commands of README.md, and of the atlas's, do what they say.
//!
//! A block of shell that has `<!-- tested -->` before it is run with bash, and prints the block of text behind it, in which `…` stands for
//! whatever may differ. All blocks share one server over a copy of an example, which listens where the README says
//! `127.0.0.1:8080`.

use crate::support::{Project, repository};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A block of shell, and what it prints.
#[derive(Debug, PartialEq)]
struct Step<'a> {
    script: &'a str,
    expected: &'a str,
}

const MARK: &str = "<!-- tested -->";
/// Where a README's server listens.
const ADDRESS: &str = "127.0.0.1:8080";
/// Between the outputs of two blocks.
const SEPARATOR: &str = "\u{1e}";

#[test]
fn the_readme_tells_the_truth() {
    check("README.md", "chat", 0);
}

#[test]
fn the_readme_of_the_atlas_tells_the_truth() {
    check("examples/atlas/README.md", "atlas", 1);
}

/// Runs the blocks of a README on a copy of an example: those in front before the server is started, the others with it.
fn check(path: &str, example: &str, in_front: usize) {
    let readme = fs::read_to_string(repository().join(path)).unwrap_or_default();
    let steps = steps(&readme);
    let marks = readme.matches(MARK).count();
    assert!(marks > 0 && steps.len() == marks, "{marks} marks, {} blocks of shell behind them", steps.len());
    let project = Project::example(example);
    let (before, with_server) = steps.split_at(in_front);
    run(&project, before, ADDRESS);
    let server = project.serve();
    run(&project, with_server, &server.address.to_string());
}

/// Runs blocks in one shell, in the project's folder, with the program on its path.
fn run(project: &Project, steps: &[Step<'_>], address: &str) {
    let found = Command::new("bash").args(["-c", "command -v curl"]).output().unwrap().status.success();
    assert!(found, "the commands of the READMEs need curl: apt-get install curl");
    let program = Path::new(env!("CARGO_BIN_EXE_mainstay")).parent().unwrap().display();
    let script = format!("PATH={program}:$PATH\n{}", script(steps).replace(ADDRESS, address));
    let output = Command::new("bash").args(["-c", &script]).current_dir(project.path("")).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap().replace(address, ADDRESS);
    let outputs: Vec<&str> = stdout.split(SEPARATOR).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(outputs.len(), steps.len() + 1, "the shell ended early: {stdout}{errors}");
    for (step, output) in steps.iter().zip(outputs) {
        assert!(
            matches(step.expected, output.trim_end()),
            "{step:#?}\nprints:\n{output}\nand complains:\n{errors}"
        );
    }
}

fn script(steps: &[Step<'_>]) -> String {
    steps.iter().map(|step| format!("{}\nprintf '{SEPARATOR}'\n", step.script)).collect()
}

fn steps(markdown: &str) -> Vec<Step<'_>> {
    markdown.split(MARK).skip(1).filter_map(step).collect()
}

fn step(behind_mark: &str) -> Option<Step<'_>> {
    let (script, rest) = behind_mark.trim_start().strip_prefix("```sh\n")?.split_once("\n```\n")?;
    let expected = rest.trim_start().strip_prefix("```text\n").and_then(|text| text.split("\n```").next());
    Some(Step { script, expected: expected.unwrap_or_default() })
}

/// Whether `text` is `pattern`, where `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
        last = Some(part);
    }
    match last {
        None => rest.is_empty(),
        Some(last) => last.is_empty() || text.ends_with(last),
    }
}

#[test]
fn blocks_are_taken_apart() {
    let markdown = "```sh\nno\n```\n<!-- tested -->\n```sh\na\nb\n```\n```text\nc\nd\n```\n<!-- tested -->\n```sh\ne\n```\nf\n```text\ng\n```\n";
    assert_eq!(
        steps(markdown),
        [Step { script: "a\nb", expected: "c\nd" }, Step { script: "e", expected: "" }]
    );
}

#[test]
fn an_ellipsis_stands_for_anything() {
    for (pattern, text, expected) in [
        ("abc", "abc", true),
        ("abc", "abcd", false),
        ("", "", true),
        ("", "a", false),
        ("a…c", "abbbc", true),
        ("a…c", "abbbcd", false),
        ("a…", "a", true),
        ("a…b…", "a1b2", true),
        ("a…b…", "a12", false),
        ("…", "anything", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern:?} {text:?}");
    }
}
