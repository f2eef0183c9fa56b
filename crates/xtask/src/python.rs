//! Environments of Python, with what is installed from PyPI into each: a tool's own, in the target folder.

use crate::workspace::Workspace;
use crate::{process, tools};
use std::fs;
use std::path::PathBuf;

/// The folder with the programs of an environment, which is made where it is not there yet, as `crates/xtask/NAME/requirements.txt` says.
pub(crate) fn provide(workspace: &Workspace, name: &str) -> Result<PathBuf, String> {
    let requirements = workspace.root.join("crates/xtask").join(name).join("requirements.txt");
    let at = |error| format!("{}: {error}", requirements.display());
    let wanted = fs::read_to_string(&requirements).map_err(at)?;
    let environment = workspace.target.join("tools").join(name);
    let (programs, installed) = (environment.join("bin"), environment.join("installed.txt"));
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    tools::provide_python(workspace)?;
    let mut make = workspace.command("python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    process::run(make)?;
    let mut install = workspace.command(programs.join("pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
    install.arg(&requirements);
    process::run(install)?;
    // Last, so that what was broken off is begun again.
    fs::write(&installed, &wanted).map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(programs)
}
