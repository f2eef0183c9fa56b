//! A project with its writers, from one disaster to the next.

use crate::ledger::Ledger;
use crate::load::{COUNTER, Writer};
use crate::look::look;
use crate::random::Random;
use crate::support::{Project, Server};
use crate::verify::{Replay, verify};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const WRITERS: usize = 4;
const ALLOW: &str = "[allow]\nread = \"owner != ''\"\ncreate = \"owner != ''\"\nupdate = \"owner != ''\"\ndelete = \"owner != ''\"\n";
const FIELDS: &str = "[fields]\nowner = \"string\"\ntext = \"text\"\n";

pub(crate) struct Case {
    pub(crate) project: Project,
    writers: Vec<Writer>,
    replay: Replay,
    /// The version of the counter.
    counter: u64,
}

impl Case {
    pub(crate) fn new(random: &mut Random) -> Self {
        Case::on(random, |_| {})
    }

    /// With something to be done to the project before it has data.
    pub(crate) fn on(random: &mut Random, prepare: impl FnOnce(&Project)) -> Self {
        let gone = format!("soft_delete = false\n{FIELDS}");
        let folder = "folder = { type = \"ref\", model = \"folder\", on_delete = \"cascade\" }\n";
        let project = Project::of(&[
            ("models/folder.toml", &format!("{gone}{ALLOW}")),
            ("models/page.toml", &format!("{gone}{folder}{ALLOW}")),
            ("models/note.toml", &format!("{FIELDS}{ALLOW}")),
            ("models/counter.toml", &format!("{gone}{ALLOW}")),
        ]);
        let writers = (0..WRITERS).map(|number| Writer::new(&format!("w{number}"), random.fork())).collect();
        prepare(&project);
        let server = project.serve();
        let counter = json!({"owner": "all", "text": "0"});
        server
            .client()
            .send("PUT", &format!("/v1/counters/{COUNTER}"), Some(&counter.to_string()))
            .expect(201);
        assert!(server.stop().success());
        Case { project, writers, replay: Replay::default(), counter: 1 }
    }

    /// Lets all writers write until `meanwhile` is done, or their connections break.
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

    /// Checks the database that the server has open.
    pub(crate) fn verify(&mut self) {
        let mut ledgers: Vec<&mut Ledger> =
            self.writers.iter_mut().map(|writer| &mut writer.ledger).collect();
        let seen = look(&self.project.path("data/mainstay.db"), self.replay.offset);
        verify(seen, &mut ledgers, &mut self.replay, &mut self.counter);
    }

    /// Starts the program anew and checks what it finds.
    pub(crate) fn serve_and_verify(&mut self) -> Server {
        let server = self.project.serve();
        self.verify();
        server
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

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            println!("the data and the log are kept in {}", self.project.keep().display());
        }
    }
}
