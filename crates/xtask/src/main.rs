//! The project's own chores: `cargo xtask help` lists them.
//!
//! This crate owns: what contributors and the CI run, the tidy checks, and how the data of `examples/atlas` came to be.
//! It must not know: the other crates, but `services`. It starts `cargo` and reads files, so that it builds in seconds.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod atlas;
mod autobahn;
mod bench;
mod deny;
mod fuzz;
mod graphql;
mod grpc_client;
mod machine;
mod postgres;
mod process;
mod python;
mod schemathesis;
mod serving;
mod steps;
mod tally;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;
use workspace::Workspace;

const HELP: &str = "\
usage: cargo xtask <command>

  test           everything that the CI checks: format, tidy, clippy, dependencies, tests
  test --quick   the same without the dependencies
  test --long    the same with tests that take their time: 1,000 kills in place of 20, many more seeds
  fmt            format every crate
  tidy           the checks of files, crates and links that no compiler makes
  deny           licences, bans, sources and advisories of the dependencies (installs cargo-deny when it is missing)
  docs           build the crates' documentation; a broken link is an error
  schemathesis   make requests from /openapi.json, right and wrong ones, and check the answers (needs python3 and PyPI)
  schemathesis --long   more of them, and others each time
  grpc-client    generate a client in Python from `mainstay proto`, and run it against the program (needs python3 and PyPI)
  graphql        the audits of GraphQL over HTTP, by the npm package `graphql-http` (needs node, npm and the npm registry)
  autobahn       the Autobahn suite on the frames of the live socket (needs python3 and PyPI)
  tools          provide the programs that tests run beside our own, as `nats-server` (`test` does so by itself)
  postgres       a private PostgreSQL for tests that are run by hand, until Ctrl-C (else each test program starts its own)
  fuzz [TARGET] [SECONDS]   libFuzzer on filters, cursors, bodies, batches and project files, a minute each (needs a C++ compiler)
  bench          build the program and measure it, with `--engine postgres` on a private PostgreSQL; `cargo xtask bench --help`
                 lists the options, and docs/guide/benchmarks.md says what the figures mean
  atlas          make the data of examples/atlas again (needs node, npm, tar and the npm registry)
  help           this text";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(&arguments).unwrap_or_else(|message| {
        eprintln!("xtask: {message}");
        ExitCode::FAILURE
    })
}

fn run(arguments: &[&str]) -> Result<ExitCode, String> {
    let workspace = Workspace::find()?;
    match arguments {
        ["test"] => return Ok(test::run(&workspace, test::Scope::Everything)),
        ["test", "--quick"] => return Ok(test::run(&workspace, test::Scope::Quick)),
        ["test", "--long"] => return Ok(test::run(&workspace, test::Scope::Long)),
        ["fmt"] => process::run(workspace.cargo(["fmt", "--all"]))?,
        ["tidy"] => tidy::check(&workspace)?,
        ["deny"] => deny::check_all(&workspace)?,
        ["schemathesis"] => schemathesis::check(&workspace, false)?,
        ["schemathesis", "--long"] => schemathesis::check(&workspace, true)?,
        ["grpc-client"] => grpc_client::check(&workspace)?,
        ["autobahn"] => autobahn::check(&workspace)?,
        ["graphql"] => graphql::check(&workspace)?,
        ["fuzz", rest @ ..] => fuzz::run(&workspace, rest)?,
        ["tools"] => tools::provide(&workspace)?,
        ["postgres"] => postgres::serve(&workspace)?,
        ["docs"] => docs(&workspace)?,
        ["atlas"] => atlas::make(&workspace)?,
        ["bench", rest @ ..] => bench::run(&workspace, rest)?,
        [] | ["help" | "--help" | "-h"] => println!("{HELP}"),
        _ => return Err(format!("what is `{}`?\n\n{HELP}", arguments.join(" "))),
    }
    Ok(ExitCode::SUCCESS)
}

fn docs(workspace: &Workspace) -> Result<(), String> {
    let mut command = workspace.cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    process::run(command)
}
