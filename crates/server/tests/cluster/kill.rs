//! A node is killed while all write, and the others go on.

use crate::case::Case;
use crate::random::{Random, is_long};
use mainstay_services::postgres::Setup;
use std::thread::sleep;
use std::time::Duration;

const KILLS: u64 = 6;
const KILLS_OF_LONG: u64 = 200;

#[test]
fn what_was_acknowledged_survives_the_death_of_nodes() {
    let mut random = Random::seeded("nodes die");
    let mut case = Case::new(&mut random, &Setup::quick());
    let kills = if is_long() { KILLS_OF_LONG } else { KILLS };
    for _ in 0..kills {
        let victim = random.below(case.cluster.nodes.len() as u64) as usize;
        let before = case.crew.acknowledged();
        case.write_while(|cluster| {
            sleep(Duration::from_micros(random.below(300_000)));
            cluster.lock().unwrap().nodes[victim].kill();
            sleep(Duration::from_micros(random.below(300_000)));
            cluster.lock().unwrap().nodes[victim].start();
            sleep(Duration::from_micros(random.below(100_000)));
        });
        case.verify();
        assert!(case.crew.acknowledged() > before, "nothing was written around a kill");
    }
    println!("{kills} kills, {} acknowledged writes", case.crew.acknowledged());
}
