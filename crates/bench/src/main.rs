//! The benchmark: `cargo xtask bench` builds it and the program, and runs it.
//!
//! It starts the real program on a copy of `examples/chat`, fills it with messages, drives it from this process through
//! many connections, and measures in the same rounds what bare axum, bare SQLite or `pgbench`, and bare argon2id do.
//! docs/guide/benchmarks.md says what each figure means.
//!
//! This crate owns: the load, the workloads, the limits, the report. It must not know: the other crates, but for
//! the one that starts servers. It sees of the program what a client and an operator see, so that it measures what they get.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod bare;
mod bulk;
mod client;
mod data;
mod disk;
mod grpc;
mod histogram;
mod http;
mod load;
mod options;
mod postgres;
mod process;
mod program;
mod report;
mod run;
mod sample;
mod scene;
mod script;
mod step;
mod watch;
mod workload;
mod ws;

use clap::Parser;
use options::{Child, Cli, Options};
use run::Measured;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // A thousand watchers are more than many shells allow. Where it cannot be raised, connecting says what is wrong.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let result = match cli.child {
        Some(Child::Axum { sizes }) => bare::http::run(&sizes).map(|()| ExitCode::SUCCESS),
        Some(Child::Loop { event_bytes }) => bare::stream::run(event_bytes).map(|()| ExitCode::SUCCESS),
        Some(Child::Sockets { record_bytes, message_bytes }) => {
            bare::sockets::run(record_bytes, message_bytes).map(|()| ExitCode::SUCCESS)
        }
        Some(Child::Worker { hash, database }) => {
            bare::run(&hash, database.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        None => bench(&cli.options),
    };
    result.unwrap_or_else(|message| {
        eprintln!("mainstay-bench: {message}");
        ExitCode::FAILURE
    })
}

fn bench(options: &Options) -> Result<ExitCode, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let measured = runtime.block_on(async {
        tokio::select! {
            measured = measure(options) => measured,
            // The run is dropped, and with it what it started and wrote.
            _ = tokio::signal::ctrl_c() => Err("interrupted".to_owned()),
        }
    })?;
    report(&measured, options)
}

async fn measure(options: &Options) -> Result<Vec<Measured>, String> {
    let mut all = Vec::new();
    for messages in options.sizes() {
        let measured = run::run(options, messages).await?;
        println!("\n{}", report::table(&measured));
        all.push(measured);
    }
    Ok(all)
}

fn report(measured: &[Measured], options: &Options) -> Result<ExitCode, String> {
    if options.growth {
        println!("{}", report::growth(measured));
    }
    if let Some(path) = &options.json {
        let text = format!("{:#}\n", report::json(measured, options));
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    match measured.iter().map(Measured::bad).sum::<u64>() {
        0 => Ok(ExitCode::SUCCESS),
        bad => Err(format!("{bad} answers were not good, so the figures are not either")),
    }
}
