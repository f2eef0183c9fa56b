//! Nodes on one database.

use crate::crew;
use crate::support::{Client, Project, Server};
use mainstay_services::postgres::{self, Database, Setup};
use mainstay_services::{Link, Proxy};
use std::process::Command;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// How many nodes there are.
pub(crate) const NODES: usize = 3;
/// What is not so by then will never be so.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nodes, and the database that they share.
pub(crate) struct Cluster {
    // The first to go: what is connected to the database ends before it.
    pub(crate) nodes: Vec<Node>,
    pub(crate) database: Database,
    pub(crate) postgres: postgres::Server,
}

/// A node: a folder as on a machine of its own, and a way to the database that can be cut.
pub(crate) struct Node {
    pub(crate) project: Project,
    pub(crate) proxy: Proxy,
    /// `None` while it is dead.
    pub(crate) server: Option<Server>,
}

impl Cluster {
    /// Starts all nodes at once, on a database that is empty.
    pub(crate) fn new() -> Cluster {
        Cluster::on(&Setup::quick())
    }

    /// As [`Cluster::new`], on a server of one's choice.
    pub(crate) fn on(setup: &Setup) -> Cluster {
        Cluster::with(setup, |_| {})
    }

    /// As [`Cluster::on`], with each node's project made ready.
    pub(crate) fn with(setup: &Setup, prepare: impl Fn(&Project)) -> Cluster {
        let postgres = postgres::Server::start(setup).unwrap();
        let database = postgres.database();
        let mut nodes: Vec<Node> = (0..NODES).map(|_| Node::new(&postgres, &database)).collect();
        nodes.iter().for_each(|node| prepare(&node.project));
        scope(|scope| {
            for node in &mut nodes {
                scope.spawn(|| node.start());
            }
        });
        Cluster { nodes, database, postgres }
    }

    pub(crate) fn client(&self, node: usize) -> Client {
        self.nodes[node].client()
    }

    /// Waits until all nodes say that they are ready.
    #[track_caller]
    pub(crate) fn wait_until_ready(&self) {
        for node in &self.nodes {
            node.wait_until("it is ready", || node.client().get("/readyz").status == 200);
        }
    }

    /// Waits until no transaction of a node is under way, also of one that was killed and whose last words are still on their way.
    pub(crate) fn wait_until_quiet(&self) {
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' \
                    AND pid <> pg_backend_pid()";
        let deadline = Instant::now() + PATIENCE;
        while self.database.sql(busy) != "0" {
            assert!(Instant::now() < deadline, "there are still transactions");
            sleep(Duration::from_millis(20));
        }
    }
}

impl Node {
    fn new(postgres: &postgres::Server, database: &Database) -> Node {
        let proxy = Proxy::to(postgres.address());
        let url = database.url_at(proxy.address());
        let settings = format!(
            "[data]\nengine = \"postgres\"\nurl = \"{url}\"\nconnect_timeout_ms = 2000\n\
             [accounts.password]\nmemory_kib = 512\niterations = 1\n"
        );
        let project = crew::project();
        project.write("mainstay.toml", &settings);
        Node { project, proxy, server: None }
    }

    pub(crate) fn start(&mut self) {
        self.server = Some(self.project.serve());
    }

    /// Starts it with another time than it is, as `+1h` or `-1h`. Durations pass as they do.
    pub(crate) fn start_at(&mut self, time: &str) {
        self.server = Server::try_to_start(at(time), &self.project.path(""), &["serve"]);
        assert!(self.server.is_some(), "{}", self.project.read("server.log"));
    }

    /// With SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.server = None;
    }

    pub(crate) fn client(&self) -> Client {
        self.server.as_ref().expect("it lives").client()
    }

    /// What is between it and the database.
    pub(crate) fn link(&self, link: Link) {
        self.proxy.set(link);
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            let log = self.server.as_ref().map(Server::log).unwrap_or_default();
            assert!(Instant::now() < deadline, "it never came to this: {what}\n{log}");
            sleep(Duration::from_millis(10));
        }
    }
}

/// The program with a clock of its own. `faketime` stands between a program and who started it, and when it is killed the program goes on; so it is only asked
/// what it would set.
fn at(time: &str) -> Command {
    const SET: [&str; 3] = ["LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC"];
    let asked = Command::new("faketime").args(["--exclude-monotonic", "-f", time, "env"]).output().unwrap();
    let answer = String::from_utf8(asked.stdout).unwrap();
    let set = answer.lines().filter_map(|line| line.split_once('=')).filter(|(name, _)| SET.contains(name));
    let mut program = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    program.envs(set);
    program
}
