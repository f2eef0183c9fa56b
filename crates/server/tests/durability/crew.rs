//! Writers at work on one project, and what is known of what they wrote.

use crate::ledger::Ledger;
use crate::load::{COUNTER, Writer};
use crate::random::Random;
use crate::support::{Client, Project};
use crate::verify::{Replay, Seen, verify};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const ALLOW: &str = "[allow]\nread = \"owner != ''\"\ncreate = \"owner != ''\"\nupdate = \"owner != ''\"\ndelete = \"owner != ''\"\n";
const FIELDS: &str = "[fields]\nowner = \"string\"\ntext = \"text\"\n";

/// A project with the models that are written.
pub(crate) fn project() -> Project {
    let gone = format!("soft_delete = false\n{FIELDS}");
    let folder = "folder = { type = \"ref\", model = \"folder\", on_delete = \"cascade\" }\n";
    Project::of(&[
        ("models/folder.toml", &format!("{gone}{ALLOW}")),
        ("models/page.toml", &format!("{gone}{folder}{ALLOW}")),
        ("models/note.toml", &format!("{FIELDS}{ALLOW}")),
        ("models/counter.toml", &format!("{gone}{ALLOW}")),
    ])
}

/// Makes the counter that all writers share.
pub(crate) fn make_counter(client: &Client) {
    let counter = json!({"owner": "all", "text": "0"}).to_string();
    client.send("PUT", &format!("/v1/counters/{COUNTER}"), Some(&counter)).expect(201);
}

/// The writers.
pub(crate) struct Crew {
    writers: Vec<Writer>,
    replay: Replay,
    /// The version of the counter.
    counter: u64,
}

impl Crew {
    pub(crate) fn of(writers: usize, random: &mut Random) -> Self {
        let writers = (0..writers).map(|number| Writer::new(&format!("w{number}"), random.fork())).collect();
        Crew { writers, replay: Replay::default(), counter: 1 }
    }

    /// Lets all writers write until `meanwhile` is done, or their connections break.
    pub(crate) fn write_while<T>(&mut self, address: SocketAddr, meanwhile: impl FnOnce() -> T) -> T {
        self.work_while(|_, writer, stop| writer.write_until(address, stop), meanwhile)
    }

    /// Lets each writer do its work, with its number, until `meanwhile` is done.
    pub(crate) fn work_while<T>(
        &mut self,
        work: impl Fn(usize, &mut Writer, &AtomicBool) + Sync,
        meanwhile: impl FnOnce() -> T,
    ) -> T {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for (number, writer) in self.writers.iter_mut().enumerate() {
                let (work, stop) = (&work, &stop);
                scope.spawn(move || work(number, writer, stop));
            }
            // Also when it panics: else the writers would go on for ever.
            let _stop = Stop(&stop);
            meanwhile()
        })
    }

    /// Checks a database against what was acknowledged. It is looked at from the offset of the feed on that was seen last.
    pub(crate) fn verify(&mut self, look: impl FnOnce(i64) -> Seen) {
        let seen = look(self.replay.offset);
        let mut ledgers: Vec<&mut Ledger> =
            self.writers.iter_mut().map(|writer| &mut writer.ledger).collect();
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
