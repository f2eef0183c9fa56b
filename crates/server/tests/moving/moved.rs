//! Moved while it is written to.

use crate::crew;
use crate::house::House;
use crate::random::{Random, is_long};
use crate::support::Finished;
use mainstay_services::postgres::{self, Database};
use std::thread::sleep;
use std::time::Duration;

/// How often the mover is killed.
const KILLS: u64 = 12;
const KILLS_OF_LONG: u64 = 300;

#[test]
fn what_is_written_meanwhile_moves_along() {
    let mut random = Random::seeded("moving");
    let mut house = House::new(&mut random);
    let server = house.serve();
    house.crew.write_while(server.address, || sleep(Duration::from_millis(300)));
    let before = house.crew.acknowledged();
    let (project, target) = (&house.project, house.target.url());
    let moved = house.crew.write_while(server.address, || {
        sleep(Duration::from_millis(50));
        let moved = project.run(&["move", "--to", &target]);
        // Time to be refused in.
        sleep(Duration::from_millis(100));
        moved
    });
    moved.expect(0).complains(&["moved to"]).says(&["_session"]);
    assert!(house.crew.acknowledged() > before, "nothing was written meanwhile");
    assert!(house.crew.take_failures().contains(&"moved".to_owned()), "nobody was told that writes are over");
    server.client().get("/readyz").expect_problem(503, "moved");
    house.verify();

    // Moving what has moved does nothing, and the old file stays closed.
    house.r#move().expect(0);
    assert!(server.stop().success());
    house.project.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1).complains(&["error[moved]", "engine"]);
    let moved = house.serve_moved();
    house.crew.write_while(moved.address, || sleep(Duration::from_millis(200)));
    house.verify();
}

#[test]
fn a_mover_that_is_killed_goes_on_where_it_was() {
    let mut random = Random::seeded("killed movers");
    let mut house = House::new(&mut random);
    let server = house.serve();
    house.crew.write_while(server.address, || sleep(Duration::from_millis(500)));
    let mut movers: Vec<_> =
        (0..if is_long() { KILLS_OF_LONG } else { KILLS }).map(|_| house.mover()).collect();
    let mut finished = 0;
    house.crew.write_while(server.address, || {
        for mover in &mut movers {
            let mut child = mover.spawn().unwrap();
            sleep(Duration::from_millis(20 + random.below(1_200)));
            // It is no fault that it was quicker.
            finished += u64::from(child.try_wait().unwrap().is_some_and(|status| status.success()));
            child.kill().unwrap();
            child.wait().unwrap();
        }
    });
    println!("{finished} of {} came to their end before they were killed", movers.len());
    house.r#move().expect(0);
    house.verify();
    assert!(house.crew.acknowledged() > 20, "hardly anything was written");
    let moved = house.serve_moved();
    house.crew.write_while(moved.address, || sleep(Duration::from_millis(100)));
    house.verify();
}

#[test]
fn of_two_who_move_at_once_one_wins_and_nothing_is_lost() {
    let mut house = House::new(&mut Random::seeded("two movers"));
    let server = house.serve();
    house.crew.write_while(server.address, || sleep(Duration::from_millis(200)));
    let mut other = postgres::Server::shared().database();
    let movers = [house.mover(), house.mover_to(&other)];
    let [one, two] = house.crew.write_while(server.address, || {
        let running = movers.map(|mut mover| mover.spawn().unwrap());
        running.map(|child| Finished::of(child.wait_with_output().unwrap()))
    });
    let (winner, loser) = if one.code == Some(0) { (one, two) } else { (two, one) };
    winner.expect(0).complains(&["moved to"]);
    let place = |database: &Database| database.url().rsplit('/').next().unwrap().to_owned();
    if !loser.stderr.contains(&place(&house.target)) {
        std::mem::swap(&mut house.target, &mut other);
    }
    loser.expect(1).complains(&["error[moved]", &place(&house.target), "--take-back"]);
    house.verify();
    assert!(server.stop().success());
    house.serve_moved();
    // What the loser copied is not taken for the data.
    let left = crew::project();
    left.set(&format!("[data]\nengine = \"postgres\"\nurl = \"{}\"", other.url()));
    left.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1).complains(&["error[move_unfinished]"]);
}
