//! A folder with a server in it, of which nothing is left when we are gone.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Waits for the end of its input, which comes when whoever holds the other end of the pipe ends, also when it is killed. Then it stops the
/// server that runs in the folder, and removes the folder. The number of tries is bounded, since a process may have taken over the number.
const SCRIPT: &str = r#"
    cat >/dev/null
    pid="$1/$2"
    tries=0
    while [ -s "$pid" ] && [ $tries -lt 100 ] && kill -s "$3" "$(head -n 1 "$pid")" 2>/dev/null; do
        sleep 0.05
        tries=$((tries + 1))
    done
    rm -rf "$1"
"#;

/// What the guard has to know of a kind of server.
#[derive(Debug)]
pub(crate) struct Guarded {
    /// What it is called, for people and in the folder's name.
    pub(crate) name: &'static str,
    /// The file in the folder whose first line is the number of the server's process.
    pub(crate) pid_file: &'static str,
    /// The signal that stops it at once.
    pub(crate) signal: &'static str,
    /// Whether it refuses to be root.
    pub(crate) refuses_root: bool,
}

/// The folder, and the process that clears up. Dropping it clears up and waits until that is done.
#[derive(Debug)]
pub(crate) struct Guard {
    folder: PathBuf,
    user: Option<User>,
    process: Child,
}

/// Whom a server runs as that refuses to be root, where we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct User {
    id: u32,
    group: u32,
}

impl Guard {
    /// Makes it within a folder, or else where temporary files are.
    pub(crate) fn new(server: &Guarded, within: Option<&Path>) -> Result<Guard, String> {
        let failed = |error| format!("a temporary folder for {}: {error}", server.name);
        let within = within.map_or_else(|| Ok(std::env::temp_dir()), Path::canonicalize).map_err(failed)?;
        let prefix = format!("mainstay-{}-", server.name.to_lowercase());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(within).map_err(failed)?;
        // The folder is ours, so its owner is who we are.
        let is_root = folder.path().metadata().map_err(failed)?.uid() == 0;
        let user = (is_root && server.refuses_root)
            .then(|| unprivileged(&std::fs::read_to_string("/etc/passwd").unwrap_or_default()));
        if let Some(User { id, group }) = user {
            chown(folder.path(), Some(id), Some(group)).map_err(failed)?;
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "guard"]).arg(folder.path()).args([server.pid_file, server.signal]);
        shell.current_dir("/");
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = detached(&mut shell, user).spawn().map_err(failed)?;
        Ok(Guard { folder: folder.keep(), user, process })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes a file that its owner alone may read, as a server demands of its keys.
    pub(crate) fn write(&self, path: &Path, text: &str) -> Result<(), String> {
        let failed = |error| format!("{}: {error}", path.display());
        std::fs::write(path, text).map_err(failed)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        self.user.map_or(Ok(()), |User { id, group }| chown(path, Some(id), Some(group))).map_err(failed)
    }

    /// Lets a program run in the folder, as its owner.
    pub(crate) fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        detached(command.current_dir(&self.folder), self.user)
    }
}

/// In a process group of its own: the Ctrl-C of a terminal is for the tests, and the guard acts when they are gone.
fn detached(command: &mut Command, user: Option<User>) -> &mut Command {
    command.process_group(0);
    match user {
        Some(User { id, group }) => command.uid(id).gid(group),
        None => command,
    }
}

/// `postgres`, whom Debian's package makes; else `nobody`.
fn unprivileged(passwd: &str) -> User {
    let named = |name: &str| passwd.lines().find_map(|line| user_of(line, name));
    named("postgres").or_else(|| named("nobody")).unwrap_or(User { id: 65_534, group: 65_534 })
}

/// A line is `name:password:id:group:…`.
fn user_of(line: &str, name: &str) -> Option<User> {
    let mut parts = line.split(':');
    if parts.next() != Some(name) {
        return None;
    }
    Some(User { id: parts.nth(1)?.parse().ok()?, group: parts.next()?.parse().ok()? })
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
        // Where only we may remove it from the folder above, the process that clears up has left it empty.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_the_most_fitting_one() {
        let check =
            |passwd: &str, id, group| assert_eq!(unprivileged(passwd), User { id, group }, "{passwd}");
        check(
            "root:x:0:0:root:/:/bin/sh\nnobody:x:7:8::/:/bin/false\npostgres:x:101:104:,,,:/:/bin/bash\n",
            101,
            104,
        );
        check("postgresql:x:1:1::/:\nnobody:x:7:8::/:/bin/false\n", 7, 8);
        check("postgres:broken\n", 65_534, 65_534);
        check("", 65_534, 65_534);
    }

    #[test]
    fn the_folder_goes_with_the_guard() {
        let server = Guarded { name: "Nothing", pid_file: "pid", signal: "KILL", refuses_root: false };
        let guard = Guard::new(&server, None).unwrap();
        let folder = guard.folder().to_owned();
        std::fs::write(folder.join("file"), "").unwrap();
        drop(guard);
        assert!(!folder.exists());
    }
}
