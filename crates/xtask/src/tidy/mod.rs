//! Tidiness is code: what a reviewer would otherwise have to look for, in files, crates and links.
//!
//! Each check is a pure function from a file's path and text to what is wrong with it.

mod crates;
mod decisions;
mod links;
mod text;

use crate::process;
use crate::workspace::Workspace;
use std::fmt;
use std::path::Path;

/// Something untidy.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// From the root, with `/`.
    path: String,
    /// From 1.
    line: usize,
    /// What is wrong, and what to do about it.
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Checks all files that are in the repository or about to be, and prints each finding.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    let files = files(workspace)?;
    // A decision whose file is gone was given another number.
    let there = files.iter().filter(|path| workspace.root.join(path).exists());
    let mut findings = decisions::check(there.map(String::as_str));
    for path in &files {
        // A file that is gone is a removal not yet committed; one that is no text is data.
        let Ok(text) = std::fs::read_to_string(workspace.root.join(path)) else { continue };
        findings.extend(check_file(&workspace.root, path, &text));
    }
    findings.iter().for_each(|finding| println!("{finding}"));
    match findings.len() {
        0 => println!("{} files are tidy", files.len()),
        1 => return Err("1 finding".to_owned()),
        count => return Err(format!("{count} findings")),
    }
    Ok(())
}

fn check_file(root: &Path, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = text::check(path, text);
    findings.extend(crates::check(path, text));
    findings.extend(links::check(path, text, |target| root.join(target).exists()));
    findings
}

/// The paths of tracked files, and of new ones that no `.gitignore` names.
fn files(workspace: &Workspace) -> Result<Vec<String>, String> {
    let mut command = workspace.command("git");
    command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let list = process::text(command)?;
    Ok(list.split_terminator('\0').map(str::to_owned).collect())
}

/// What the tests of the checks compare: each finding's line, and a part of its message.
#[cfg(test)]
fn expect(findings: &[Finding], expected: &[(usize, &str)]) {
    let agree = findings.len() == expected.len()
        && findings
            .iter()
            .zip(expected)
            .all(|(found, (line, part))| found.line == *line && found.message.contains(part));
    assert!(agree, "found {findings:#?}\nexpected {expected:#?}");
}
