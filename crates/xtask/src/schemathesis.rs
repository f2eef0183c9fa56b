//! `cargo xtask schemathesis`: requests that are made from `/openapi.json`, right ones and wrong ones, against the examples. No
//! answer may be a server error or one that the document does not have.
//!
//! The tool comes from PyPI, into an environment of its own in the target folder. `crates/xtask/schemathesis` has what
//! it is told.

use crate::serving::{self, Server};
use crate::workspace::Workspace;
use crate::{process, python};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What is served, and how.
const PROJECTS: [&str; 2] = ["chat", "atlas"];
/// Cases that are made up for an operation: each takes some ten milliseconds, so this is half a minute for a project.
const CASES: &str = "10";
const CASES_LONG: &str = "200";
/// Those who call, and those whose sessions get ended.
const CALLERS: [&str; 2] = ["actor", "leaver"];
const ACCOUNTS: usize = 4;
const PASSWORD: &str = "correct horse battery";
/// Of all passwords that are tried, most are wrong, and all come from one address.
const SETTINGS: &str = "[accounts]\nfailures_per_address = 0\nfailures_per_account = 1000000\n";

/// Tries all examples; for longer, and with other cases each time, when it is to be long.
pub(crate) fn check(workspace: &Workspace, is_long: bool) -> Result<(), String> {
    let tool = python::provide(workspace, "schemathesis")?.join("st");
    process::run(workspace.cargo(["build", "--package", "mainstay", "--locked"]))?;
    let results = PROJECTS.map(|project| {
        println!("\n{project}:");
        Trial::set_up(workspace, project)?.run(workspace, &tool, is_long)
    });
    // All are tried, also after one that failed.
    results.into_iter().collect()
}

/// A copy of an example, with accounts.
struct Trial {
    project: PathBuf,
    program: PathBuf,
    log: PathBuf,
}

impl Trial {
    fn set_up(workspace: &Workspace, name: &str) -> Result<Trial, String> {
        let folder = workspace.target.join("schemathesis").join(name);
        let trial = Trial {
            project: serving::copy(workspace, name, &folder)?,
            program: workspace.target.join("debug/mainstay"),
            log: folder.join("server.log"),
        };
        trial.allow_attempts()?;
        for caller in CALLERS {
            for number in 0..ACCOUNTS {
                trial.make_account(workspace, &format!("{caller}{number}@example.org"))?;
            }
        }
        Ok(trial)
    }

    /// Lets passwords be tried.
    fn allow_attempts(&self) -> Result<(), String> {
        let settings = self.project.join("mainstay.toml");
        write(&settings, &with_settings(&read(&settings)?))
    }

    fn make_account(&self, workspace: &Workspace, email: &str) -> Result<(), String> {
        let mut make = workspace.command(&self.program);
        make.args(["user", "create"]).arg(&self.project).args([
            "--email",
            email,
            "--role",
            "editor",
            "--password-stdin",
        ]);
        make.stdin(Stdio::piped()).stdout(Stdio::null());
        let failed = |error| format!("making {email}: {error}");
        let mut child = make.spawn().map_err(failed)?;
        let mut stdin = child.stdin.take().ok_or("a child has no stdin")?;
        writeln!(stdin, "{PASSWORD}").map_err(failed)?;
        drop(stdin);
        let ended = child.wait().map_err(failed)?;
        if ended.success() { Ok(()) } else { Err(format!("making {email}: {ended}")) }
    }

    fn run(&self, workspace: &Workspace, tool: &Path, is_long: bool) -> Result<(), String> {
        let server = Server::start(workspace, &self.program, &self.project, &self.log)?;
        let told = workspace.root.join("crates/xtask/schemathesis");
        let mut command = workspace.command(tool);
        command.arg("--config-file").arg(told.join("schemathesis.toml"));
        command.arg("run").arg(format!("{}/openapi.json", server.url));
        command.args(["--checks", "all", "--continue-on-failure", "--no-color", "--warnings", "off"]);
        command.args(["--max-examples", if is_long { CASES_LONG } else { CASES }]);
        // What is unchanged since yesterday is tried with the same cases as yesterday.
        command.args(if is_long { &[][..] } else { &["--seed", "1"] });
        command.env("MAINSTAY_URL", &server.url).env("MAINSTAY_PASSWORD", PASSWORD);
        command.env("MAINSTAY_ACCOUNTS", ACCOUNTS.to_string());
        command
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("PYTHONPATH", &told)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        // It remembers what failed in a folder where it runs.
        command.current_dir(self.project.parent().unwrap_or(&self.project));
        process::run(command).map_err(|error| format!("{error}; {} has the log", self.log.display()))
    }
}

/// The settings of the example, with those of a trial.
fn with_settings(text: &str) -> String {
    match text.split_once("[accounts]\n") {
        Some((before, after)) => format!("{before}{SETTINGS}{after}"),
        None => format!("{text}\n{SETTINGS}"),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_join_the_section_that_is_there() {
        let check = |text: &str, expected: String| assert_eq!(with_settings(text), expected);
        check("name = \"A\"\n", format!("name = \"A\"\n\n{SETTINGS}"));
        check("[accounts]\nregister = false\n", format!("{SETTINGS}register = false\n"));
    }
}
