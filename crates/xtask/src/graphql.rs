//! `cargo xtask graphql`: the audits of the npm package `graphql-http` against the example `chat`, which say whether GraphQL over HTTP is as its
//! specification has it. Before them the tests of the page `/graphiql`, as far as they need no browser.
//!
//! The package comes from npm, with its hash, into the target folder. `crates/xtask/graphql` has what is installed and run.

use crate::serving::{self, Server};
use crate::workspace::Workspace;
use crate::{process, tools};
use std::fs;
use std::path::{Path, PathBuf};

/// The files that say what is installed.
const WANTED: [&str; 2] = ["package.json", "package-lock.json"];

/// Runs the audits.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    let ours = workspace.root.join("crates/xtask/graphql");
    let package = provide(workspace, &ours)?;
    let mut page = workspace.command("node");
    page.arg(ours.join("page.mjs")).arg(workspace.root.join("crates/graphql/src/page"));
    process::run(page)?;
    process::run(workspace.cargo(["build", "--package", "mainstay", "--locked"]))?;
    let folder = workspace.target.join("graphql-http");
    let project = serving::copy(workspace, "chat", &folder)?;
    let log = folder.join("server.log");
    let server = Server::start(workspace, &workspace.target.join("debug/mainstay"), &project, &log)?;
    let mut audits = workspace.command("node");
    audits.arg(ours.join("audits.mjs")).arg(format!("{}/graphql", server.url)).arg(package);
    process::run(audits).map_err(|error| format!("{error}; {} has the log", log.display()))
}

/// The package, installed where it is not there yet.
fn provide(workspace: &Workspace, ours: &Path) -> Result<PathBuf, String> {
    tools::provide_node(workspace)?;
    let folder = workspace.target.join("tools/graphql-http");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let is_there = folder.join("node_modules/graphql-http").exists();
    let is_same = |name: &&str| fs::read(ours.join(name)).ok() == fs::read(folder.join(name)).ok();
    if is_there && WANTED.iter().all(is_same) {
        return Ok(folder);
    }
    for name in WANTED {
        fs::copy(ours.join(name), folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    let mut install = workspace.command("npm");
    install.current_dir(&folder).args(["ci", "--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund"]);
    process::run(install)?;
    Ok(folder)
}
