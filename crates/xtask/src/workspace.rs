//! Where the repository is, and how programs are started in it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository.
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, absolute.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The workspace of the xtask that runs. Fails when it was not started by cargo.
    pub(crate) fn find() -> Result<Workspace, String> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").ok_or("start it with `cargo xtask`")?;
        let root =
            Path::new(&manifest).ancestors().nth(2).ok_or("this crate is not in crates/xtask")?.to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => env::current_dir().map_err(|error| error.to_string())?.join(folder),
            None => root.join("target"),
        };
        Ok(Workspace { root, target })
    }

    /// A program, to be started in the root. It gets no stdin, so that none waits for an answer in CI.
    ///
    /// It stays in our process group: the Ctrl-C of a terminal and a CI that kills the group reach it too.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null()).env("CARGO_TARGET_DIR", &self.target);
        for variable in variables_of_cargo_run() {
            command.env_remove(variable);
        }
        command
    }

    /// Cargo, the one that started us.
    pub(crate) fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }
}

/// What `cargo run` sets to describe this crate. Build scripts of dependencies watch some of these: if they were passed on,
/// each `cargo xtask test` after a plain `cargo test` would build those dependencies again.
fn variables_of_cargo_run() -> impl Iterator<Item = String> {
    env::vars_os().filter_map(|(name, _)| name.into_string().ok()).filter(|name| describes_a_package(name))
}

fn describes_a_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_")
}

#[cfg(test)]
mod tests {
    use super::describes_a_package;

    #[test]
    fn only_the_package_is_forgotten() {
        for (variable, expected) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_HOME", false),
            ("CARGO_TARGET_DIR", false),
            ("CARGO_TERM_COLOR", false),
        ] {
            assert_eq!(describes_a_package(variable), expected, "{variable}");
        }
    }
}
