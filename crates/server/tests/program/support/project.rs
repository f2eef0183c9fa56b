//! A project in a temporary folder.

use super::{Data, Server, repository};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Passwords that hash in no time.
const SETTINGS: &str = "\n[accounts.password]\nmemory_kib = 512\niterations = 1\n";

/// A project in a temporary folder, which goes when this goes.
pub(crate) struct Project {
    folder: TempDir,
    /// Made when it is first needed, which it is not for many tests.
    data: OnceLock<Data>,
}

/// What a command that has ended left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn empty() -> Self {
        Project { folder: tempfile::tempdir().unwrap(), data: OnceLock::new() }
    }

    /// A copy of an example, with cheap passwords.
    pub(crate) fn example(name: &str) -> Self {
        let project = Project::empty();
        let example = repository().join("examples").join(name);
        copy_files(&example, &project.path(""));
        for inner in ["models", "api", "api/golden/v1", "api/golden/v2"] {
            if example.join(inner).is_dir() {
                copy_files(&example.join(inner), &project.path(inner));
            }
        }
        let settings = fs::read_to_string(project.path("mainstay.toml")).unwrap();
        project.write("mainstay.toml", &(settings + SETTINGS));
        project
    }

    /// A project of these files, `mainstay.toml` with cheap passwords aside.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let project = Project::empty();
        project.write("mainstay.toml", SETTINGS);
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// Leaves the folder behind when this goes, for somebody to look at.
    #[allow(dead_code, reason = "for the tests of durability, which share this file")]
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.path("")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file. Settings get the engine that these tests are for.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let text = if path == "mainstay.toml" { self.data().named_in(text) } else { text.to_owned() };
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Where its data are.
    pub(crate) fn data(&self) -> &Data {
        self.data.get_or_init(|| Data::of(self.folder.path()))
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// Adds a table to `mainstay.toml`.
    pub(crate) fn set(&self, settings: &str) {
        let before = self.read("mainstay.toml");
        self.write("mainstay.toml", &format!("{before}\n{settings}\n"));
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start(self.folder.path(), &["serve"])
    }

    /// The program, in the project's folder.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.args(arguments).current_dir(self.folder.path()).env("NO_COLOR", "1").env_remove("RUST_LOG");
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Finished {
        self.run_with_input(arguments, "")
    }

    pub(crate) fn run_with_input<S: AsRef<OsStr>>(&self, arguments: &[S], input: &str) -> Finished {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Finished::of(child.wait_with_output().unwrap())
    }
}

/// Copies the files of a folder, and not its folders: data that somebody left in an example stay there.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let entries = fs::read_dir(from).unwrap().map(Result::unwrap);
    for entry in entries.filter(|entry| entry.file_type().unwrap().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

impl Finished {
    pub(crate) fn of(output: Output) -> Self {
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Checks that all of these are on standard error.
    #[track_caller]
    pub(crate) fn complains(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in:\n{}", self.stderr);
        }
        self
    }

    /// Checks that all of these are on standard output.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stdout.contains(part), "no {part:?} in:\n{}", self.stdout);
        }
        self
    }
}
