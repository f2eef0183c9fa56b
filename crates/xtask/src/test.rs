//! `cargo xtask test`: every check, then every test. Its last line is the test runner's own count.

use crate::process;
use crate::steps::{Outcome, Steps};
use crate::tally::Tally;
use crate::workspace::Workspace;
use crate::{autobahn, deny, fuzz, graphql, grpc_client, machine, postgres, schemathesis, tidy, tools};
use mainstay_services::postgres::{SHARED_URL, Server};
use std::process::ExitCode;

/// How much is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What the CI checks.
    Everything,
    /// What changes from edit to edit: not the dependencies.
    Quick,
    /// What the CI checks, with the tests that explore by chance running for longer.
    Long,
}

/// Set for the tests of [`Scope::Long`].
const LONG: &str = "MAINSTAY_LONG";

/// Runs all steps, also after one that failed; the exit code says whether any did.
pub(crate) fn run(workspace: &Workspace, scope: Scope) -> ExitCode {
    let mut steps = Steps::default();
    let mut tally = Tally::default();
    steps.run("machine", || machine::check(workspace).into());
    steps.run("format", || format(workspace).into());
    steps.run("tidy", || tidy::check(workspace).into());
    steps.run("clippy", || clippy(workspace).into());
    if scope != Scope::Quick {
        steps.run("dependencies", || deny::check_tree(workspace).into());
        steps.run("advisories", || deny::note_advisories(workspace));
    }
    steps.run("tools", || tools::provide(workspace).into());
    let mut server = None;
    steps.run("postgres", || postgres::start(workspace).map(|started| server = Some(started)).into());
    steps.run("tests", || tests(workspace, scope, server.as_ref(), &mut tally));
    drop(server);
    if scope != Scope::Quick {
        // First, since it uses the program as the tests have built it.
        steps.run("autobahn", || autobahn::check(workspace).into());
        steps.run("graphql", || graphql::check(workspace).into());
        steps.run("schemathesis", || schemathesis::check(workspace, scope == Scope::Long).into());
        steps.run("grpc client", || grpc_client::check(workspace).into());
    }
    if scope == Scope::Long {
        steps.run("fuzz", || fuzz::run(workspace, &[]).into());
    }
    steps.run("program", || program(workspace).into());
    println!("\n{steps}{tally}");
    if steps.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn format(workspace: &Workspace) -> Result<(), String> {
    need_component(workspace, "fmt", "rustfmt")?;
    process::run(workspace.cargo(["fmt", "--all", "--check"]))
}

/// With every feature, as the tests are built; and the program as it is built by default, which is another one.
fn clippy(workspace: &Workspace) -> Result<(), String> {
    need_component(workspace, "clippy", "clippy")?;
    let everything =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"];
    process::run(workspace.cargo(everything))?;
    process::run(workspace.cargo(["clippy", "--package", "mainstay", "--locked", "--", "-D", "warnings"]))
}

fn need_component(workspace: &Workspace, command: &str, component: &str) -> Result<(), String> {
    let found = process::text(workspace.cargo([command, "--version"]));
    found
        .map(drop)
        .map_err(|_| format!("{component} is missing; get it with `rustup component add {component}`"))
}

/// The README's first command is `cargo run` without a name, which has to mean the program.
fn program(workspace: &Workspace) -> Result<(), String> {
    process::run(workspace.cargo(["run", "--quiet", "--locked", "--", "version"]))
}

/// Plain `cargo test`, because it needs nothing installed and runs the examples in the documentation too.
fn tests(workspace: &Workspace, scope: Scope, postgres: Option<&Server>, tally: &mut Tally) -> Outcome {
    let mut command =
        workspace.cargo(["test", "--workspace", "--all-features", "--locked", "--no-fail-fast"]);
    command.env("PATH", tools::path(workspace));
    command.envs(postgres.map(|server| (SHARED_URL, server.url())));
    if scope == Scope::Long {
        command.env(LONG, "1");
    }
    let ended = process::lines(command, |line| {
        println!("{line}");
        tally.add_line(line);
    });
    match ended {
        Err(reason) if tally.failed == 0 => {
            Outcome::Failed(format!("{reason}, though no test failed: a build error or a crash"))
        }
        ended => ended.into(),
    }
}
