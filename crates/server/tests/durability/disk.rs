//! The disk fails at chosen calls, for a while or for good.

use crate::case::Case;
use crate::random::{Random, is_long};
use crate::strace::{Trace, is_possible};
use crate::support::{Client, Server};
use serde_json::json;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Rounds of faults at random calls, in a normal run and in a long one.
const ROUNDS: u64 = 3;
const ROUNDS_OF_LONG: u64 = 100;

const SYNCS: &str = "fsync,fdatasync";

/// A fault: which calls on which files fail, how, and when.
#[derive(Debug)]
struct Faulty {
    calls: &'static str,
    files: &'static [&'static str],
    error: &'static str,
    /// From this call on, counted for each thread, and how many.
    first: u64,
    count: u64,
    /// Whether so much is written that the log is moved into the database.
    ballast: bool,
}

impl Faulty {
    fn trace(&self, case: &Case, when: &str) -> Trace {
        let folder = case.project.path("").canonicalize().unwrap();
        let files: Vec<PathBuf> = self.files.iter().map(|file| folder.join("data").join(file)).collect();
        Trace::new(&folder).calls(self.calls).about(&files).fail(self.calls, self.error, when)
    }
}

/// Has the writers write through the fault and beyond, then kills the program. Answers the codes that writers were told.
fn check(faulty: &Faulty, random: &mut Random) -> Vec<String> {
    println!("{faulty:?}");
    let mut case = Case::new(random);
    let last = faulty.first + faulty.count - 1;
    let trace = faulty.trace(&case, &format!("{}..{last}", faulty.first));
    let server = trace.serve(&case.project.path(""));
    let client = server.client();
    case.crew.write_while(server.address, || {
        if faulty.ballast {
            load_down(&client);
        }
        wait_until("the fault is over and writes go on", &server, || {
            is_read(&client);
            let seen = trace.text().matches("(INJECTED)").count() as u64;
            seen >= faulty.count && client.get("/readyz").status == 200
        });
        // Behind the fault, without a restart, something is acknowledged again.
        sleep(Duration::from_millis(50));
    });
    assert_eq!(client.send("PUT", NOTE_PATH, Some(NOTE)).status, 201);
    // What was unknown is settled now that writes go on, and a crash does not bring it back.
    case.verify();
    drop(server);
    case.serve_and_verify();
    case.crew.take_failures()
}

const NOTE_PATH: &str = "/v1/notes/00000000-0000-0000-0000-000000000009";
const NOTE: &str = r#"{"owner": "behind the fault", "text": "a"}"#;

/// Reads go on, whatever becomes of writes.
fn is_read(client: &Client) {
    let counter = client.get(&format!("/v1/counters/{}", crate::load::COUNTER));
    assert_eq!(counter.status, 200, "{counter:?}");
}

/// Writes more than 16 MiB, half of it in the feed.
fn load_down(client: &Client) {
    let note = json!({"owner": "ballast", "text": "🦀".repeat(100_000)});
    for _ in 0..30 {
        let answer = client.post("/v1/notes", &note);
        assert!([201, 500, 503, 507].contains(&answer.status), "{answer:?}");
    }
}

fn wait_until(what: &str, server: &Server, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came to this: {what}\n{}", server.log());
        sleep(Duration::from_millis(10));
    }
}

#[track_caller]
fn expect(told: &[String], code: &str) {
    assert!(told.iter().any(|told| told == code), "nobody was told {code}: {told:?}");
}

const LOG: &[&str] = &["mainstay.db-wal"];
const DATABASE: &[&str] = &["mainstay.db"];
const ALL: &[&str] = &["mainstay.db", "mainstay.db-wal", "mainstay.db-shm"];

#[test]
fn a_sync_that_fails() {
    if is_possible() {
        let mut random = Random::seeded("a sync that fails");
        let faulty = Faulty { calls: SYNCS, files: LOG, error: "EIO", first: 8, count: 3, ballast: false };
        let told = check(&faulty, &mut random);
        expect(&told, "outcome_unknown");
        expect(&told, "disk_failed");
    }
}

#[test]
fn a_write_that_finds_no_room() {
    if is_possible() {
        let mut random = Random::seeded("a write that finds no room");
        for error in ["ENOSPC", "EIO"] {
            let faulty = Faulty { calls: "pwrite64", files: LOG, error, first: 60, count: 5, ballast: false };
            expect(&check(&faulty, &mut random), "disk_full");
        }
    }
}

#[test]
fn a_log_that_cannot_be_moved() {
    if is_possible() {
        let mut random = Random::seeded("a log that cannot be moved");
        let faulty =
            Faulty { calls: SYNCS, files: DATABASE, error: "EIO", first: 1, count: 2, ballast: true };
        check(&faulty, &mut random);
        let faulty =
            Faulty { calls: "pwrite64", files: DATABASE, error: "ENOSPC", first: 5, count: 1, ballast: true };
        check(&faulty, &mut random);
    }
}

#[test]
fn a_crash_before_the_disk_works_again() {
    if is_possible() {
        let mut random = Random::seeded("a crash before the disk works again");
        for (calls, error, code) in [(SYNCS, "EIO", "outcome_unknown"), ("pwrite64", "ENOSPC", "disk_full")] {
            let faulty = Faulty { calls, files: LOG, error, first: 20, count: 0, ballast: false };
            let mut case = Case::new(&mut random);
            let trace = faulty.trace(&case, "20+");
            let server = trace.serve(&case.project.path(""));
            let client = server.client();
            case.crew.write_while(server.address, || {
                wait_until("writes are stopped", &server, || {
                    is_read(&client);
                    client.get("/readyz").status >= 500
                });
                sleep(Duration::from_millis(100));
                is_read(&client);
                logs_no_refusals(&server);
                drop(server);
            });
            expect(&case.crew.take_failures(), code);
            case.serve_and_verify();
        }
    }
}

/// What is refused while writes are stopped is counted, and no line each beside that of its request: a full log would be the next fault.
fn logs_no_refusals(server: &Server) {
    for _ in 0..50 {
        let status = server.client().send("PUT", NOTE_PATH, Some(NOTE)).status;
        assert!(status >= 500, "{status}");
    }
    let log = server.log();
    let lines = log.lines().filter(|line| line.contains("WARN") || line.contains("ERROR")).count();
    assert!(lines < 25, "{lines} lines for 50 refused writes and more:\n{log}");
}

#[test]
fn faults_at_random_calls() {
    if is_possible() {
        let mut random = Random::seeded("faults at random calls");
        for _ in 0..if is_long() { ROUNDS_OF_LONG } else { ROUNDS } {
            let calls = *random.pick(&[SYNCS, "pwrite64", "ftruncate", "fsync,fdatasync,pwrite64"]).unwrap();
            let faulty = Faulty {
                calls,
                files: random.pick(&[LOG, ALL, ALL]).unwrap(),
                error: random.pick(&["EIO", "ENOSPC", "EDQUOT"]).unwrap(),
                first: 1 + random.below(if calls.contains("pwrite64") { 200 } else { 20 }),
                count: 1 + random.below(4),
                ballast: false,
            };
            // A call that is not reached in time fails nowhere, so the end is not waited for.
            check_for_a_while(&faulty, &mut random);
        }
    }
}

/// As [`check`], but with a fault that may come too late or at the start, where the program may end with an error.
fn check_for_a_while(faulty: &Faulty, random: &mut Random) {
    println!("{faulty:?}");
    let mut case = Case::new(random);
    let last = faulty.first + faulty.count - 1;
    let trace = faulty.trace(&case, &format!("{}..{last}", faulty.first));
    if let Some(server) = trace.try_to_serve(&case.project.path("")) {
        case.crew.write_while(server.address, || {
            sleep(Duration::from_millis(100 + random.below(500)));
            drop(server);
        });
    }
    case.serve_and_verify();
}
