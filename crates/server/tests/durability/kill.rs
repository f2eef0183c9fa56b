//! Killed at random moments.

use crate::case::Case;
use crate::random::{Random, is_long};
use crate::support::Server;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Kills in a normal run and in a long one, and after how many of them a new database is begun.
const KILLS: u64 = 20;
const KILLS_OF_LONG: u64 = 1_000;
const KILLS_OF_A_DATABASE: u64 = 50;

#[test]
fn what_was_acknowledged_survives_sigkill() {
    let mut random = Random::seeded("kills");
    let kills = if is_long() { KILLS_OF_LONG } else { KILLS };
    let (started, mut acknowledged, mut left) = (Instant::now(), 0, kills);
    while left > 0 {
        let mut case = Case::new(&mut random);
        let kills = left.min(KILLS_OF_A_DATABASE);
        let mut server = case.project.serve();
        for _ in 0..kills {
            kill(&mut case, server, &mut random);
            server = case.serve_and_verify();
        }
        acknowledged += case.crew.acknowledged();
        left -= kills;
    }
    println!("{kills} kills, {acknowledged} acknowledged writes, {:.1} s", started.elapsed().as_secs_f64());
    assert!(acknowledged > kills, "hardly anything was written, so that hardly anything was tested");
}

/// Ends a server that is being written to, in one of the ways in which a program dies.
fn kill(case: &mut Case, server: Server, random: &mut Random) {
    let moment = Duration::from_micros(random.below(120_000));
    let address = server.address;
    match random.below(10) {
        0 => case.crew.write_while(address, || {
            sleep(moment);
            server.signal("TERM");
            sleep(Duration::from_micros(random.below(10_000)));
            drop(server);
        }),
        1 => {
            case.crew.write_while(address, || {
                sleep(moment);
                drop(server);
            });
            kill_at_start(case, random);
        }
        _ => case.crew.write_while(address, || {
            sleep(moment);
            // Its guard kills it.
            drop(server);
        }),
    }
}

/// Starts it again and kills it while it recovers.
fn kill_at_start(case: &Case, random: &mut Random) {
    let mut command = case.project.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(Duration::from_micros(random.below(40_000)));
    child.kill().unwrap();
    child.wait().unwrap();
}
