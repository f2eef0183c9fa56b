//! A running server, which ends when its guard goes.

use super::Client;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running server.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    /// What it printed up to `ready`.
    pub(crate) banner: String,
    pub(crate) address: SocketAddr,
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts `mainstay`, in the project's folder and on a free port, and waits until it is ready.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Server {
        Server::run(Command::new(env!("CARGO_BIN_EXE_mainstay")), folder, arguments)
    }

    /// Serves a project, with its log in a pipe.
    pub(crate) fn start_piped(folder: &Path) -> (Server, ChildStderr) {
        let program = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        let mut server = Server::run_with(program, folder, &["serve"], Stdio::piped()).unwrap();
        let log = server.child.stderr.take().unwrap();
        (server, log)
    }

    fn run(program: Command, folder: &Path, arguments: &[&str]) -> Server {
        Server::try_to_start(program, folder, arguments).unwrap_or_else(|| {
            panic!("it ended at once: {}", fs::read_to_string(folder.join("server.log")).unwrap())
        })
    }

    /// Starts it by another program, as one that sets limits; `None` when it ended before it was ready.
    pub(crate) fn try_to_start(program: Command, folder: &Path, arguments: &[&str]) -> Option<Server> {
        let log = File::options().create(true).append(true).open(folder.join("server.log")).unwrap();
        Server::run_with(program, folder, arguments, log.into())
    }

    fn run_with(mut program: Command, folder: &Path, arguments: &[&str], stderr: Stdio) -> Option<Server> {
        let log = folder.join("server.log");
        let mut child = program
            .args(arguments)
            .args(["--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut banner = String::new();
        while !banner.ends_with("ready\n") {
            if stdout.read_line(&mut banner).unwrap() == 0 {
                child.wait().unwrap();
                return None;
            }
        }
        let address = banner.split("://").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        Some(Server { child, log, banner, address, _stdout: stdout })
    }

    /// Serves a project under a limit of the shell's `ulimit`, as `-f 100`.
    pub(crate) fn start_under(limit: &str, folder: &Path) -> Server {
        Server::run(under(limit), folder, &["serve"])
    }

    /// Its process.
    #[allow(dead_code, reason = "for the tests of durability, which share this file")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Waits until this is in the log, and answers all that is.
    #[track_caller]
    pub(crate) fn logged(&self, part: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let log = self.log();
            if log.contains(part) {
                return log;
            }
            assert!(Instant::now() < deadline, "no {part:?} in:\n{log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it has logged so far. A line may take some hundredths of a second to get there; all are there when it has ended.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Sends a signal to it and to nobody else.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill`: a small machine has no other.
        let kill = format!("kill -s {name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }
}

/// The program under a limit of the shell's `ulimit`.
pub(crate) fn under(limit: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_mainstay")]);
    shell
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
