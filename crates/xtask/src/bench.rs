//! `cargo xtask bench`: the program and the benchmark as they are published, and the one measured by the other.

use crate::process;
use crate::workspace::Workspace;

/// Builds both and runs the benchmark, which takes these arguments.
pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), String> {
    let packages = ["--package", "mainstay", "--package", "mainstay-bench"];
    let mut build = workspace.cargo(["build", "--release", "--locked"]);
    build.args(packages);
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
