//! Programs that the tests run beside our own and that a fresh machine may lack.

use crate::process;
use crate::workspace::Workspace;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A program, and the Debian package that has it. The commands of the READMEs, which are tested, use `curl`; the tests of durability let a
/// disk fail with `strace`, and those of several nodes give one a wrong clock with `faketime`.
const NEEDED: &[(&str, &str)] =
    &[("bash", "bash"), ("curl", "curl"), ("strace", "strace"), ("faketime", "faketime")];

/// Programs that are taken out of their package instead of installing it, since that would start a service too: `promtool`, which judges
/// the page of metrics, comes with a Prometheus that would scrape and listen. The last is where the package has it.
const UNPACKED: &[(&str, &str, &str)] =
    &[("promtool", "prometheus", "usr/bin"), ("nats-server", "nats-server", "usr/sbin")];

/// Debian's package `redis-server` is a service and this link: the server is the same program as a tool of `redis-tools`, and goes by its name.
const REDIS: (&str, &str, &str) = ("redis-server", "redis-check-rdb", "redis-tools");

/// Sees that the programs are there; as root on Debian, installs those that are not.
pub(crate) fn provide(workspace: &Workspace) -> Result<(), String> {
    let folders: Vec<_> = std::env::split_paths(&path(workspace)).collect();
    for (program, package) in missing(NEEDED, &folders) {
        install(workspace, package).map_err(|reason| format!("`{program}` is missing: {reason}"))?;
    }
    for (program, package, within) in UNPACKED {
        if missing(&[(program, package)], &folders).is_empty() {
            continue;
        }
        unpack(workspace, program, package, within).map_err(|reason| {
            format!("`{program}` is missing: {reason}\nit is in Debian's package `{package}`, or at its project's site")
        })?;
    }
    provide_redis(workspace, &folders)
}

/// Sees that there is a Redis, without the service that comes with Debian's.
fn provide_redis(workspace: &Workspace, folders: &[PathBuf]) -> Result<(), String> {
    let (server, tool, package) = REDIS;
    if missing(&[(server, package)], folders).is_empty() {
        return Ok(());
    }
    if !missing(&[(tool, package)], folders).is_empty() {
        install(workspace, package).map_err(|reason| format!("`{server}` is missing: {reason}"))?;
    }
    let link = ours(workspace).join(server);
    let _ = std::fs::remove_file(&link);
    std::fs::create_dir_all(ours(workspace))
        .and_then(|()| std::os::unix::fs::symlink(Path::new("/usr/bin").join(tool), &link))
        .map_err(|error| format!("{}: {error}", link.display()))
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

/// Sees that there are node and npm.
pub(crate) fn provide_node(workspace: &Workspace) -> Result<(), String> {
    let folders: Vec<_> = std::env::split_paths(&path(workspace)).collect();
    for (program, package) in missing(&[("node", "nodejs"), ("npm", "npm")], &folders) {
        install(workspace, package).map_err(|reason| format!("`{program}` is missing: {reason}"))?;
    }
    Ok(())
}

/// The `PATH` with our own tools behind all others.
pub(crate) fn path(workspace: &Workspace) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([ours(workspace)]);
    std::env::join_paths(folders).unwrap_or(path)
}

fn ours(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools/bin")
}

fn missing(
    needed: &[(&'static str, &'static str)],
    folders: &[impl AsRef<Path>],
) -> Vec<(&'static str, &'static str)> {
    let is_there = |program: &str| folders.iter().any(|folder| folder.as_ref().join(program).is_file());
    needed.iter().copied().filter(|(program, _)| !is_there(program)).collect()
}

/// Takes a program out of a folder of a Debian package. That needs no root, only apt's lists; they are fetched where that is allowed.
fn unpack(workspace: &Workspace, program: &str, package: &str, from: &str) -> Result<(), String> {
    let folder = workspace.target.join("tools").join(package);
    let io = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(&folder).map_err(io)?;
    let within = |program: &str, arguments: &[&str]| {
        let mut command = workspace.command(program);
        command.current_dir(&folder).args(arguments);
        process::run(command)
    };
    if is_root(workspace)? {
        within("apt-get", &["update"])?;
    }
    within("apt-get", &["download", package])?;
    within("sh", &["-c", "for package in *.deb; do dpkg -x \"$package\" .; done"])?;
    std::fs::create_dir_all(ours(workspace)).map_err(io)?;
    std::fs::rename(folder.join(from).join(program), ours(workspace).join(program)).map_err(io)?;
    std::fs::remove_dir_all(&folder).map_err(io)
}

/// Installs a package of Debian's, which takes root.
pub(crate) fn install(workspace: &Workspace, package: &str) -> Result<(), String> {
    if !is_root(workspace)? {
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

fn is_root(workspace: &Workspace) -> Result<bool, String> {
    let mut id = workspace.command("id");
    id.arg("-u");
    Ok(process::text(id)?.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nowhere_on_the_path_is_missing() {
        let folder = std::env::temp_dir().join(format!("xtask-tools-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        std::fs::write(folder.join("bash"), "").expect("the temporary folder can be written");
        let found = missing(NEEDED, &[PathBuf::from("/nowhere"), folder.clone()]);
        std::fs::remove_dir_all(&folder).expect("it is ours");
        assert_eq!(found, [("curl", "curl"), ("strace", "strace"), ("faketime", "faketime")]);
    }
}
