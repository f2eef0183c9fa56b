//! The dependencies: licences, bans, sources and advisories, judged by cargo-deny with `deny.toml`.

use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::Command;

/// What is installed when there is none.
const VERSION: &str = "0.20.2";
/// What `deny.toml` is written for: a later patch of it may be found on the PATH.
const SERIES: &str = "cargo-deny 0.20.";

/// The tree alone: needs no database, and says the same tomorrow.
pub(crate) fn check_tree(workspace: &Workspace) -> Result<(), String> {
    process::run(cargo_deny(workspace, &["check", "bans", "licenses", "sources"])?)
}

/// Everything. An advisory, or a database that cannot be fetched, is a failure.
pub(crate) fn check_all(workspace: &Workspace) -> Result<(), String> {
    check_tree(workspace)?;
    process::output(cargo_deny(workspace, &["fetch", "db"])?)?;
    check_advisories(workspace)
}

/// The advisories, as a note: one that is published tomorrow must not fail the tests of what is unchanged since yesterday.
pub(crate) fn note_advisories(workspace: &Workspace) -> Outcome {
    match cargo_deny(workspace, &["fetch", "db"]).and_then(process::output) {
        Err(reason) => {
            println!("{reason}");
            Outcome::Noted("NOT CHECKED: the advisory database could not be fetched".to_owned())
        }
        Ok(_) => match check_advisories(workspace) {
            Err(_) => Outcome::Noted(
                "there are ADVISORIES, see above; `cargo xtask deny` fails for them".to_owned(),
            ),
            Ok(()) => Outcome::Passed,
        },
    }
}

fn check_advisories(workspace: &Workspace) -> Result<(), String> {
    process::run(cargo_deny(workspace, &["check", "--disable-fetch", "advisories"])?)
}

fn cargo_deny(workspace: &Workspace, arguments: &[&str]) -> Result<Command, String> {
    let mut command = workspace.command(find_or_install(workspace)?);
    command.args(["--all-features", "--locked"]).args(arguments);
    Ok(command)
}

/// The program: on the PATH, in the target folder, or else installed there.
fn find_or_install(workspace: &Workspace) -> Result<PathBuf, String> {
    let ours = workspace.target.join("tools/bin/cargo-deny");
    for candidate in [PathBuf::from("cargo-deny"), ours.clone()] {
        let mut command = workspace.command(&candidate);
        command.arg("--version");
        if process::text(command).is_ok_and(|version| version.starts_with(SERIES)) {
            return Ok(candidate);
        }
    }
    install(workspace)?;
    Ok(ours)
}

fn install(workspace: &Workspace) -> Result<(), String> {
    println!("cargo-deny {VERSION} is not here yet; building it takes some minutes, once");
    let build = workspace.target.join("tools-build");
    let mut command = workspace.cargo(["install", "cargo-deny", "--locked", "--version", VERSION, "--root"]);
    command.arg(workspace.target.join("tools")).env("CARGO_TARGET_DIR", &build);
    let installed = process::run(command);
    // The program is all that is needed of it, and the rest is as large as our own build.
    if build.exists() {
        std::fs::remove_dir_all(&build).map_err(|error| format!("{}: {error}", build.display()))?;
    }
    installed
}
