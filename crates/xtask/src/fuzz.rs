//! `cargo xtask fuzz`: libFuzzer on what strangers can send.
//!
//! It needs no nightly toolchain: the coverage that guides it comes from LLVM's own pass, which stable flags turn on. What cargo-fuzz does
//! beyond that, with sanitizers for unsafe code, there is nothing here to use on.

use crate::process;
use crate::workspace::Workspace;
use std::path::Path;
use std::process::Command;

const TARGETS: [&str; 10] =
    ["filter", "cursor", "body", "batch", "content", "last_event_id", "graphql", "grpc", "live", "project"];
const DEFAULT_SECONDS: u32 = 60;
/// Counts for each edge of the program's graph how often it was taken, and compares the operands of comparisons with the input.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs all targets for a minute each, or as `[TARGET] [SECONDS]` says.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), String> {
    let (targets, seconds) = chosen(arguments)?;
    let program = build(workspace)?;
    targets.iter().try_for_each(|target| run_target(workspace, Path::new(&program), target, seconds))
}

fn chosen<'a>(arguments: &[&'a str]) -> Result<(Vec<&'a str>, u32), String> {
    let (mut targets, mut seconds) = (Vec::new(), DEFAULT_SECONDS);
    for argument in arguments {
        match argument.parse() {
            Ok(number) => seconds = number,
            Err(_) if TARGETS.contains(argument) => targets.push(*argument),
            Err(_) => {
                return Err(format!(
                    "`{argument}` is neither a number of seconds nor one of {}",
                    TARGETS.join(", ")
                ));
            }
        }
    }
    if targets.is_empty() {
        targets = TARGETS.to_vec();
    }
    Ok((targets, seconds))
}

fn build(workspace: &Workspace) -> Result<String, String> {
    let mut rustc = Command::new("rustc");
    rustc.arg("-vV");
    let version = process::text(rustc)?;
    let host =
        version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not say its host")?;
    let target = workspace.target.join("fuzz");
    // The versions that everything else is built with; Cargo adds libFuzzer to them.
    let lock = workspace.root.join("fuzz/Cargo.lock");
    std::fs::copy(workspace.root.join("Cargo.lock"), &lock)
        .map_err(|error| format!("{}: {error}", lock.display()))?;
    // With a target that is named, build scripts are not built with the flags, which they could not be linked with.
    let mut build =
        workspace.cargo(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", host]);
    build.env("RUSTFLAGS", COVERAGE).env("CARGO_TARGET_DIR", &target);
    process::run(build)?;
    Ok(target.join(host).join("release/libfuzzer").display().to_string())
}

fn run_target(workspace: &Workspace, program: &Path, target: &str, seconds: u32) -> Result<(), String> {
    let folder = workspace.target.join("fuzz");
    let (found, failures) = (folder.join("corpus").join(target), folder.join("failures"));
    for folder in [&found, &failures] {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut command = workspace.command(program);
    command.env("MAINSTAY_FUZZ", target);
    command.arg(format!("-max_total_time={seconds}"));
    command.args([
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-max_len=4096",
        "-print_final_stats=1",
        "-verbosity=0",
    ]);
    command.arg(format!("-artifact_prefix={}/{target}-", failures.display()));
    command.arg(&found).arg(Path::new("fuzz/corpus").join(target));
    let failed = |error| {
        format!(
            "{error}; the input is in {}: mend the fault, and put the input into fuzz/corpus/{target}",
            failures.display()
        )
    };
    process::run(command).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_seconds_are_chosen_in_any_order() {
        assert_eq!(chosen(&[]), Ok((TARGETS.to_vec(), DEFAULT_SECONDS)));
        assert_eq!(chosen(&["5", "cursor"]), Ok((vec!["cursor"], 5)));
        assert!(chosen(&["curser"]).is_err_and(|error| error.contains("cursor")));
    }

    /// The targets are named in another crate, which this one must not know.
    #[test]
    fn targets_have_seeds() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        let folders = std::fs::read_dir(corpus).expect("there are seeds").count();
        assert_eq!(folders, TARGETS.len());
    }
}
