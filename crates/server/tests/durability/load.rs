//! A writer of known records.

use crate::ledger::{Ledger, Row, Rows, Write};
use crate::random::Random;
use crate::wire::Wire;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// The record that all writers change.
pub(crate) const COUNTER: Uuid = Uuid::from_u128(1);

/// A writer, with what it knows.
pub(crate) struct Writer {
    pub(crate) ledger: Ledger,
    pub(crate) random: Random,
    /// The faults that it was told, by their codes.
    pub(crate) failures: Vec<String>,
}

impl Writer {
    pub(crate) fn new(owner: &str, random: Random) -> Self {
        Writer { ledger: Ledger::new(owner), random, failures: Vec::new() }
    }

    /// Writes until it is told to stop or the connection breaks.
    pub(crate) fn write_until(&mut self, address: SocketAddr, stop: &AtomicBool) {
        let Ok(mut wire) = Wire::open(address) else { return };
        while !stop.load(Ordering::Relaxed) {
            if self.write(&mut wire).is_none() {
                return;
            }
        }
    }

    /// Writes once; `None` when the connection broke.
    pub(crate) fn write(&mut self, wire: &mut Wire) -> Option<()> {
        match self.random.below(100) {
            0..10 => self.count(wire),
            10..20 => self.write_what_is_refused(wire),
            _ => self.write_own(wire),
        }
    }

    fn write_own(&mut self, wire: &mut Wire) -> Option<()> {
        let count = if self.random.percent(60) { 1 } else { 2 + self.random.below(10) };
        let writes = self.writes(count);
        let answer = match &writes[..] {
            [write] => {
                let (method, path, body) = write.request();
                wire.send(method, &path, body.as_ref())
            }
            _ => wire.send("POST", "/v1/batch", Some(&batch(&writes))),
        };
        match answer {
            Ok((200..=204, _)) => self.ledger.acknowledge(&writes),
            Ok((status, problem)) if self.is_unknown(status, &problem) => self.ledger.doubt(writes),
            Ok(_) => {}
            Err(_) => {
                self.ledger.doubt(writes);
                return None;
            }
        }
        Some(())
    }

    /// Writes that are good until the last one, which is refused: nothing of them may ever be there.
    fn write_what_is_refused(&mut self, wire: &mut Wire) -> Option<()> {
        let count = 1 + self.random.below(5);
        let writes = self.writes(count);
        let mut body = batch(&writes);
        let missing = Uuid::from_u128(2);
        body["operations"]
            .as_array_mut()
            .unwrap()
            .push(json!({"op": "delete", "model": "note", "id": missing}));
        let (status, problem) = wire.send("POST", "/v1/batch", Some(&body)).ok()?;
        if status != 422 {
            assert!(status >= 500, "what is to be refused was answered with {status}: {problem}");
            self.is_unknown(status, &problem);
        }
        Some(())
    }

    fn count(&mut self, wire: &mut Wire) -> Option<()> {
        let text = self.random.next().to_string();
        let path = format!("/v1/counters/{COUNTER}");
        match wire.send("PATCH", &path, Some(&json!({"text": text}))) {
            Ok((200, _)) => self.ledger.counted.0 += 1,
            Ok((status, problem)) if self.is_unknown(status, &problem) => self.ledger.counted.1 += 1,
            Ok(_) => {}
            Err(_) => {
                self.ledger.counted.1 += 1;
                return None;
            }
        }
        Some(())
    }

    /// Whether nobody knows what became of what was answered so. Only faults are expected here.
    fn is_unknown(&mut self, status: u16, problem: &Value) -> bool {
        let code = problem["code"].as_str().unwrap_or_default();
        let expected =
            ["outcome_unknown", "disk_failed", "disk_full", "busy", "database_unreachable", "moved"];
        assert!(expected.contains(&code), "{status}: {problem}");
        self.failures.push(code.to_owned());
        code == "outcome_unknown"
    }

    /// Writes that can be done one after the other.
    fn writes(&mut self, count: u64) -> Vec<Write> {
        let mut rows = self.ledger.rows.clone();
        let mut writes = Vec::new();
        for _ in 0..count {
            let write = self.next_write(&rows);
            write.apply(&mut rows);
            writes.push(write);
        }
        writes
    }

    fn next_write(&mut self, rows: &Rows) -> Write {
        let model = *self.random.pick(&["folder", "page", "page", "note"]).unwrap();
        let usable = self.ledger.usable(model, rows);
        let chosen = self.random.pick(&usable).copied();
        let crowded = usable.len() > 40;
        match (self.random.below(100), chosen) {
            (0..40, Some(id)) => Write::Update { id, model: model.to_owned(), text: self.text() },
            (40..55, Some(id)) => Write::Delete { id, model: model.to_owned() },
            (_, Some(id)) if crowded => Write::Delete { id, model: model.to_owned() },
            _ => self.create(model, rows),
        }
    }

    fn create(&mut self, model: &str, rows: &Rows) -> Write {
        let id = Uuid::from_u128(u128::from(self.random.next()) << 64 | u128::from(self.random.next()));
        let folders = self.ledger.usable("folder", rows);
        let folder = if model == "page" { self.random.pick(&folders).copied() } else { None };
        // A page needs a folder.
        let model = if model == "page" && folder.is_none() { "folder" } else { model };
        let (owner, text) = (self.ledger.owner.clone(), self.text());
        let row = Row { model: model.to_owned(), owner, text, version: 1, deleted: false, folder };
        Write::Create { id, row }
    }

    /// Mostly short, sometimes of many pages; never the same twice, so that each update is a change.
    fn text(&mut self) -> String {
        let size = match self.random.below(100) {
            0..3 => 60_000,
            3..15 => 3_000,
            _ => 20,
        };
        let mark = self.random.next().to_string();
        mark.repeat(size / mark.len() + 1)
    }
}

fn batch(writes: &[Write]) -> Value {
    json!({"operations": writes.iter().map(Write::operation).collect::<Vec<_>>()})
}
