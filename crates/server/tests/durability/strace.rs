//! The program under strace, which lets chosen system calls fail or writes down what they are.

use crate::support::Server;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set where a container forbids tracing, to leave these tests out. CONTRIBUTING.md says so.
const WITHOUT: &str = "MAINSTAY_WITHOUT_PTRACE";

/// Whether processes can be traced here. Where they cannot, and nobody said that this is known, the test fails.
pub(crate) fn is_possible() -> bool {
    if std::env::var_os(WITHOUT).is_some() {
        println!("left out, since {WITHOUT} is set");
        return false;
    }
    let tried = Command::new("strace").args(["-D", "-f", "-qq", "-o", "/dev/null", "true"]).output();
    let works = tried.as_ref().is_ok_and(|output| output.status.success() && output.stderr.is_empty());
    assert!(
        works,
        "strace cannot trace here: {tried:?}\ninstall it, allow it (in a container: `--cap-add=SYS_PTRACE`), or set {WITHOUT}=1 to leave out \
         the tests of failing disks"
    );
    true
}

/// What strace is to do.
pub(crate) struct Trace {
    /// Where it writes the calls that it sees.
    pub(crate) file: PathBuf,
    arguments: Vec<String>,
}

impl Trace {
    pub(crate) fn new(folder: &Path) -> Self {
        Trace { file: folder.join("trace"), arguments: Vec::new() }
    }

    /// Sees these calls, separated by commas.
    pub(crate) fn calls(mut self, calls: &str) -> Self {
        self.arguments.push(format!("--trace={calls}"));
        self
    }

    /// Sees only calls that are about one of these files.
    pub(crate) fn about(mut self, paths: &[PathBuf]) -> Self {
        self.arguments.extend(paths.iter().map(|path| format!("--trace-path={}", path.display())));
        self
    }

    /// Lets these calls fail: `when` counts them for each thread, as `3..5` or `3+`.
    pub(crate) fn fail(mut self, calls: &str, error: &str, when: &str) -> Self {
        self.arguments.push(format!("--inject={calls}:error={error}:when={when}"));
        self
    }

    /// Serves the project of this folder. The tracer is no parent of the program, so that signals and exit codes are the program's.
    pub(crate) fn serve(&self, folder: &Path) -> Server {
        self.try_to_serve(folder).expect("it starts before the fault")
    }

    /// As `serve`; `None` when the program ended before it was ready.
    pub(crate) fn try_to_serve(&self, folder: &Path) -> Option<Server> {
        let mut command = Command::new("strace");
        command.args(["-D", "-f", "-qq", "-y", "-s", "64", "-o"]).arg(&self.file).args(&self.arguments);
        command.arg(env!("CARGO_BIN_EXE_mainstay"));
        Server::try_to_start(command, folder, &["serve"])
    }

    /// What it saw until now.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.file).unwrap_or_default()).into_owned()
    }
}
