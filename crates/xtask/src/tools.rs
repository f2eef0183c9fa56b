//! Programs that the tests run beside our own and that a fresh machine may lack.

use crate::process;
use crate::workspace::Workspace;
use std::path::Path;

/// A program, and the Debian package that has it. The commands of the READMEs, which are tested, use `curl`; the tests of durability let a
/// disk fail with `strace`.
const NEEDED: &[(&str, &str)] = &[("bash", "bash"), ("curl", "curl"), ("strace", "strace")];

/// Sees that the programs are there; as root on Debian, installs those that are not.
pub(crate) fn provide(workspace: &Workspace) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    for (program, package) in missing(&folders) {
        install(workspace, package).map_err(|reason| format!("`{program}` is missing: {reason}"))?;
    }
    Ok(())
}

/// Sees that there is a Python that can make environments, which Debian keeps in a package of its own.
pub(crate) fn provide_python(workspace: &Workspace) -> Result<(), String> {
    let mut probe = workspace.command("python3");
    probe.args(["-c", "import ensurepip, venv"]);
    if process::output(probe).is_ok() {
        return Ok(());
    }
    install(workspace, "python3-venv").map_err(|reason| format!("`python3 -m venv` does not work: {reason}"))
}

fn missing(folders: &[impl AsRef<Path>]) -> Vec<(&'static str, &'static str)> {
    let is_there = |program: &str| folders.iter().any(|folder| folder.as_ref().join(program).is_file());
    NEEDED.iter().copied().filter(|(program, _)| !is_there(program)).collect()
}

fn install(workspace: &Workspace, package: &str) -> Result<(), String> {
    let mut id = workspace.command("id");
    id.arg("-u");
    if process::text(id)?.trim() != "0" {
        return Err(format!("install it (`apt-get install {package}`), or run this as root"));
    }
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        process::run(command)
    };
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", package])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn what_is_nowhere_on_the_path_is_missing() {
        let folder = std::env::temp_dir().join(format!("xtask-tools-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        std::fs::write(folder.join("bash"), "").expect("the temporary folder can be written");
        let found = missing(&[PathBuf::from("/nowhere"), folder.clone()]);
        std::fs::remove_dir_all(&folder).expect("it is ours");
        assert_eq!(found, [("curl", "curl"), ("strace", "strace")]);
    }
}
