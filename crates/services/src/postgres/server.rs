//! A PostgreSQL server.

use super::{Database, Installation, Setup};
use crate::guard::{Guard, Guarded};
use crate::run::{free_port, run, signal};
use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The environment variable with the URL of the server that all tests of a run share, as `postgres://postgres@127.0.0.1:5432`, without a
/// database. Its user must be allowed to make databases.
pub const SHARED_URL: &str = "MAINSTAY_TEST_POSTGRES";

/// Starting takes less than a second; after a crash, the server waits until those that it left behind are gone.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Another program may take the port that was free a moment ago.
const PORTS_TRIED: u32 = 5;

/// Its process's number is the first line of that file. It stops at once, without waiting for clients or a checkpoint.
const GUARDED: Guarded =
    Guarded { name: "PostgreSQL", pid_file: "data/postmaster.pid", signal: "QUIT", refuses_root: true };

/// A PostgreSQL server, on 127.0.0.1 and at a port of its own. Its only user is `postgres`, without a password.
///
/// It is stopped and its folder is removed when it is dropped, and also when this process ends in whatever way.
#[derive(Debug)]
pub struct Server {
    url: String,
    installation: Installation,
    /// What a server has that was started here.
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    port: u16,
    /// `None` while it is stopped.
    process: Option<Child>,
    guard: Guard,
}

impl Server {
    /// The server for all tests that do it no harm: that of `MAINSTAY_TEST_POSTGRES`, or else one that is started once for this process. It
    /// is a quick one. Panics with what is missing.
    pub fn shared() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        let found = || match std::env::var(SHARED_URL) {
            Ok(url) => Server::at(&url),
            Err(_) => Server::start(&Setup::quick()),
        };
        SHARED.get_or_init(|| found().unwrap_or_else(|reason| panic!("{reason}")))
    }

    fn at(url: &str) -> Result<Server, String> {
        let url = url.trim_end_matches('/').to_owned();
        Ok(Server { url, installation: Installation::find()?, own: None })
    }

    /// Starts one with a new data folder, and waits until it is ready.
    pub fn start(setup: &Setup) -> Result<Server, String> {
        let installation = Installation::find()?;
        let guard = Guard::new(&GUARDED, setup.folder.as_deref())?;
        initialise(&installation, &guard)?;
        configure(&guard, setup)?;
        Server::on_a_free_port(installation, guard)
    }

    /// Starts another one that follows this one as a streaming, read-only replica, with the same settings. It is ready when it answers,
    /// which may be before it has caught up.
    pub fn replica(&self) -> Result<Server, String> {
        let guard = Guard::new(&GUARDED, None)?;
        let mut copy = self.installation.command("pg_basebackup");
        copy.arg("--pgdata").arg(data(&guard)).args(["--write-recovery-conf", "--checkpoint=fast"]);
        copy.arg("--dbname").arg(&self.url).arg("--no-sync");
        run(guard.adopt(&mut copy))?;
        Server::on_a_free_port(self.installation.clone(), guard)
    }

    fn on_a_free_port(installation: Installation, guard: Guard) -> Result<Server, String> {
        let mut own = Own { port: 0, process: None, guard };
        let mut tried = 0;
        while let Err(reason) = own.start_at(&installation, free_port()?) {
            tried += 1;
            if tried == PORTS_TRIED || !reason.contains("could not create any TCP/IP sockets") {
                return Err(reason);
            }
        }
        let url = format!("postgres://postgres@127.0.0.1:{}", own.port);
        Ok(Server { url, installation, own: Some(own) })
    }

    /// Its URL, without a database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        let authority = self.url.rsplit(['@', '/']).next().expect("a split has a first part");
        authority.parse().unwrap_or_else(|_| panic!("{}: no address and port", self.url))
    }

    /// Makes an empty database.
    pub fn database(&self) -> Database {
        Database::make(self.installation.clone(), &self.url, "template1")
    }

    /// Its process, whose children serve the connections; `None` when it was not started here or does not run.
    pub fn id(&self) -> Option<u32> {
        self.own.as_ref()?.process.as_ref().map(Child::id)
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.own.as_ref().map(Own::log).unwrap_or_default()
    }

    /// Its data folder. Panics for a server that was not started here.
    pub fn data(&self) -> PathBuf {
        data(&self.own.as_ref().expect("it was started here").guard)
    }

    /// Kills it with all of its processes, as a crash would: connections break without a word, and no transaction goes on. `start_again`
    /// starts it.
    pub fn crash(&mut self) {
        let own = self.own();
        let id = own.process.as_ref().expect("it runs").id();
        // Held, it makes no more of them while they are looked for.
        signal("STOP", id);
        children(id).into_iter().for_each(|child| signal("KILL", child));
        own.end("KILL");
    }

    /// Stops it in order, without waiting for its clients. `start_again` starts it.
    pub fn stop(&mut self) {
        self.own().end("INT");
    }

    /// Starts it where it was, with the data that it had, and waits until it is ready.
    pub fn start_again(&mut self) {
        let installation = self.installation.clone();
        let own = self.own();
        assert!(own.process.is_none(), "it runs");
        let port = own.port;
        own.start_at(&installation, port).unwrap_or_else(|reason| panic!("{reason}"));
    }

    /// Who is shared is never handed out mutably, so that this cannot fail there.
    fn own(&mut self) -> &mut Own {
        self.own.as_mut().expect("only a server that was started here is owned")
    }
}

impl Own {
    fn start_at(&mut self, installation: &Installation, port: u16) -> Result<(), String> {
        self.port = port;
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let logged = self.log().len();
            self.process = Some(self.spawn(installation)?);
            if self.is_ready_before(deadline) {
                return Ok(());
            }
            let log = self.log().split_off(logged);
            self.process = None;
            // Those whom a crash left behind go by themselves as soon as they see that they are alone.
            if !log.contains("is still in use") || Instant::now() > deadline {
                return Err(format!("PostgreSQL did not start:\n{log}"));
            }
            sleep(Duration::from_millis(100));
        }
    }

    fn spawn(&self, installation: &Installation) -> Result<Child, String> {
        let log = File::options().create(true).append(true).open(self.guard.folder().join("log"));
        let log = log.map_err(|error| format!("its log: {error}"))?;
        let mut command = installation.command("postgres");
        command.arg("-D").arg(data(&self.guard)).args(["-p", &self.port.to_string()]);
        // A socket's path is at most 107 bytes long, and this folder's may be longer. Nobody needs it.
        command.args(["-c", "unix_socket_directories="]).stdout(std::process::Stdio::null()).stderr(log);
        self.guard.adopt(&mut command).spawn().map_err(|error| format!("PostgreSQL did not start: {error}"))
    }

    /// Waits until it says so in its `postmaster.pid`, whose first line is its process, and whose eighth line is its state.
    fn is_ready_before(&mut self, deadline: Instant) -> bool {
        let process = self.process.as_mut().expect("it was just started");
        let id = process.id().to_string();
        while Instant::now() < deadline && matches!(process.try_wait(), Ok(None)) {
            let text = std::fs::read_to_string(data(&self.guard).join("postmaster.pid")).unwrap_or_default();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            if lines.first() == Some(&id.as_str()) && lines.get(7) == Some(&"ready") {
                return true;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = process.kill();
        let _ = process.wait();
        false
    }

    fn end(&mut self, name: &str) {
        let mut process = self.process.take().expect("it runs");
        signal(name, process.id());
        process.wait().unwrap_or_else(|error| panic!("waiting for PostgreSQL: {error}"));
    }

    fn log(&self) -> String {
        let log = std::fs::read(self.guard.folder().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The data folder, which `initdb` makes.
fn data(guard: &Guard) -> PathBuf {
    guard.folder().join("data")
}

/// A locale of ICU sorts by a language without any locale of the system, which a small machine does not have. PostgreSQL has it since 15.
fn initialise(installation: &Installation, guard: &Guard) -> Result<(), String> {
    let initdb = |more: &[&str]| {
        let mut command = installation.command("initdb");
        command.arg("--pgdata").arg(data(guard));
        command.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        run(guard.adopt(command.args(more)))
    };
    initdb(&["--locale-provider=icu", "--icu-locale=en"]).or_else(|_| initdb(&[])).map(drop)
}

fn configure(guard: &Guard, setup: &Setup) -> Result<(), String> {
    let path = data(guard).join("postgresql.conf");
    let failed = |error| format!("{}: {error}", path.display());
    let made = std::fs::read_to_string(&path).map_err(failed)?;
    std::fs::write(&path, made + &setup.text()).map_err(failed)?;
    setup.files.iter().try_for_each(|(name, text)| guard.write(&data(guard).join(name), text))
}

/// The processes whose parent this is, where the system tells: a backend that outlives its server would go on with its transaction.
fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

/// `/proc/N/stat` is `number (name) state parent …`, where a name may contain anything.
fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
