//! A running server, which ends when its guard goes.

use super::Client;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
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

    fn run(mut program: Command, folder: &Path, arguments: &[&str]) -> Server {
        let log = folder.join("server.log");
        let mut child = program
            .args(arguments)
            .args(["--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log).unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut banner = String::new();
        while !banner.ends_with("ready\n") {
            let count = stdout.read_line(&mut banner).unwrap();
            assert!(count > 0, "it ended at once: {banner}{}", fs::read_to_string(&log).unwrap());
        }
        let address = banner.split("http://").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        Server { child, log, banner, address, _stdout: stdout }
    }

    /// Serves a project under a limit of the shell's `ulimit`, as `-f 100`.
    pub(crate) fn start_under(limit: &str, folder: &Path) -> Server {
        Server::run(under(limit), folder, &["serve"])
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// What it has logged so far.
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
