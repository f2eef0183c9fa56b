//! The commands of README.md do what it says.
//!
//! A block of shell that has `<!-- tested -->` before it is run with bash: lines that begin with `$ ` are commands, the lines behind
//! one are what it prints, with `…` for whatever may differ. All blocks share one shell, a new copy of the examples and one
//! server, which listens where the README says `127.0.0.1:8080`.

use crate::support::{Project, repository};
use std::fs;
use std::process::Command;

/// A command, and the lines that it prints.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    expected: String,
}

const MARK: &str = "<!-- tested -->";
/// Where the README's server listens.
const ADDRESS: &str = "127.0.0.1:8080";
/// Between the outputs of two commands.
const SEPARATOR: &str = "\u{1e}";

#[test]
fn the_readme_tells_the_truth() {
    let path = repository().join("README.md");
    let readme = fs::read_to_string(&path).unwrap_or_default();
    let steps = steps(&readme);
    assert!(!steps.is_empty(), "README.md has no block behind {MARK}");
    let found = Command::new("bash").args(["-c", "command -v curl"]).output().unwrap().status.success();
    assert!(found, "the commands of the README need curl: apt-get install curl");
    let project = Project::example("chat");
    let server = project.serve();
    let script = script(&steps).replace(ADDRESS, &server.address.to_string());
    let output = Command::new("bash").args(["-c", &script]).current_dir(project.path("")).output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap().replace(&server.address.to_string(), ADDRESS);
    let outputs: Vec<&str> = stdout.split(SEPARATOR).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    for (step, output) in steps.iter().zip(outputs) {
        assert!(
            matches(&step.expected, output.trim_end()),
            "{step:#?}\nprints:\n{output}\nand complains:\n{errors}"
        );
    }
}

fn script(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("{}\nprintf '{SEPARATOR}'\n", step.command)).collect()
}

fn steps(markdown: &str) -> Vec<Step> {
    let blocks = markdown.split(MARK).skip(1);
    blocks.filter_map(|rest| rest.split("```sh\n").nth(1)?.split("\n```").next()).flat_map(steps_of).collect()
}

/// A command goes on behind a backslash at the end of its line, and while a quote is open.
fn steps_of(block: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_open = false;
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ").filter(|_| !is_open) {
            steps.push(Step { command: command.to_owned(), expected: String::new() });
        } else if let Some(step) = steps.last_mut() {
            let text = if is_open { &mut step.command } else { &mut step.expected };
            if is_open || !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
        is_open = steps.last().is_some_and(|step| step.expected.is_empty() && goes_on(&step.command));
    }
    steps
}

fn goes_on(command: &str) -> bool {
    command.ends_with('\\') || command.matches('\'').count() % 2 == 1
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
    let markdown = "```sh\n$ no\n```\n<!-- tested -->\n```sh\n$ a \\\n  b 'c\nd'\nout\nput\n$ e\n```\n";
    let step =
        |command: &str, expected: &str| Step { command: command.to_owned(), expected: expected.to_owned() };
    assert_eq!(steps(markdown), [step("a \\\n  b 'c\nd'", "out\nput"), step("e", "")]);
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
