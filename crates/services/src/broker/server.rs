//! A server of either kind.

use super::{Kind, Setup};
use crate::guard::{Guard, Guarded};
use crate::run::{free_port, signal};
use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Starting takes some hundredths of a second.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Another program may take the port that was free a moment ago.
const PORTS_TRIED: u32 = 5;

/// A server on 127.0.0.1 and at a port of its own. It is stopped and its folder is removed when it is dropped, and also when this process ends
/// in whatever way.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    setup: Setup,
    port: u16,
    /// `None` while it is stopped.
    process: Option<Child>,
    guard: Guard,
}

impl Server {
    /// Starts one, and waits until it listens.
    pub fn start(kind: Kind, setup: &Setup) -> Result<Server, String> {
        let name = match kind {
            Kind::Nats => "NATS",
            Kind::Redis => "Redis",
        };
        let guarded = Guarded { name, pid_file: "pid", signal: "KILL", refuses_root: false };
        let guard = Guard::new(&guarded, None)?;
        if let Some((certificate, key)) = &setup.certificate {
            guard.write(&guard.folder().join("certificate.pem"), certificate)?;
            guard.write(&guard.folder().join("key.pem"), key)?;
        }
        let mut server = Server { kind, setup: setup.clone(), port: 0, process: None, guard };
        let mut tried = 0;
        while let Err(reason) = server.start_at(free_port()?) {
            tried += 1;
            if tried == PORTS_TRIED {
                return Err(reason);
            }
        }
        Ok(server)
    }

    /// Its URL, with the password that lets one in.
    pub fn url(&self) -> String {
        self.kind.url(&self.setup, self.port)
    }

    /// Its URL by another way, as through a [`crate::Proxy`].
    pub fn url_at(&self, address: SocketAddr) -> String {
        self.kind.url(&self.setup, address.port())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.guard.folder()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.guard.folder().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Kills it: connections break without a word. `start_again` starts it.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("it runs");
        self.forget();
        signal("KILL", process.id());
        process.wait().unwrap_or_else(|error| panic!("waiting for {}: {error}", self.kind.program()));
    }

    /// Starts it where it was, and waits until it listens.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        self.start_at(self.port).unwrap_or_else(|reason| panic!("{reason}"));
    }

    fn start_at(&mut self, port: u16) -> Result<(), String> {
        self.port = port;
        let configuration = self.kind.configuration(&self.setup, port);
        self.guard.write(&self.guard.folder().join("configuration"), &configuration)?;
        let process = self.spawn()?;
        // From here on the guard knows of it.
        self.guard.write(&self.guard.folder().join("pid"), &format!("{}\n", process.id()))?;
        self.process = Some(process);
        if self.listens() {
            return Ok(());
        }
        self.stop();
        Err(format!("{} did not start:\n{}", self.kind.program(), self.log()))
    }

    fn spawn(&self) -> Result<Child, String> {
        let failed = |error: std::io::Error| format!("{} did not start: {error}", self.kind.program());
        let log = File::options().create(true).append(true).open(self.guard.folder().join("log"));
        let log = log.map_err(failed)?;
        let mut command = Command::new(self.kind.find()?);
        match self.kind {
            Kind::Nats => command.args(["-c", "configuration"]),
            Kind::Redis => command.arg("configuration"),
        };
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
        self.guard.adopt(&mut command).spawn().map_err(failed)
    }

    /// Waits until it is our own process that listens there, which it does to its end.
    fn listens(&mut self) -> bool {
        let deadline = Instant::now() + READY_WITHIN;
        let address = self.address();
        let process = self.process.as_mut().expect("it was just started");
        while Instant::now() < deadline && matches!(process.try_wait(), Ok(None)) {
            if TcpStream::connect(address).is_ok() {
                return matches!(process.try_wait(), Ok(None));
            }
            sleep(Duration::from_millis(10));
        }
        false
    }

    /// The number may be another process's from now on.
    fn forget(&self) {
        let _ = std::fs::remove_file(self.guard.folder().join("pid"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
            self.forget();
        }
    }
}
