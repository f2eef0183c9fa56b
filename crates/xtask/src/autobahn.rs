//! `cargo xtask autobahn`: the Autobahn suite against a socket that sends back what it is sent, which says whether frames are handled as RFC 6455
//! has it.
//!
//! The suite comes from PyPI, into an environment of its own in the target folder. It is written in Python 2;
//! `crates/xtask/autobahn` has how it runs all the same.

use crate::serving::{self, Server};
use crate::workspace::Workspace;
use crate::{process, python};
use std::fs::OpenOptions;
use std::io::Write;

/// All but 12 and 13: compression is not offered.
const CASES: &str = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*";
/// The largest messages of its cases have 16 MiB.
const SETTINGS: &str = "\n[live]\nmessage_bytes = 16_777_216\n";

/// Runs the suite.
pub(crate) fn check(workspace: &Workspace) -> Result<(), String> {
    let python = python::provide(workspace, "autobahn")?.join("python");
    // As the tests have built it; only so it has the socket.
    process::run(workspace.cargo(["build", "--package", "mainstay", "--all-features", "--locked"]))?;
    let folder = workspace.target.join("autobahn");
    let project = serving::copy(workspace, "chat", &folder)?;
    let settings = project.join("mainstay.toml");
    let written = OpenOptions::new()
        .append(true)
        .open(&settings)
        .and_then(|mut file| file.write_all(SETTINGS.as_bytes()));
    written.map_err(|error| format!("{}: {error}", settings.display()))?;
    let log = folder.join("server.log");
    let server = Server::start(workspace, &workspace.target.join("debug/mainstay"), &project, &log)?;
    let mut suite = workspace.command(python);
    suite.arg(workspace.root.join("crates/xtask/autobahn/suite.py"));
    suite.arg(format!("{}/v1/echo", server.url.replace("http://", "ws://"))).arg(CASES);
    suite.env("PYTHONDONTWRITEBYTECODE", "1");
    process::run(suite).map_err(|error| format!("{error}; {} has the log", log.display()))
}
