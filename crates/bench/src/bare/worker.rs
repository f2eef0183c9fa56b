//! A child that does bare work on demand: a line in with what to do and for how long, one out with what was done.
//!
//! It ends when its stdin does, so it cannot be left behind.

use super::passwords::Passwords;
use super::rows::Rows;
use crate::process::{self, Guard};
use crate::sample::Sample;
use crate::workload::BATCH;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// Creates that one commit takes along, when as many clients wait.
const GROUP: u64 = 64;

/// What a child can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Read a message by its id.
    Point,
    /// Read the newest 30 messages of a room.
    Page,
    /// Insert messages with what a create does beside it, 64 in a transaction with one fsync.
    InsertGroups,
    /// The same, 100 in a transaction.
    InsertBatches,
    /// Compare passwords with hashes.
    Passwords,
}

#[derive(Serialize, Deserialize)]
struct Order {
    work: Work,
    millis: u64,
}

#[derive(Serialize, Deserialize)]
struct Report {
    done: u64,
    micros: u64,
    cpu_micros: u64,
}

/// A child, and the line to it.
pub(crate) struct Worker {
    guard: Guard,
    answers: Receiver<String>,
}

impl Worker {
    /// Starts a child with a hash of the password, and with a copy of the program's SQLite database, which it changes, where there is one.
    pub(crate) fn start(hash: &str, database: Option<&Path>) -> Result<Self, String> {
        let mut command = super::http::ourselves()?;
        command.arg("bare-worker").arg(hash).args(database).stdin(Stdio::piped());
        let (sender, answers) = sync_channel(1);
        let tell = move |line: &str| match line {
            READY => Some(()),
            answer => {
                let _ = sender.try_send(answer.to_owned());
                None
            }
        };
        let (guard, ()) = Guard::start(&mut command, tell)?;
        Ok(Worker { guard, answers })
    }

    /// Has the work done for this long.
    pub(crate) fn measure(&mut self, work: Work, time: Duration) -> Result<Sample, String> {
        let order = Order { work, millis: time.as_millis() as u64 };
        let order = serde_json::to_string(&order).map_err(|error| error.to_string())?;
        send(self.guard.child(), &order)?;
        let answer = self.answers.recv_timeout(time + Duration::from_secs(60));
        let answer = answer.map_err(|_| format!("the bare {work:?} gave no answer"))?;
        let report: Report = serde_json::from_str(&answer).map_err(|error| format!("{answer}: {error}"))?;
        Ok(Sample {
            good: report.done,
            time: Duration::from_micros(report.micros),
            cpu: Duration::from_micros(report.cpu_micros),
            ..Sample::default()
        })
    }
}

fn send(child: &mut Child, line: &str) -> Result<(), String> {
    let stdin = child.stdin.as_mut().ok_or("the bare worker has no stdin")?;
    writeln!(stdin, "{line}").map_err(|error| format!("the bare worker: {error}"))
}

/// What the child says when it has opened everything.
const READY: &str = "ready";

/// The child's side.
pub(crate) fn run(hash: &str, database: Option<&Path>) -> Result<(), String> {
    let rows = database.map(Rows::open).transpose()?;
    let tools = Tools { rows, passwords: Passwords::new(hash) };
    println!("{READY}");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let order: Order = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let report = tools.carry_out(&order)?;
        println!("{}", serde_json::to_string(&report).map_err(|error| error.to_string())?);
    }
    Ok(())
}

struct Tools {
    rows: Option<Rows>,
    passwords: Passwords,
}

impl Tools {
    fn carry_out(&self, order: &Order) -> Result<Report, String> {
        let pid = std::process::id();
        let (cpu, started) = (process::cpu(pid)?, Instant::now());
        let done = self.work(order.work, Duration::from_millis(order.millis))?;
        let (cpu, time) = (process::cpu(pid)?.saturating_sub(cpu), started.elapsed());
        Ok(Report { done, micros: time.as_micros() as u64, cpu_micros: cpu.as_micros() as u64 })
    }

    fn work(&self, work: Work, time: Duration) -> Result<u64, String> {
        let rows = || self.rows.as_ref().ok_or_else(|| "there is no database of SQLite".to_owned());
        match work {
            Work::Point => rows()?.points(time),
            Work::Page => rows()?.pages(time),
            Work::InsertGroups => rows()?.inserts(GROUP, time),
            // A batch is one request, so it counts as one.
            Work::InsertBatches => rows()?.inserts(BATCH, time).map(|rows| rows / BATCH),
            Work::Passwords => self.passwords.compare(time),
        }
    }
}
