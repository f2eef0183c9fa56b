//! A project on SQLite with its writers, and an empty database to move into.

use crate::ledger::Ledger;
use crate::load::{COUNTER, Writer};
use crate::look::look;
use crate::random::Random;
use crate::support::{Finished, Project, Server};
use crate::verify::{Replay, verify};
use mainstay_services::postgres::Database;
use serde_json::json;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const WRITERS: usize = 3;
const ALLOW: &str = "[allow]\nread = \"owner != ''\"\ncreate = \"owner != ''\"\nupdate = \"owner != ''\"\ndelete = \"owner != ''\"\n";
const FIELDS: &str = "[fields]\nowner = \"string\"\ntext = \"text\"\n";

pub(crate) struct House {
    pub(crate) project: Project,
    pub(crate) target: Database,
    writers: Vec<Writer>,
    replay: Replay,
    /// The version of the counter.
    counter: u64,
}

impl House {
    pub(crate) fn new(random: &mut Random) -> Self {
        let gone = format!("soft_delete = false\n{FIELDS}");
        let folder = "folder = { type = \"ref\", model = \"folder\", on_delete = \"cascade\" }\n";
        let project = Project::of(&[
            ("models/folder.toml", &format!("{gone}{ALLOW}")),
            ("models/page.toml", &format!("{gone}{folder}{ALLOW}")),
            ("models/note.toml", &format!("{FIELDS}{ALLOW}")),
            ("models/counter.toml", &format!("{gone}{ALLOW}")),
        ]);
        let writers = (0..WRITERS).map(|number| Writer::new(&format!("w{number}"), random.fork())).collect();
        let target = mainstay_services::postgres::Server::shared().database();
        House { project, target, writers, replay: Replay::default(), counter: 1 }
    }

    /// Serves it with the counter that all writers share.
    pub(crate) fn serve(&self) -> Server {
        let server = self.project.serve();
        let counter = json!({"owner": "all", "text": "0"}).to_string();
        server.client().send("PUT", &format!("/v1/counters/{COUNTER}"), Some(&counter)).expect(201);
        server
    }

    /// Lets all writers write until `meanwhile` is done.
    pub(crate) fn write_while<T>(&mut self, address: SocketAddr, meanwhile: impl FnOnce() -> T) -> T {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for writer in &mut self.writers {
                scope.spawn(|| writer.write_until(address, &stop));
            }
            // Also when it panics: else the writers would go on for ever.
            let _stop = Stop(&stop);
            meanwhile()
        })
    }

    /// What moves it.
    pub(crate) fn mover(&self) -> Command {
        self.mover_in(&self.project)
    }

    fn mover_in(&self, project: &Project) -> Command {
        let mut command = project.command(&["move"]);
        command.env("MAINSTAY_DATA_URL", self.target.url());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Moves it to the end.
    pub(crate) fn r#move(&self) -> Finished {
        let output = self.mover().output().unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Sets the project to where it has moved, and serves it there.
    pub(crate) fn serve_moved(&self) -> Server {
        self.project.set(&format!("[data]\nengine = \"postgres\"\nurl = \"{}\"", self.target.url()));
        self.project.serve()
    }

    /// Checks the database that it moved into against what was acknowledged.
    pub(crate) fn verify(&mut self) {
        let mut ledgers: Vec<&mut Ledger> =
            self.writers.iter_mut().map(|writer| &mut writer.ledger).collect();
        let seen = look(&self.target, self.replay.offset);
        verify(seen, &mut ledgers, &mut self.replay, &mut self.counter);
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.writers.iter().map(|writer| writer.ledger.acknowledged).sum()
    }

    /// The codes of the faults that writers were told.
    pub(crate) fn take_failures(&mut self) -> Vec<String> {
        self.writers.iter_mut().flat_map(|writer| std::mem::take(&mut writer.failures)).collect()
    }
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the data and the log are kept in {}", self.project.keep().display());
        }
    }
}
