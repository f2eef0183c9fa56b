//! `cargo xtask bench`: the program and the benchmark as they are published, and the one measured by the other.

use crate::workspace::Workspace;
use crate::{postgres, process};

/// Builds both and runs the benchmark, which takes these arguments.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), String> {
    let packages = ["--package", "mainstay", "--package", "mainstay-bench"];
    let mut build = workspace.cargo(["build", "--release", "--locked"]);
    build.args(packages);
    if wants_postgres(arguments) {
        postgres::ensure(workspace)?;
        build.args(["--features", "mainstay/postgres"]);
    }
    process::run(build)?;
    let built = workspace.target.join("release");
    let mut bench = workspace.command(built.join("mainstay-bench"));
    bench
        .arg("--mainstay")
        .arg(built.join("mainstay"))
        .arg("--folder")
        .arg(&workspace.target)
        .args(arguments);
    process::run(bench)
}

/// Whether the program is to be measured on PostgreSQL, for which it has to be built.
fn wants_postgres(arguments: &[&str]) -> bool {
    let pairs = arguments.iter().zip(arguments.iter().skip(1));
    arguments.contains(&"--engine=postgres")
        || pairs.into_iter().any(|pair| pair == (&"--engine", &"postgres"))
}

#[cfg(test)]
mod tests {
    use super::wants_postgres;

    #[test]
    fn the_engine_is_found_in_both_forms() {
        for (arguments, expected) in [
            (&["--engine", "postgres"][..], true),
            (&["--rounds", "1", "--engine=postgres"], true),
            (&["--engine", "sqlite", "--log", "postgres"], false),
            (&["postgres", "--engine"], false),
            (&[], false),
        ] {
            assert_eq!(wants_postgres(arguments), expected, "{arguments:?}");
        }
    }
}
