//! The database is killed while all write, and comes back. No node is started anew.

use crate::case::Case;
use crate::random::{Random, is_long};
use mainstay_services::postgres::Setup;
use std::thread::sleep;
use std::time::Duration;

const CRASHES: u64 = 2;
const CRASHES_OF_LONG: u64 = 30;

#[test]
fn what_was_acknowledged_survives_a_crash_of_the_database() {
    let mut random = Random::seeded("the database crashes");
    let mut case = Case::new(&mut random, &Setup::durable());
    for round in 0..if is_long() { CRASHES_OF_LONG } else { CRASHES } {
        let before = case.crew.acknowledged();
        case.write_while(|cluster| {
            sleep(Duration::from_millis(200) + Duration::from_micros(random.below(200_000)));
            let mut cluster = cluster.lock().unwrap();
            match round % 2 {
                0 => cluster.postgres.crash(),
                _ => cluster.postgres.stop(),
            }
            sleep(Duration::from_micros(random.below(500_000)));
            cluster.postgres.start_again();
            drop(cluster);
            sleep(Duration::from_millis(500));
        });
        case.verify();
        let told = case.crew.take_failures();
        // What was under way is done again while the database is away for a moment, so that few may be told; of a commit nobody may know.
        let faults = ["database_unreachable", "outcome_unknown"];
        assert!(told.iter().any(|code| faults.contains(&code.as_str())), "nobody was told: {told:?}");
        assert!(case.crew.acknowledged() > before, "nothing was written");
    }
    println!("{} acknowledged writes", case.crew.acknowledged());
}
